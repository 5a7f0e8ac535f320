"""Identifiers: prefixed, ordered by time, not guessable in order (UUIDv7, RFC 9562)."""

import re
import secrets
import uuid

from chalicelib.kit import clock

LONGEST = 64
OID = r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){2,15}"


def new(prefix: str) -> str:
    """Make an identifier such as `doc_0192f0c8…`: the prefix, `_` and 32 hex digits of a UUIDv7."""
    return f"{prefix}_{_uuid7():032x}"


def is_one(text: str) -> bool:
    """Tell whether a text has the form of an identifier: our own, or the OID of an organisation."""
    return len(text) <= LONGEST and re.fullmatch(rf"[a-z]{{3}}_[0-9a-f]{{32}}|{OID}", text) is not None


def uuid7() -> uuid.UUID:
    """Make a UUIDv7."""
    return uuid.UUID(int=_uuid7())


def _uuid7() -> int:
    """Make the number of a UUIDv7: 48 bits of milliseconds, 74 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    random = secrets.randbits(74)
    return milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1


def floor(prefix: str, milliseconds: int) -> str:
    """Return the smallest identifier of a moment, to cut a list by period."""
    return f"{prefix}_{milliseconds:012x}{'0' * 20}"


def milliseconds(identifier: str) -> int:
    """Return the moment at which an identifier was made, in milliseconds since 1970."""
    return int(identifier[4:16], 16)


def token(size: int = 16) -> str:
    """Make a random secret of `size` bytes, written in hex."""
    return secrets.token_hex(size)
