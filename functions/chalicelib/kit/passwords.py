"""Passwords: Argon2id with the parameters of RFC 9106's memory-constrained recommendation scaled to a small Lambda."""

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _hasher() -> Any:
    from argon2 import PasswordHasher  # noqa: PLC0415 - only the doors need it

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return str(_hasher().hash("a password that nobody has"))


def digest(password: str) -> str:
    """Hash a password: about 20 ms and 19 MiB."""
    return str(_hasher().hash(password))


def fits(password: str, stored: str | None) -> bool:
    """Compare a password with its hash; without a hash the same work is done and the answer is no."""
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415 - only the doors need it

    try:
        return bool(_hasher().verify(stored or _decoy(), password)) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False
