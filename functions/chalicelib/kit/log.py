"""Structured logs: one JSON line an event, with the trace id and without personal data.

Only the named scalar facts get in: codes, ids of operations, counts, durations. An exception is written as its type
and the places it went through, never with its message, which may quote what a person typed.
"""

import sys
import traceback
from collections.abc import Mapping
from typing import Final

import msgspec

from chalicelib.kit import clock

_ALLOWED: Final = frozenset(
    {
        "operation",
        "status",
        "code",
        "milliseconds",
        "trips",
        "channel",
        "effect",
        "attempt",
        "count",
        "system",
        "state",
        "reason",
        "record",
        "seal",
    }
)


def event(name: str, trace_id: str, **facts: str | float | None) -> None:
    """Write one line to standard output. A fact that is not on the allowed list is a programming error."""
    _write(_line(name, trace_id, facts))


def failure(name: str, trace_id: str, error: BaseException, **facts: str | float | None) -> None:
    """Write an unexpected error with the same facts: its type and its path through the code, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    path = [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}" for frame in frames]
    _write(_line(name, trace_id, facts) | {"error": type(error).__name__, "path": path})


def _line(name: str, trace_id: str, facts: Mapping[str, str | float | None]) -> dict[str, object]:
    stray = facts.keys() - _ALLOWED
    if stray:
        raise ValueError(f"These facts may not be logged: {', '.join(sorted(stray))}")
    return {"event": name, "at": clock.stamp(clock.now()), "trace_id": trace_id, **facts}


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
