"""The deployment secret: one wrapped value, from which every key that has no owner is derived (HKDF, RFC 5869)."""

import hashlib
import hmac
import json
import secrets
from functools import lru_cache
from typing import cast

from chalicelib.kit import aws, settings
from chalicelib.kit.records.tables import DeploymentSecret
from chalicelib.kit.tables import Get, fetch

CONTEXT = {"purpose": "deployment"}
PLACE = "current"


@lru_cache(maxsize=1)
def _opened() -> dict[str, str]:
    wrapped = DeploymentSecret.get(PLACE).wrapped
    plain = aws.client("kms").decrypt(CiphertextBlob=wrapped, EncryptionContext=CONTEXT)["Plaintext"]
    return cast("dict[str, str]", json.loads(plain))


@lru_cache(maxsize=32)
def derive(purpose: str) -> bytes:
    """Derive the 32-byte key of one purpose; the root has 256 random bits, so HKDF's extract step is one HMAC."""
    root = bytes.fromhex(_opened()["root"])
    extracted = hmac.digest(b"medical-cabinet", root, hashlib.sha256)
    return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)


def outside_key(system: str) -> str:
    """Return the key with which the cabinet presents itself to an outside system."""
    return _opened()[f"{system}_key"]


def look_up(kind: str, value: str) -> str:
    """Return the keyed hash under which a value can be found again without standing in a key: hex, 64 digits."""
    return hmac.digest(derive(f"look-up/{kind}"), value.encode(), hashlib.sha256).hex()


def store(**outside_keys: str) -> None:
    """Wrap and write the keys of outside systems; the root is made the first time and never changes.

    Run by the operator or the local start, never by an operation.
    """
    stored = fetch((Get(DeploymentSecret, PLACE),))[0]
    root = secrets.token_hex(32) if stored is None else _opened()["root"]
    plain = json.dumps({"root": root} | {f"{name}_key": value for name, value in outside_keys.items()})
    answer = aws.client("kms").encrypt(KeyId=settings.key_alias(), Plaintext=plain.encode(), EncryptionContext=CONTEXT)
    unchanged = DeploymentSecret.is_new() if stored is None else DeploymentSecret.wrapped == stored.wrapped
    DeploymentSecret(place=PLACE, wrapped=answer["CiphertextBlob"]).save(unchanged)
    forget()


def forget() -> None:
    """Drop what was unwrapped, so that the next use reads it anew."""
    _opened.cache_clear()
    derive.cache_clear()
