"""Certificates named in settings: base64 of DER, PEM, or the path of a file with either; read once a process."""

import base64
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from chalicelib.kit import gost_raw, jws

_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_DER: Final = b"\x30"


@lru_cache(maxsize=16)
def read(named: str) -> bytes:
    """Return the DER of a certificate; ValueError when it is none."""
    raw = base64.b64decode(named) if named.startswith("MI") and _BASE64.fullmatch(named) else Path(named).read_bytes()
    armoured = _PEM.search(raw)
    der = base64.b64decode(armoured.group(1)) if armoured else raw
    if not der.startswith(_DER):
        raise ValueError("A certificate of the settings cannot be read.")
    return der


@lru_cache(maxsize=4)
def fingerprint(named: str) -> str:
    """Return Streebog-256 of a certificate as ЕСИА wants it: hexadecimal capitals."""
    return gost_raw.streebog(read(named)).hex().upper()


@lru_cache(maxsize=16)
def key(named: str) -> Any:
    """Return the public key of a certificate, as `jws.claims_of` takes it."""
    return jws.key_of(read(named))
