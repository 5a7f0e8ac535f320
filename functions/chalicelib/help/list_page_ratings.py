"""The report on the help centre's pages: how readers rated each in a month."""

from typing import Annotated

from msgspec import Meta

from chalicelib.help.tables import PageRating
from chalicelib.kit import clock
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.kit.text import Month


class PageRatingsQuery(Listing):
    """A page of the ratings of one month."""

    month: Annotated[Month | None, Meta(title="Месяц", description="Вид ГГГГ-ММ; пусто — нынешний, по UTC.")] = None


class PageRatingView(Answer):
    """How one version of a page was rated."""

    page: Annotated[str, Meta(title="Страница справки")]
    version: Annotated[str, Meta(title="Версия справки")]
    useful: Annotated[int, Meta(title="Полезна")]
    not_useful: Annotated[int, Meta(title="Не помогла", description="Всего, с причиной и без неё.")]
    no_answer: Annotated[int, Meta(title="Не нашлось ответа")]
    unclear: Annotated[int, Meta(title="Непонятно")]
    outdated: Annotated[int, Meta(title="Устарело")]
    mistake: Annotated[int, Meta(title="Ошибка на странице")]


class PageRatingList(Answer):
    """Ratings of a month in the order of the pages' addresses; pages that nobody rated are not in it."""

    month: Annotated[str, Meta(title="Месяц")]
    items: list[PageRatingView]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation(
    "GET /v1/help/ratings",
    allow={Role.ADMIN: WholeCabinet()},
    reads=[Query(PageRating)],
    audit="help_page_ratings.listed",
)
def list_page_ratings(call: Call, query: PageRatingsQuery) -> PageRatingList:
    """Показать оценки страниц справки за месяц."""
    month = query.month or clock.stamp(clock.now())[:7]
    page = call.page(PageRating.of_month(month), query.limit, query.cursor)
    items = [_shown(one) for one in page.items]
    return PageRatingList(month=month, items=items, next_cursor=page.next_cursor)


def _shown(rating: PageRating) -> PageRatingView:
    page, _, version = rating.place.partition("#")
    return PageRatingView(
        page=page,
        version=version,
        useful=int(rating.useful),
        not_useful=int(rating.not_useful),
        no_answer=int(rating.no_answer),
        unclear=int(rating.unclear),
        outdated=int(rating.outdated),
        mistake=int(rating.mistake),
    )
