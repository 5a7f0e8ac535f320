"""The deployment secret: one wrapped value, from which every key that has no owner is derived (HKDF, RFC 5869).

It holds a fixed root for what is found again by its keyed hash, and versions of a turning root for what is sealed: the
newest seals, the older ones still open. A new version is written ahead of its time, so that no function can meet what
it cannot open: copies are read anew long before (docs/engineering/operations.md).
"""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from chalicelib.kit import aws, clock, settings, vault
from chalicelib.kit.records.tables import DeploymentSecret

CONTEXT = {"purpose": "deployment"}
PLACE = "current"
COPY_SECONDS: Final = 300
KEEP_SECONDS: Final = 400 * 24 * 3600  # longer than anything sealed with it is kept


class Root(msgspec.Struct, frozen=True):
    """A version of the turning root: 256 random bits in hex, and the moment from which it seals."""

    version: int
    root: str
    since: int


class _Copy(msgspec.Struct):
    secret: dict[str, Any]
    roots: list[Root]  # newest first
    until: int


_copies: list[_Copy] = []


def seal(purpose: str, plain: bytes, bound: bytes) -> bytes:
    """Encrypt for a purpose, bound to associated data."""
    return vault.encrypt(key(purpose), plain, bound)


def unseal(purpose: str, sealed: bytes, bound: bytes) -> bytes:
    """Decrypt what `seal` made with any version that is kept; ValueError when none opens it."""
    for one in keys(purpose, KEEP_SECONDS):
        with contextlib.suppress(ValueError):
            return vault.decrypt(one, sealed, bound)
    raise ValueError("The sealed value does not belong here.")


def key(purpose: str) -> bytes:
    """Return the 32-byte key with which a purpose works now."""
    now = clock.epoch()
    return _derived(next(one.root for one in _opened().roots if one.since <= now), purpose)


def keys(purpose: str, seconds: int) -> list[bytes]:
    """Return the keys of a purpose that were in use within the last `seconds`, or may be by another function's clock."""
    roots, now = _opened().roots, clock.epoch()
    ends = [now + 1, *(one.since for one in roots[:-1])]
    return [_derived(one.root, purpose) for one, end in zip(roots, ends, strict=True) if end + seconds > now]


def fixed(purpose: str) -> bytes:
    """Return the 32-byte key of a purpose that outlives every version."""
    return _derived(_opened().secret["root"], purpose)


def outside_key(system: str) -> str:
    """Return the key with which the cabinet presents itself to an outside system."""
    return str(_opened().secret[f"{system}_key"])


def look_up(kind: str, value: str) -> str:
    """Return the keyed hash under which a value can be found again without standing in a key: hex, 64 digits."""
    return hmac.digest(fixed(f"look-up/{kind}"), value.encode(), hashlib.sha256).hex()


def store(root: str, **outside_keys: str) -> None:
    """Wrap and write the secret; run once by the operator or the local start, never by an operation."""
    made = DeploymentSecret(place=PLACE, wrapped=wrap({"root": root} | _named(outside_keys)))
    made.save(DeploymentSecret.place.does_not_exist())  # another root would make everything unreadable
    forget()


def change_outside_keys(**outside_keys: str) -> bool:
    """Write other keys for outside systems and leave the rest as it is; never run by an operation."""
    return rewrite(lambda held: held | _named(outside_keys))


def rewrite(how: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Write the secret otherwise, if nobody else has meanwhile; tells whether it was done. Never run by an operation."""
    before = DeploymentSecret.get(PLACE, consistent_read=True).wrapped
    after = DeploymentSecret.wrapped.set(wrap(how(unwrap(before))))
    done = DeploymentSecret.change(PLACE, actions=[after], when=DeploymentSecret.wrapped == before)
    forget()
    return done is not None


def _named(outside_keys: dict[str, str]) -> dict[str, str]:
    return {f"{name}_key": value for name, value in outside_keys.items()}


def forget() -> None:
    """Drop what was unwrapped, so that the next use reads it anew."""
    _copies.clear()
    _derived.cache_clear()


def _opened() -> _Copy:
    if not _copies or _copies[0].until <= clock.epoch():
        held = unwrap(DeploymentSecret.get(PLACE, consistent_read=True).wrapped)
        _copies[:] = [_Copy(held, roots_of(held), clock.epoch() + COPY_SECONDS)]
    return _copies[0]


def roots_of(held: dict[str, Any]) -> list[Root]:
    """Return the versions, newest first; a secret of the time before versions is its own first one."""
    first = {"version": 1, "root": held["root"], "since": 0}
    return msgspec.convert(held.get("roots", [first]), list[Root])


def unwrap(wrapped: bytes) -> dict[str, Any]:
    """Have KMS open the stored secret."""
    plain = aws.client("kms").decrypt(CiphertextBlob=wrapped, EncryptionContext=CONTEXT)["Plaintext"]
    held: dict[str, Any] = json.loads(plain)
    return held


def wrap(held: dict[str, Any]) -> bytes:
    """Have KMS close a secret, with the newest of its keys."""
    plain = json.dumps(held).encode()
    answer = aws.client("kms").encrypt(KeyId=settings.key_alias(), Plaintext=plain, EncryptionContext=CONTEXT)
    return bytes(answer["CiphertextBlob"])


@lru_cache(maxsize=128)
def _derived(root: str, purpose: str) -> bytes:
    """Derive a key; a root has 256 random bits, so HKDF's extract step is one HMAC."""
    extracted = hmac.digest(b"medical-cabinet", bytes.fromhex(root), hashlib.sha256)
    return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)
