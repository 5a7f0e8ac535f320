"""Which pages of the help centre are rated, and how often."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

RATINGS_A_DAY: Final = 5  # of one page from one network: a hospital shares its address


class Rated(msgspec.Struct, frozen=True):
    """Pages, as addresses below a version of the site, and the versions: what strangers make up is in neither."""

    versions: frozenset[str]
    pages: frozenset[str]


@lru_cache(maxsize=1)
def rated() -> Rated:
    """Return the list that `docs/hooks/rated.py` has made of the site."""
    said = json.loads((Path(__file__).parent / "data/pages.json").read_text(encoding="utf-8"))
    return msgspec.convert(said, Rated)
