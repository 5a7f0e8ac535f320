"""Tickets: sealed values that the cabinet gives out and reads back, bound to a purpose and to a time."""

import base64
import json
from typing import Any

from chalicelib.kit import clock, secret


def seal(purpose: str, life_seconds: int, bound: str = "", **values: Any) -> str:
    """Write values as an opaque text that only the same purpose and bounds can open, for a while."""
    plain = json.dumps(values | {"until": clock.epoch() + life_seconds}).encode()
    sealed = secret.seal(f"ticket/{purpose}", plain, bound.encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(purpose: str, text: str, bound: str = "") -> dict[str, Any] | None:
    """Read what `seal` wrote; None when it is damaged, of another purpose or too old."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plain = secret.unseal(f"ticket/{purpose}", sealed, bound.encode())
    except ValueError:
        return None
    values: dict[str, Any] = json.loads(plain)
    return values if values["until"] >= clock.epoch() else None
