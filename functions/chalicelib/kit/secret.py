"""The deployment secret: one wrapped value, from which every key that has no owner is derived (HKDF, RFC 5869)."""

import hashlib
import hmac
import json
from functools import lru_cache
from typing import cast

from chalicelib.kit import aws, settings
from chalicelib.kit.records.tables import DeploymentSecret

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


def store(root: str, **outside_keys: str) -> None:
    """Wrap and write the secret; run once by the operator or the local start, never by an operation."""
    _write({"root": root}, outside_keys)


def change_outside_keys(**outside_keys: str) -> None:
    """Write other keys for outside systems and leave the rest as it is; never run by an operation."""
    _write(_opened(), outside_keys)


def _write(held: dict[str, str], outside_keys: dict[str, str]) -> None:
    plain = json.dumps(held | {f"{name}_key": value for name, value in outside_keys.items()})
    answer = aws.client("kms").encrypt(KeyId=settings.key_alias(), Plaintext=plain.encode(), EncryptionContext=CONTEXT)
    made = DeploymentSecret(place=PLACE, wrapped=answer["CiphertextBlob"])
    made.save(DeploymentSecret.place.does_not_exist())  # another root would make everything unreadable
    forget()


def forget() -> None:
    """Drop what was unwrapped, so that the next use reads it anew."""
    _opened.cache_clear()
    derive.cache_clear()
