"""Who signs for the cabinet with a GOST key: certified means in production, plain Python before sandboxes."""

from typing import Protocol
from urllib.parse import urlsplit

from chalicelib.kit import certificates, gost_raw, secret


class Signer(Protocol):
    """What signs for the cabinet."""

    def sign(self, text: bytes) -> bytes:
        """Return the raw GOST R 34.10-2012 signature, s‖r."""


class UncertifiedSigner(PermissionError):  # noqa: N818 - names the reason
    """A signer without a certificate of its own was to sign for a production system."""


class PureSigner:
    """Signs in Python with a key of the deployment's secret; refuses to begin before the real ЕСИА."""

    def __init__(self, name: str, url: str, certificate: str) -> None:
        host = (urlsplit(url).hostname or "").rstrip(".")
        if f".{host}".endswith(".gosuslugi.ru") and not host.endswith(".test.gosuslugi.ru"):
            raise UncertifiedSigner(f"{host} is the real ЕСИА: it is signed for by certified means only.")
        point = certificates.key(certificate)
        if not isinstance(point, gost_raw.PublicKey):
            raise TypeError("The cabinet's certificate holds no GOST R 34.10-2012 key of 256 bits.")
        self._name, self._curve = name, point.curve

    def sign(self, text: bytes) -> bytes:
        """Return the raw GOST R 34.10-2012 signature, s‖r."""
        return gost_raw.sign(self._curve, bytes.fromhex(secret.outside_key(self._name)), text)
