"""Recovery codes: how they are made, and how a typed one is read.

A code is one digit, which says which stored hash it belongs to (so that one try costs one hashing), and twelve letters
of Crockford's base 32: 60 random bits.
"""

import secrets
from typing import Final

COUNT: Final = 10
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 12
# What people take for each other: Crockford's own pairs, and Cyrillic letters that look like Latin ones or digits.
_ALIKE: Final = str.maketrans("ILOАВЕЁЗКМНОРСТУХ", "110ABEE3KMH0PCTYX", " -–—‑−\u00a0")


def make() -> list[str]:
    """Make a whole set, written as people get them: `3-K7QF-2MXD-9PTA`."""
    return [f"{place}-{_group()}-{_group()}-{_group()}" for place in range(COUNT)]


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(4))


def plain(typed: str) -> str:
    """Return what was meant by a typed text: capital Latin letters and digits, without spaces and dashes."""
    return typed.upper().translate(_ALIKE)


def is_one(text: str) -> bool:
    """Tell whether a text that `plain` gave has the form of a recovery code."""
    return len(text) == LENGTH + 1 and text[0] in "0123456789" and set(text) <= set(ALPHABET)


def place(code: str) -> int:
    """Return which of the stored hashes a code belongs to."""
    return int(code[0])
