"""The report on pages: by month, page by page, for administrators."""

import make
from conftest import World

from chalicelib.help.tables import PageRating
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "list_page_ratings"


def example(world: World) -> make.Example:
    """Return a valid request."""
    world.client.call("rate_page", {"page": "recovery/", "version": "1.0", "is_useful": True})
    return make.Example(by=make.person(Role.ADMIN), query={"month": clock.now().strftime("%Y-%m")})


def test_without_a_token_nothing_is_listed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_support_lists_nothing(world: World) -> None:
    """The report is the administrator's."""
    answer = world.client.run(NAME, example(world), by=make.person(Role.SUPPORT))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_what_is_no_month_is_named(world: World) -> None:
    """Other forms and a thirteenth month are refused."""
    for month in ("2026-13", "2026-1", "ноябрь", "2026-11-01", "1999-01"):
        answer = world.client.run(NAME, example(world), query={"month": month})
        assert [one["pointer"] for one in answer.json["errors"]] == ["/month"], month


def test_a_cursor_is_good_for_its_month_only(world: World) -> None:
    """One month's cursor opens no other month."""
    for month in ("2026-01", "2026-02"):
        for page in ("blocked/", "recovery/"):
            PageRating(month=month, place=f"{page}#1.0", useful=1).save()
    admin = make.person(Role.ADMIN)
    cursor = world.client.call(NAME, by=admin, query={"month": "2026-01", "limit": 1}).json["next_cursor"]
    answer = world.client.call(NAME, by=admin, query={"month": "2026-02", "cursor": cursor})
    assert answer.code == "invalid-cursor"


def test_the_present_month_is_shown_unless_another_is_named(world: World) -> None:
    """The answer says which month it is; what was rated in another does not show."""
    made, now = example(world), clock.now().strftime("%Y-%m")
    PageRating(month="2024-02", place="blocked/#1.0", useful=9).save()
    present = world.client.run(NAME, made, query=None).json
    assert (present["month"], [one["page"] for one in present["items"]]) == (now, ["recovery/"])
    past = world.client.run(NAME, made, query={"month": "2024-02"}).json
    assert (past["month"], [one["useful"] for one in past["items"]]) == ("2024-02", [9])
    empty = world.client.run(NAME, made, query={"month": "2024-03"}).json
    assert empty == {"month": "2024-03", "items": [], "next_cursor": None}


def test_pages_come_in_their_order_with_all_sums(world: World) -> None:
    """Each version of a page is a line of its own; the cursor goes on where the page ended."""
    for page, useful in (("recovery/", False), ("./", True), ("blocked/", True), ("recovery/", True)):
        said = {"page": page, "version": "1.0", "is_useful": useful}
        world.client.call("rate_page", said | ({} if useful else {"reason": "mistake"}))
    month = clock.now().strftime("%Y-%m")
    PageRating(month=month, place="recovery/#0.9", outdated=2, not_useful=2).save()
    admin, seen, cursor = make.person(Role.ADMIN), [], None
    for _ in range(2):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = world.client.call(NAME, by=admin, query=query).json
        seen += answer["items"]
        cursor = answer["next_cursor"]
    assert cursor is None
    assert [(one["page"], one["version"]) for one in seen] == [
        ("./", "1.0"),
        ("blocked/", "1.0"),
        ("recovery/", "0.9"),
        ("recovery/", "1.0"),
    ]
    sums = {"useful": 1, "not_useful": 1, "no_answer": 0, "unclear": 0, "outdated": 0, "mistake": 1}
    assert seen[3] == {"page": "recovery/", "version": "1.0", **sums}


def test_the_journal_holds_the_look(world: World) -> None:
    """Reading the report is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("help_page_ratings.listed", "done")
