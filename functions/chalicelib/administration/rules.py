"""Rules of settings: which of the decisions taken so far will still come into force."""

from collections.abc import Sequence
from typing import Any


def coming(decisions: Sequence[tuple[str, int, Any]], now: int) -> list[tuple[int, Any]]:
    """Return moment and value of the decisions that will hold, of (number, moment, value); the newer decision wins.

    So a decision for today ends whatever earlier ones had planned for later.
    """
    held: list[tuple[int, Any]] = []
    soonest: float = float("inf")
    for _, at, value in sorted(decisions, key=lambda one: one[0], reverse=True):
        if at < soonest:
            held.append((at, value))
            soonest = at
    return [one for one in reversed(held) if one[0] > now]
