"""«Была ли страница полезна?»: a reader's answer becomes one more in a sum, and nothing is kept of the reader."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.help.refusals import PageRatedEnough
from chalicelib.help.rules import RATINGS_A_DAY, rated
from chalicelib.help.tables import PageRating
from chalicelib.kit import clock, secret
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.declare import operation
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import HelpPage, HelpVersion

_DAY = 24 * 3600


class RatePage(Body):
    """A choice of given answers: there is no field into which personal data could be typed."""

    page: HelpPage
    version: HelpVersion
    is_useful: Annotated[bool, Meta(title="Полезна ли страница")]
    reason: Annotated[
        Literal["no_answer", "unclear", "outdated", "mistake"] | None,
        Meta(
            title="Чем не помогла",
            description=(
                "Только если страница не полезна: no_answer — не нашлось ответа, unclear — непонятно, "
                "outdated — устарело, mistake — ошибка на странице."
            ),
        ),
    ] = None


@operation(
    "POST /v1/help/ratings",
    public=True,
    writes=[Update(PageRating), Update(Counter)],
    refuses=[PageRatedEnough],
    audit="help_page.rated",
    status=204,
)
def rate_page(call: Call, body: RatePage) -> None:
    """Оценить страницу справки."""
    if body.page not in rated().pages:
        raise WrongFields([wrong("/page", "Такой страницы в справке нет: возможно, её перенесли.")])
    if body.version not in rated().versions:
        raise WrongFields([wrong("/version", "Оценки этой версии справки не принимаются.")])
    if body.is_useful and body.reason:
        raise WrongFields([wrong("/reason", "У полезной страницы причины нет: уберите её.")])
    _count_network(call, body.page)
    verdict = "useful" if body.is_useful else "not_useful"
    counted = PageRating.one_more(*filter(None, (verdict, body.reason)))
    month = clock.stamp(clock.now())[:7]
    call.transaction.update(PageRating.at(month, body.page, body.version), *counted)


def _count_network(call: Call, page: str) -> None:
    """Let a network rate a page so many times a day; page and network stand in one keyed hash that goes in two days."""
    day, left = divmod(call.now, _DAY)
    hashed = secret.look_up("rating", f"{call.request.network} {page}")
    free = Counter.calls.does_not_exist() | (Counter.calls < RATINGS_A_DAY)
    changes = [Counter.calls.add(1), Counter.expires.set((day + 2) * _DAY)]
    over = PageRatedEnough(retry_after=_DAY - left)
    call.transaction.update(Counter(counted=f"rating#{hashed}#{day}"), *changes, when=free, refusal=over)
