"""How a device is named to its owner: from what its program says of itself."""

from typing import Final

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


def device_name(said: str) -> str:
    """Name a device as people do, `Chrome, Windows`; what is no browser is shown as it named itself."""
    program = next((name for sign, name in _PROGRAMS if sign in said), "")
    system = next((name for sign, name in _SYSTEMS if sign in said), "")
    return ", ".join(filter(None, (program, system))) or said[:60] or "Не назвалось"
