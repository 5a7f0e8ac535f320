"""A reader's rating of a page: only sums are kept, only of pages that exist, and few from one network."""

import re
from typing import Any

import doors
import make
import pytest
from conftest import World
from doors import unknown_callers

from chalicelib.help.rules import RATINGS_A_DAY, rated
from chalicelib.help.tables import PageRating
from chalicelib.kit import clock
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.trail.tables import SecurityRecord

NAME = "rate_page"
PAGE = "recovery/"
USEFUL = {"page": PAGE, "version": "1.0", "is_useful": True}
REASONS = ("no_answer", "unclear", "outdated", "mistake")


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=USEFUL | {"is_useful": False, "reason": "unclear"})


def rate(world: World, address: str = make.USUAL_ADDRESS, **said: object) -> make.Answer:
    """Rate the page from an address."""
    return world.client.call(NAME, USEFUL | said, address=address)


def sums(page: str = PAGE) -> dict[str, int]:
    """Return what is counted of a page in the present month, without zeros."""
    month = clock.now().strftime("%Y-%m")
    found = [one for one in PageRating.query(month) if one.place == f"{page}#1.0"]
    names = ("useful", "not_useful", *REASONS)
    return {name: int(getattr(one, name)) for one in found for name in names if getattr(one, name)}


@pytest.mark.parametrize(
    "page",
    [
        "no-such-page/",
        "api/help/rate_page/",
        "",
        "recovery",
        "/recovery/",
        "../recovery/",
        "recovery//",
        "Recovery/",
        "recovery/?a=b",
        "recovery/#a",
        "a/" * 5,
        "восстановление/",
        "recovery/\n",
        5,
    ],
)
def test_a_page_that_the_site_does_not_have_is_refused(world: World, page: object) -> None:
    """Invented pages fill no table: the field is named and nothing is written."""
    answer = rate(world, page=page)
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/page"]
    assert list(PageRating.scan()) == []


@pytest.mark.parametrize("version", ["9.9", "latest", "1", "1.0.0", "v1.0", " 1.0", None])
def test_a_version_that_the_site_does_not_have_is_refused(world: World, version: object) -> None:
    """Invented versions fill no table either."""
    answer = rate(world, version=version)
    assert [one["pointer"] for one in answer.json["errors"]] == ["/version"]
    assert list(PageRating.scan()) == []


@pytest.mark.parametrize(
    "said",
    [
        {"is_useful": False, "reason": "Позвоните мне: +7 900 123-45-67"},
        {"is_useful": False, "reason": "useful"},
        {"is_useful": True, "reason": "unclear"},
        {"is_useful": False, "comment": "Иванова А. П."},
        {"is_useful": "no"},
    ],
)
def test_nothing_can_be_typed_and_a_useful_page_has_no_fault(world: World, said: dict[str, Any]) -> None:
    """Only the given answers are taken."""
    assert rate(world, **said).code == "wrong-fields"
    assert list(PageRating.scan()) == []


def test_every_page_of_the_list_can_be_rated(world: World) -> None:
    """The list's own addresses are of the form that the operation asks for."""
    assert len(rated().pages) > 20
    for page in rated().pages:
        assert rate(world, page=page).status == 204, page
        assert sums(page) == {"useful": 1}


def test_answers_add_up_by_reason(world: World) -> None:
    """A reason counts beside «Нет», and «Нет» counts without one too."""
    assert rate(world, "10.1.0.1").raw == b""
    for number, reason in enumerate((*REASONS, "unclear", None)):
        said = {"is_useful": False} | ({"reason": reason} if reason else {})
        assert rate(world, f"10.1.1.{number}", **said).status == 204
    assert sums() == {"useful": 1, "not_useful": 6, "no_answer": 1, "unclear": 2, "outdated": 1, "mistake": 1}


def test_months_are_counted_apart(world: World) -> None:
    """What was said in an earlier month stays there."""
    rate(world)
    clock.advance(32 * 24 * 3600)
    assert sums() == {}
    rate(world, is_useful=False)
    assert sums() == {"not_useful": 1}
    assert len(list(PageRating.scan())) == 2


def test_a_network_rates_a_page_a_few_times_a_day(world: World) -> None:
    """Then it hears when to come again; other networks, other pages and the next day are open."""
    for _ in range(RATINGS_A_DAY):
        assert rate(world).status == 204
    over = rate(world)
    assert (over.status, over.code) == (429, "page-rated-enough")
    wait = int(over.headers["Retry-After"])
    assert 0 < wait <= 24 * 3600
    assert sums() == {"useful": RATINGS_A_DAY}
    assert rate(world, "10.77.0.2").status == 204
    assert rate(world, page="password/").status == 204
    clock.advance(wait)
    assert rate(world).status == 204


def test_neighbours_of_one_ipv6_network_are_one_source(world: World) -> None:
    """Who owns a /64 has no more ratings than who owns an address."""
    statuses = [rate(world, f"2001:db8::{number}").status for number in range(1, RATINGS_A_DAY + 2)]
    assert statuses == [204] * RATINGS_A_DAY + [429]


def test_a_lost_answer_is_repeated_and_counted_once(world: World) -> None:
    """The same key brings the same answer, uses up nothing, and says so even when the day is used up."""
    sent = make.key()

    def send() -> int:
        return world.client.call(NAME, USEFUL, address=make.USUAL_ADDRESS, idempotency=sent).status

    assert [send() for _ in range(3)] == [204] * 3
    assert sums() == {"useful": 1}
    assert [rate(world).status for _ in range(RATINGS_A_DAY)] == [204] * (RATINGS_A_DAY - 1) + [429]
    assert send() == 204
    assert sums() == {"useful": RATINGS_A_DAY}


def test_parallel_ratings_are_all_counted_and_no_more_than_allowed(world: World) -> None:
    """Forty networks at once lose nothing; forty calls of one network are as many as one may."""
    networks = iter(range(40))
    assert {one.status for one in doors.together(40, lambda: rate(world, f"10.2.0.{next(networks)}"))} == {204}
    assert sums() == {"useful": 40}
    statuses = [one.status for one in doors.together(40, lambda: rate(world, page="password/"))]
    assert statuses.count(204) == RATINGS_A_DAY
    assert sums("password/") == {"useful": RATINGS_A_DAY}


def test_nothing_of_the_reader_is_kept(world: World) -> None:
    """No table holds the address; what counts a network tells neither network nor page and goes in two days."""
    rate(world)
    rows = [one.serialize() for kind in (PageRating, Counter, SecurityRecord) for one in kind.scan()]
    assert make.USUAL_ADDRESS not in str(rows)
    counted = [one for one in Counter.scan() if one.counted.startswith("rating#")]
    assert [re.fullmatch(r"rating#[0-9a-f]{64}#[0-9]+", one.counted) is not None for one in counted] == [True]
    assert 24 * 3600 <= counted[0].expires - clock.epoch() <= 48 * 3600
    assert set(next(PageRating.scan()).serialize()) == {"month", "place", "useful", "not_useful", *REASONS}


def test_the_security_journal_holds_every_call_without_the_page(world: World) -> None:
    """Taken and refused ones are recorded; what was rated is not."""
    rate(world)
    rate(world, page="no-such-page/")
    assert unknown_callers(NAME) == ["done", "wrong-fields"]
    assert PAGE not in str([one.serialize() for one in SecurityRecord.scan()])
