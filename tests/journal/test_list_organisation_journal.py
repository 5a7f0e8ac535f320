"""Кадры and the head of an organisation read its journal."""

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.kit.access import Role


def example(world: World) -> make.Example:
    """Return a valid request."""
    world.client.call("find_worker", {"snils": papers.doctor(world).snils}, by=make.hr())
    return make.Example(by=make.hr(), query={"limit": 1})


def test_without_a_token_no_journal_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("list_organisation_journal").code == "not-signed-in"


def test_a_worker_reads_his_own_journal_only(world: World) -> None:
    """The organisation's is for кадры and its head."""
    assert world.client.call("list_organisation_journal", by=papers.doctor(world)).code == "role-not-allowed"


def test_acts_at_another_organisation_are_not_shown(world: World) -> None:
    """Even of one's own worker."""
    worker = papers.doctor(world)
    logs.record(worker.person_id, organisation_id=make.OTHER_HOSPITAL).save()
    logs.record(worker.person_id, number=1).save()
    assert world.client.call("list_organisation_journal", by=make.hr()).json["items"] == []


@pytest.mark.parametrize(("name", "value"), [("since", "x"), ("limit", "0"), ("person_id", "x")])
def test_a_wrong_filter_is_named(world: World, name: str, value: str) -> None:
    """Each has its pointer."""
    answer = world.client.call("list_organisation_journal", by=make.hr(), query={name: value})
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, [f"/{name}"])


def test_a_cursor_serves_only_its_reader_and_its_period(world: World) -> None:
    """A colleague's cursor and one of another period are refused."""
    hr = make.hr()
    logs.fill(papers.doctor(world).person_id, 2, organisation_id=make.HOSPITAL)
    cursor = world.client.call("list_organisation_journal", by=hr, query={"limit": 1}).json["next_cursor"]
    for by, query in ((make.hr(), {}), (hr, {"since": "2026-01-01"})):
        answer = world.client.call("list_organisation_journal", by=by, query=query | {"cursor": cursor})
        assert (answer.status, answer.code) == (400, "invalid-cursor")


@pytest.mark.parametrize("role", [Role.HR, Role.MANAGER])
def test_acts_in_the_name_of_the_organisation_are_shown_with_who_did_them(world: World, role: Role) -> None:
    """Newest first, once each, by number and not by name; from where is not shown."""
    worker, reader = papers.doctor(world), make.person(role, make.HOSPITAL)
    written = logs.fill(worker.person_id, 3, organisation_id=make.HOSPITAL)
    first = world.client.call("list_organisation_journal", by=reader, query={"limit": 2}).json
    rest = world.client.call(
        "list_organisation_journal", by=reader, query={"limit": 2, "cursor": first["next_cursor"]}
    ).json
    items = first["items"] + rest["items"]
    assert [one["record_id"] for one in items] == written
    assert {one["person_id"] for one in items} == {worker.person_id}
    assert (rest["eventual"], rest["next_cursor"]) == (True, None)
    assert not {"address", "device"} & set(items[0])


def test_a_look_is_in_the_journal_of_the_reader_and_of_the_organisation(world: World) -> None:
    """Whoever reads is read too."""
    hr = make.hr()
    world.client.call("list_organisation_journal", by=hr)
    world.client.call("list_organisation_journal", by=hr, query={"cursor": "AAAA"})
    assert papers.outcomes(hr) == [
        ("journal.own_organisation_read", "done"),
        ("journal.own_organisation_read", "invalid-cursor"),
    ]
    shown = world.client.call("list_organisation_journal", by=make.hr()).json["items"]
    assert {one["person_id"] for one in shown} == {hr.person_id}
