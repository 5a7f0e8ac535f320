"""How a device is named to its owner: from what its program says of itself."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

# The order decides: later names contain earlier ones (Edge and Yandex call themselves Chrome, Chrome calls itself Safari).
_PROGRAMS: Final = (
    ("YaBrowser/", "Яндекс Браузер"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def new_sign_in(said: str, network: str, at: datetime, role: str) -> str:
    """Tell of a sign-in from a new place: device, network, Moscow time, role, and what to do; fits an SMS.

    A program that is no known browser is not quoted: whoever signs in would write into the owner's message.
    """
    device = _browser(said) or "неизвестная программа"
    when = at.astimezone(ZoneInfo("Europe/Moscow")).strftime("%d.%m.%Y в %H:%M")
    return (
        f"Вход в кабинет медработника из нового места: {device}, сеть {network}, {when} по Москве, роль «{role}». "
        "Если это не вы, откройте ссылку «Это не я» в письме из кабинета."
    )


def device_name(said: str) -> str:
    """Name a device as people do, `Chrome, Windows`; what is no browser is shown as it named itself."""
    return _browser(said) or said[:60] or "Не назвалось"


def _browser(said: str) -> str:
    program = next((name for sign, name in _PROGRAMS if sign in said), "")
    system = next((name for sign, name in _SYSTEMS if sign in said), "")
    return ", ".join(filter(None, (program, system)))
