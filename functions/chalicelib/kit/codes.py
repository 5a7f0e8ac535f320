"""One-time codes: six digits, bound to a person or flow and to the exact act; a keyed hash is stored, or nothing."""

import hashlib
import hmac
import secrets
from typing import Final

from chalicelib.kit import secret

LIFE_SECONDS: Final = 600
TRIES_AN_HOUR: Final = 5


def issue(act: str) -> tuple[str, str]:
    """Make a code for an act, written `purpose/owner/what`; returns the code and what to store."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    return code, digest(act, code)


def digest(act: str, code: str) -> str:
    """Return the keyed hash of a code for an act."""
    return _digest(secret.key("code"), act, code)


def fits(act: str, code: str, stored: str) -> bool:
    """Compare a code with what was stored for the same act, in constant time."""
    digests = [_digest(key, act, code) for key in secret.keys("code", secret.KEEP_SECONDS)]
    return any(hmac.compare_digest(one, stored) for one in digests)


def derived(act: str) -> str:
    """Return the code of an act that is stored nowhere: the act, which nobody can repeat, gives it again."""
    return _derived(secret.key("derived-code"), act)


def fits_derived(act: str, code: str) -> bool:
    """Compare a code with the derived one of an act, in constant time."""
    codes = [_derived(key, act) for key in secret.keys("derived-code", LIFE_SECONDS)]
    return any(hmac.compare_digest(one, code) for one in codes)


def _digest(key: bytes, act: str, code: str) -> str:
    return hmac.digest(key, f"{act}/{code}".encode(), hashlib.sha256).hex()


def _derived(key: bytes, act: str) -> str:
    number = int.from_bytes(hmac.digest(key, act.encode(), hashlib.sha256)[:8], "big")
    return f"{number % 1_000_000:06d}"
