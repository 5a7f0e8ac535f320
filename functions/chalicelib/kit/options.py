"""What administrators may set, with defaults and bounds; and the security profile that they have chosen."""

import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.tables import patiently

CACHE_SECONDS: Final = 60
_lock = threading.Lock()
_cached: "tuple[Options, int] | None" = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force; a field's bounds are the bounds of what may be set."""

    security_profile: Annotated[
        Literal["description", "modern"], Meta(title="Правила безопасности", description="description или modern.")
    ] = "description"
    idle_minutes: Annotated[
        int, Meta(title="Через сколько минут бездействия заканчивается сеанс", ge=5, le=60, description="От 5 до 60.")
    ] = 15
    absolute_hours: Annotated[
        int, Meta(title="Сколько часов сеанс длится самое большее", ge=1, le=24, description="От 1 до 24.")
    ] = 12
    signing_minutes: Annotated[
        int, Meta(title="Сколько минут после кода можно подписывать", ge=5, le=720, description="От 5 до 720.")
    ] = 10


class PasswordPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a password must be: lengths in characters, `history` in former passwords; 0 days means no expiry."""

    shortest: int
    longest: int
    mixed: bool
    login_parts: bool
    context_words: bool
    common: bool
    history: int
    days: int
    warning_days: int


class RecoveryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How many confirmed channels must bring a code before a password is set anew."""

    channels: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One named, dated way to guard the doors; `totp_drift` in steps of an app's codes, either way."""

    name: str
    title: str
    valid_from: str
    source: str
    password: PasswordPolicy
    recovery: RecoveryPolicy
    totp_drift: int


def options() -> Options:
    """Return the settings in force now; read from the table at most once a minute."""
    global _cached  # noqa: PLW0603 - one cache for the process is the point
    with _lock:
        if _cached is not None and _cached[1] > clock.epoch():
            return _cached[0]
    rows = patiently(lambda: list(Setting.everything().run(None, None)))
    found = in_force(rows)
    with _lock:
        _cached = (found, clock.epoch() + CACHE_SECONDS)
    return found


def in_force(rows: list[Setting]) -> Options:
    """Return the settings that a moment's rows make: of each name the last one that has begun."""
    begun = sorted((one for one in rows if one.valid_from <= clock.epoch()), key=lambda one: one.place)
    values: dict[str, Any] = {one.name: one.value for one in begun}
    return msgspec.convert({name: values[name] for name in Options.__struct_fields__ if name in values}, Options)


def security() -> Profile:
    """Return the security profile in force: of the chosen name the last one that has begun."""
    today = clock.today().isoformat()
    named = options().security_profile
    return max(
        (one for one in profiles() if one.name == named and one.valid_from <= today), key=lambda one: one.valid_from
    )


@lru_cache(maxsize=1)
def profiles() -> list[Profile]:
    """Return all profiles that the release brings."""
    file = Path(__file__).parent / "data/security_profiles.json"
    return msgspec.convert(json.loads(file.read_text(encoding="utf-8"))["profiles"], list[Profile])


def forget() -> None:
    """Drop the cache, so that the next use reads the table."""
    global _cached  # noqa: PLW0603 - see above
    with _lock:
        _cached = None
