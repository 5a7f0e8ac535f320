"""The only source of time: everything dated asks here, so that tests and the local cabinet can move it."""

import time
from datetime import UTC, date, datetime, timedelta

_offset = timedelta()


def now() -> datetime:
    """Return the present moment, UTC, with whole microseconds."""
    return datetime.now(UTC) + _offset


def epoch() -> int:
    """Return the present moment as whole seconds since 1970, the form of times-to-live."""
    return int(time.time() + _offset.total_seconds())


def today(zone: str = "Europe/Moscow") -> date:
    """Return the date in an IANA zone: the day on which a right is decided."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - 3 ms that not every call needs

    return now().astimezone(ZoneInfo(zone)).date()


def advance(seconds: float) -> None:
    """Move the clock forward; time never runs back. Only tests and the local cabinet call it."""
    global _offset  # noqa: PLW0603 - one clock for the process is the point
    if seconds < 0:
        raise ValueError("The clock only moves forward.")
    _offset += timedelta(seconds=seconds)


def reset() -> None:
    """Return to the machine's own time, between tests."""
    global _offset  # noqa: PLW0603 - one clock for the process is the point
    _offset = timedelta()


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339, UTC, whole seconds: `2026-11-22T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(seconds: float) -> str:
    """Write seconds since 1970 as RFC 3339."""
    return stamp(datetime.fromtimestamp(int(seconds), UTC))
