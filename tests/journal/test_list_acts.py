"""One's own journal by period and kind."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.vault import OwnerKey

DAY = 24 * 3600


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    world.client.call("read_profile", by=by)
    world.client.call("read_contacts", by=by)
    return make.Example(by=by, query={"limit": 1})


def days_of_acts(world: World) -> tuple[make.Person, date]:
    """Make a worker who read his profile and his contacts on each of three days; return the first day too."""
    papers.begin_period(DAY)
    worker, first = papers.doctor(world), clock.now().date()
    for _ in range(3):
        make.sign_in(worker)
        world.client.call("read_profile", by=worker)
        clock.advance(60)
        world.client.call("read_contacts", by=worker)
        clock.advance(DAY - 60)
    make.sign_in(worker)
    return worker, first


def page(world: World, worker: make.Person, **query: Any) -> Any:
    """Read a page of acts."""
    answer = world.client.call("list_acts", by=worker, query=query)
    assert answer.status == 200, answer.json
    return answer.json


def kinds(shown: Any) -> list[str]:
    """Return the kinds of a page."""
    return [one["kind"] for one in shown["items"]]


def test_without_a_token_no_journal_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("list_acts")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_claimed_person_reads_no_journal(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("list_acts", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_everyone_sees_only_his_own_acts(world: World) -> None:
    """An officer's journal holds his acts, a worker's his own."""
    worker, officer = papers.doctor(world), make.hr()
    world.client.call("read_profile", by=worker)
    world.client.call("read_worker", by=officer, person_id=worker.person_id)
    assert kinds(page(world, worker)) == ["profile.read"]
    assert kinds(page(world, officer)) == ["worker.read"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "22.11.2026"),
        ("until", "2026-13-01"),
        ("limit", "101"),
        ("kind", "вид"),
        ("cursor", ""),
        ("person", "x"),
    ],
)
def test_a_wrong_filter_is_named(world: World, name: str, value: str) -> None:
    """Each has its pointer."""
    answer = world.client.call("list_acts", by=papers.doctor(world), query={name: value})
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, [f"/{name}"])


@pytest.mark.parametrize(
    "period",
    [
        {"until": "9999-12-31"},
        {"since": "9999-12-31"},
        {"since": "0001-01-01"},
        {"until": "0001-01-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
    ],
)
def test_a_period_at_the_end_of_time_is_no_fault_of_ours(world: World, period: dict[str, str]) -> None:
    """Any date that can be written is answered: with a list, or as a wrong field."""
    answer = world.client.call("list_acts", by=papers.doctor(world), query=period)
    assert answer.status in {200, 422}


def test_a_period_that_ends_before_it_begins_is_a_wrong_field(world: World) -> None:
    """DynamoDB refuses a BETWEEN whose bounds are swapped, so the request may not come that far."""
    query = {"since": "2026-11-22", "until": "2026-11-20"}
    answer = world.client.call("list_acts", by=papers.doctor(world), query=query)
    assert (answer.status, answer.code) == (422, "wrong-fields")


def test_a_cursor_serves_only_its_own_question(world: World) -> None:
    """Another's cursor, a damaged one, one of another filter and yesterday's are all `invalid-cursor`."""
    worker, _ = days_of_acts(world)
    other, _ = days_of_acts(world)
    make.sign_in(worker)
    cursor = page(world, worker, limit=1)["next_cursor"]
    wrong = [{"cursor": cursor, "kind": "profile.read"}, {"cursor": cursor, "since": "2026-01-01"}]
    wrong += [{"cursor": cursor[:-3]}, {"cursor": "AAAA"}]
    for query in wrong:
        answer = world.client.call("list_acts", by=worker, query=query)
        assert (answer.status, answer.code) == (400, "invalid-cursor")
    assert world.client.call("list_acts", by=other, query={"cursor": cursor}).code == "invalid-cursor"
    assert page(world, worker, cursor=cursor)["items"]
    clock.advance(DAY + 1)
    make.sign_in(worker)
    assert world.client.call("list_acts", by=worker, query={"cursor": cursor}).code == "invalid-cursor"


def test_refusals_are_acts_too(world: World) -> None:
    """A refused attempt is shown with its code, a repetition as such."""
    worker = papers.doctor(world)
    world.client.call("change_profile", {"inn": None}, by=worker, match='"9"')
    world.client.call("confirm_licence", {"licence_number": papers.LICENCE}, by=worker, person_id=worker.person_id)
    key = make.key()
    for _ in range(2):
        world.client.call("check_profile", by=worker, match='"1"', idempotency=key)
    shown = page(world, worker)["items"]
    assert [(one["kind"], one["outcome"]) for one in shown] == [
        ("profile.checked", "repeated"),
        ("profile.checked", "done"),
        ("licence.confirmed", "role-not-allowed"),
        ("profile.changed", "stale"),
    ]


def test_the_newest_act_comes_first_with_its_time(world: World) -> None:
    """The page is consistent, names role, operation and outcome, and its times go down."""
    worker, first = days_of_acts(world)
    shown = page(world, worker)
    assert kinds(shown) == ["contacts.read", "profile.read"] * 3
    times = [one["at"] for one in shown["items"]]
    assert times == sorted(times, reverse=True)
    assert times[-1].startswith(first.isoformat())
    newest = shown["items"][0]
    assert (newest["operation"], newest["outcome"], newest["role"]) == ("read_contacts", "done", "worker")
    assert (shown["eventual"], shown["next_cursor"]) == (False, None)


def test_a_period_includes_both_its_days(world: World) -> None:
    """From the first moment of `since` to the last one of `until`, by Moscow time."""
    worker, first = days_of_acts(world)
    second, third = first + timedelta(days=1), first + timedelta(days=2)

    def dates(**query: Any) -> set[str]:
        shown = page(world, worker, kind="profile.read", **query)
        return {one["at"][:10] for one in shown["items"]}

    assert dates(since=second, until=second) == {second.isoformat()}
    assert dates(until=second) == {first.isoformat(), second.isoformat()}
    assert dates(since=second) == {second.isoformat(), third.isoformat()}
    assert dates(since=first - timedelta(days=9), until=first - timedelta(days=1)) == set()


def test_days_of_a_period_are_days_of_moscow(world: World) -> None:
    """21:00 UTC is the next day there."""
    worker = papers.doctor(world)
    for number, second in enumerate((59, 0)):
        at = datetime(2026, 11, 21, 20 + number, second, second, tzinfo=UTC)
        logs.record(worker.person_id, at).save()
    shown = page(world, worker, since="2026-11-22", until="2026-11-22")["items"]
    assert [one["at"] for one in shown] == ["2026-11-21T21:00:00Z"]


def test_ones_own_acts_say_where_they_came_from(world: World) -> None:
    """Address and device of the sign-in; nothing when they were not kept or sealed with a former key."""
    worker = papers.doctor(world)
    place = {"address": "203.0.113.7", "device": "Firefox"}
    former = OwnerKey.new(worker.person_id)
    for number, origin in enumerate(
        (worker.key.seal("session/origin", place), former.seal("session/origin", place), None)
    ):
        logs.record(worker.person_id, number=number, origin=origin).save()
    shown = [(one["address"], one["device"]) for one in reversed(page(world, worker)["items"])]
    assert shown == [("203.0.113.7", "Firefox"), (None, None), (None, None)]
    raw = papers.raw(JournalRecord)
    assert "203.0.113.7" not in raw
    assert "Firefox" not in raw


def test_one_kind_is_shown_page_by_page(world: World) -> None:
    """Every record of the kind comes once, newest first; such a list may lag and says so."""
    worker, _ = days_of_acts(world)
    seen, cursor = [], None
    while True:
        query = {"kind": "profile.read", "limit": 2} | ({"cursor": cursor} if cursor else {})
        shown = page(world, worker, **query)
        assert shown["eventual"] is True
        seen += shown["items"]
        cursor = shown["next_cursor"]
        if cursor is None:
            break
    assert [one["kind"] for one in seen] == ["profile.read"] * 3
    numbers = [one["record_id"] for one in seen]
    assert numbers == sorted(set(numbers), reverse=True)


def test_acts_that_happen_meanwhile_do_not_disturb_the_pages(world: World) -> None:
    """Looking at the journal is an act itself; the next page goes on where the last ended."""
    worker, _ = days_of_acts(world)
    before = [one.record_id for one in reversed(papers.acts(worker))]
    seen, cursor = [], None
    while True:
        shown = page(world, worker, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [one["record_id"] for one in shown["items"]]
        cursor = shown["next_cursor"]
        if cursor is None:
            break
    assert seen == before


def test_no_record_holds_a_value(world: World) -> None:
    """After a day of work the raw journal has no name, СНИЛС, phone, mail or code in it."""
    worker = papers.doctor(world)
    papers.change(world, worker, last_name="Лебедева", organisation_ogrn=papers.OGRN)
    papers.change(world, worker, inn="1")
    papers.check(world, worker)
    papers.start(world, worker, phone="+79161234567", email="new.doctor@example.ru")
    codes = world.codes(worker.phone) + world.codes("+79161234567") + world.codes("new.doctor@example.ru")
    said = dict(zip(("code", "phone_code", "email_code"), codes, strict=True))
    assert world.client.call("confirm_contact_change", said, by=worker).status == 200
    world.client.call("find_worker", {"snils": worker.snils}, by=make.hr())
    stored = papers.raw(JournalRecord)
    values = ["Лебедева", "Воробьёва", worker.snils, worker.phone, worker.email, papers.OGRN, papers.INN, worker.token]
    assert not any(value in stored for value in [*values, "+79161234567", "new.doctor@example.ru"])
    assert not any(f"'{code}'" in stored for code in codes)
    assert Account.get(worker.person_id).login not in stored


def test_a_look_at_the_journal_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    worker = papers.doctor(world)
    page(world, worker)
    world.client.call("list_acts", by=worker, query={"cursor": "AAAA"})
    assert papers.outcomes(worker) == [("journal.read", "done"), ("journal.read", "invalid-cursor")]
