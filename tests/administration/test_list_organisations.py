"""Organisations of a kind, by name."""

import make
import offices
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "list_organisations"


def example(world: World) -> make.Example:
    """Return a valid request."""
    offices.organisation()
    return make.Example(by=make.person(Role.ADMIN), query={"kind": "hospital"})


def test_without_a_token_nothing_is_listed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_support_lists_nothing(world: World) -> None:
    """The list is the administrator's."""
    answer = world.client.run(NAME, example(world), by=make.person(Role.SUPPORT))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_an_unknown_kind_is_named(world: World) -> None:
    """The filter takes only kinds that there are."""
    answer = world.client.run(NAME, example(world), query={"kind": "shop"})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/kind"]


def test_one_kind_comes_page_by_page_in_the_order_of_names(world: World) -> None:
    """Capitals and ё do not disturb the order; other kinds stay out; the cursor goes on where the page ended."""
    for name in ("Яблоко", "ёлка", "Жасмин", "еж", "Аптека 2"):
        offices.organisation("pharmacy", name=name)
    offices.organisation("education", name="Академия")
    admin, seen, cursor = make.person(Role.ADMIN), [], None
    for _ in range(3):
        query = {"kind": "pharmacy", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = world.client.call(NAME, by=admin, query=query).json
        seen += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["Аптека 2", "еж", "ёлка", "Жасмин", "Яблоко"], None)


def test_the_journal_holds_the_look(world: World) -> None:
    """Listing is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("organisation.listed", "done")
