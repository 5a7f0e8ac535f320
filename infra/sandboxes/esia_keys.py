"""Keys of the ЕСИА sandbox, made anew at each start, and the tokens that they sign.

The arithmetic is called directly, not through the cabinet's own files, so that both sides do not share a mistake.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from gostcrypto import gosthash, gostsignature

ORDER: Final = 0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3  # of the curve CryptoPro-B, tc26-C
CURVE: Final = "id-tc26-gost-3410-2012-256-paramSetC"
CURVE_OID: Final = "06092a8503070102010103"
GOST_KEY_OID: Final = "06082a85030701010101"
GOST_SIGNATURE_OID: Final = "06082a85030701010302"
GOST_ALG: Final = "GOST3410_2012_256"


def streebog(data: bytes) -> bytes:
    """Return Streebog-256 of data."""
    return bytes(gosthash.new("streebog256", data=bytearray(data)).digest())


def base64url(data: bytes) -> str:
    """Write bytes as base64url without filling."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _private() -> bytes:
    while True:
        number = int.from_bytes(os.urandom(32), "big")
        if 0 < number < ORDER:
            return number.to_bytes(32, "big")


@dataclass(frozen=True)
class GostKey:
    """A key of GOST R 34.10-2012, 256 bits."""

    private: bytes = field(default_factory=_private)

    @property
    def public(self) -> bytes:
        """The point x‖y, big-endian."""
        return bytes(_signature().public_key_generate(bytearray(self.private)))

    @property
    def certificate(self) -> bytes:
        """A certificate of the key, signed by itself (DER)."""
        return _certificate(self)

    def sign(self, data: bytes) -> bytes:
        """Sign data; s‖r, big-endian."""
        raw = bytes(_signature().sign(bytearray(self.private), bytearray(streebog(data))[::-1]))
        return raw[32:] + raw[:32]

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature s‖r fits."""
        if len(signature) != 64:  # noqa: PLR2004 - two numbers of 32 bytes
            return False
        turned = bytearray(signature[32:] + signature[:32])
        return bool(_signature().verify(bytearray(self.public), bytearray(streebog(data))[::-1], turned))


@dataclass(frozen=True)
class RsaKey:
    """An RSA key of ЕСИА."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def certificate(self) -> bytes:
        """A certificate of the key, signed by itself (DER)."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sandbox of ESIA")])
        day = datetime(2026, 1, 1, tzinfo=UTC)
        made = x509.CertificateBuilder(
            name, name, self.key.public_key(), x509.random_serial_number(), day, day.replace(year=2036)
        )
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """Sign data."""
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def token(key: "GostKey | RsaKey", kind: str, claims: dict[str, Any]) -> str:
    """Write a signed token with ЕСИА's own header."""
    alg = GOST_ALG if isinstance(key, GostKey) else "RS256"
    header = {"ver": 1, "typ": "JWT", "sbt": kind, "alg": alg}
    text = ".".join(base64url(json.dumps(part, ensure_ascii=False).encode()) for part in (header, claims))
    return f"{text}.{base64url(key.sign(text.encode()))}"


def _signature() -> Any:
    return gostsignature.new(gostsignature.MODE_256, gostsignature.CURVES_R_1323565_1_024_2019[CURVE])


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 128:  # noqa: PLR2004 - the short form of DER
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def _certificate(key: GostKey) -> bytes:
    """Write the least certificate: what a reader of its public key needs, in the order of X.509."""
    oid, point = bytes.fromhex, key.public
    little = point[31::-1] + point[:31:-1]
    algorithm = _der(0x30, oid(GOST_SIGNATURE_OID))
    name = _der(0x30, _der(0x31, _der(0x30, oid("0603550403"), _der(0x0C, "Песочница ЕСИА".encode()))))
    dates = _der(0x30, _der(0x17, b"260101000000Z"), _der(0x17, b"360101000000Z"))
    kind = _der(0x30, oid(GOST_KEY_OID), _der(0x30, oid(CURVE_OID)))
    info = _der(0x30, kind, _der(0x03, b"\0", _der(0x04, little)))
    number = _der(0x02, b"\x01" + os.urandom(8))
    signed = _der(0x30, _der(0xA0, _der(0x02, b"\x02")), number, algorithm, name, dates, name, info)
    return _der(0x30, signed, algorithm, _der(0x03, b"\0", key.sign(signed)))
