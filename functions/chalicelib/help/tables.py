"""Ratings of pages: only sums, nothing of who has rated."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit import settings
from chalicelib.kit.tables import Action, Find, Table


class PageRating(Table):
    """How one version of a page was rated in a month (`2026-11`, UTC)."""

    class Meta:
        table_name = settings.table("page_rating")

    month = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)  # page#version: what `at` makes
    useful = NumberAttribute(default=0)
    not_useful = NumberAttribute(default=0)
    no_answer = NumberAttribute(default=0)
    unclear = NumberAttribute(default=0)
    outdated = NumberAttribute(default=0)
    mistake = NumberAttribute(default=0)

    @classmethod
    def at(cls, month: str, page: str, version: str) -> "PageRating":
        """Name the sums of a page's version, whether or not they exist yet."""
        return cls(month=month, place=f"{page}#{version}")

    @classmethod
    def one_more(cls, *names: str) -> list[Action]:
        """Return the changes that count one rating more under each name; parallel ones are all counted."""
        return [getattr(cls, name).add(1) for name in names]

    @classmethod
    def of_month(cls, month: str) -> Find["PageRating"]:
        """Find the sums of a month by page."""
        return Find(cls, month)
