"""A session's token used from elsewhere: followed, written down, told once; another device loses what is fresh."""

import doors
import make
import pytest
import trips
from conftest import World

from chalicelib.kit import moves
from chalicelib.kit.records.tables import Outbox, Session
from chalicelib.kit.secret import look_up
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.trail.tables import JournalRecord

HOME = "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.6778.86 Safari/537.36"
UPDATED = "Mozilla/5.0 (Windows NT 10.0) Chrome/132.0.6834.1 Safari/537.36"
THIEF = "python-requests/2.32"
ELSEWHERE = "10.99.0.1"


def _at_home() -> make.Person:
    person = make.person(signed_in=False)
    make.sign_in(person)
    _session(person).update(actions=[Session.device.set(look_up("device", "Mozilla/ (Windows NT ) Chrome/ Safari/"))])
    return person


def _session(person: make.Person) -> Session:
    handle, session_id, _ = person.token.split(".")
    return Session.get(handle, session_id)


def _call(
    world: World, person: make.Person, device: str, address: str | None = None, name: str = "read_session"
) -> str:
    answer = world.client.call(name, by=person, headers={"User-Agent": device}, address=address)
    return answer.code if answer.status >= 400 else str(answer.status)


def _moved(person: make.Person) -> int:
    return [one.kind for one in JournalRecord.query(person.person_id)].count("session.moved")


def _told(world: World, person: make.Person) -> int:
    return world.sent(person.phone).count(moves.TOLD)


def test_an_update_of_the_browser_is_no_move(world: World) -> None:
    """Numbers of versions do not count: nothing is written, nothing told, the factor stays fresh."""
    person = _at_home()
    assert _call(world, person, HOME) == "200"
    assert _call(world, person, UPDATED) == "200"
    assert _call(world, person, UPDATED, name="end_other_sessions") == "200"
    assert (_moved(person), _told(world, person)) == (0, 0)


def test_another_network_is_followed_and_told_once(world: World) -> None:
    """The call succeeds and the place is remembered; later networks are written down only; the factor stays fresh."""
    person = _at_home()
    assert _call(world, person, HOME, ELSEWHERE) == "200"
    assert _session(person).source == look_up("source", ELSEWHERE)
    assert _call(world, person, HOME, ELSEWHERE) == "200"
    assert (_moved(person), _told(world, person)) == (1, 1)
    assert _call(world, person, HOME, "10.99.0.2", "end_other_sessions") == "200"
    assert (_moved(person), _told(world, person)) == (2, 1)


def test_the_letter_lets_the_owner_stop_it(world: World) -> None:
    """It carries the link «это не я»."""
    person = _at_home()
    _call(world, person, HOME, ELSEWHERE)
    assert "/not-me/#" in world.sent(person.email)[-1]


def test_the_list_and_the_journal_show_the_new_place(world: World) -> None:
    """The owner sees the address last used; the record carries no address in clear."""
    person = _at_home()
    _call(world, person, THIEF, ELSEWHERE)
    shown = world.client.call("list_sessions", by=person, headers={"User-Agent": THIEF}, address=ELSEWHERE)
    (row,) = shown.json["items"]
    assert (row["address"], row["device"]) == (ELSEWHERE, THIEF)
    (record,) = (one for one in JournalRecord.query(person.person_id) if one.kind == "session.moved")
    assert (list(record.objects), record.operation) == ([row["session_id"]], "read_session")
    assert ELSEWHERE not in str(record.serialize())


@pytest.mark.parametrize("name", ["end_other_sessions", "open_signing_session"])
def test_another_device_must_confirm_itself_first(world: World, name: str) -> None:
    """Even its first call finds nothing fresh and no signing open, until a factor is given there."""
    person = _at_home()
    assert _call(world, person, HOME, name="open_signing_session") == "200"
    assert _session(person).signing_until > 0
    assert _call(world, person, THIEF, name=name) == "fresh-factor-required"
    assert (_session(person).factor_at, _session(person).signing_until) == (0, 0)
    body = {"kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("step_up", body, by=person, headers={"User-Agent": THIEF})
    person.token = answer.json["token"]
    assert _call(world, person, THIEF, make.USUAL_ADDRESS, name) == "200"


def test_another_device_after_another_network_is_told_too(world: World) -> None:
    """The graver move is told after the lesser one, and then no more: nobody spends the messages of all."""
    person = _at_home()
    _call(world, person, HOME, ELSEWHERE)
    for device in (THIEF, HOME, THIEF, HOME):
        _call(world, person, device, ELSEWHERE)
    assert (_moved(person), _told(world, person)) == (5, 2)


def test_many_calls_at_once_from_the_new_place_are_one_move(world: World) -> None:
    """Twenty parallel calls: one record, one notice, and none of them finds the factor fresh."""
    person = _at_home()
    answers = doors.together(20, lambda: _call(world, person, THIEF, ELSEWHERE, "end_other_sessions"))
    assert "fresh-factor-required" in answers
    assert set(answers) <= {"fresh-factor-required", "busy"}
    assert (_moved(person), _told(world, person)) == (1, 1)


def test_who_is_overtaken_by_such_a_move_finds_nothing_fresh_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that was let in before the move was written, and looks after it, does not keep the old factor."""
    person = _at_home()
    between: list[str] = []

    def overtaken(gets: tuple[Get[Session], ...]) -> list[Session]:
        if not between:
            between.append("begun")
            between.append(_call(world, person, THIEF, ELSEWHERE))
        return fetch(gets)

    monkeypatch.setattr(moves, "fetch", overtaken)
    assert _call(world, person, THIEF, ELSEWHERE, "end_other_sessions") == "fresh-factor-required"
    assert between == ["begun", "200"]
    assert _moved(person) == 1


def test_a_session_that_ends_meanwhile_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing out at the moment of a move leaves nothing that could be followed."""
    person = _at_home()

    def gone(gets: tuple[Get[Session], ...]) -> list[Session]:
        mark = trips.current.set("")  # the sign-out is not the work of the call that it overtakes
        _session(person).delete()
        trips.current.reset(mark)
        return fetch(gets)

    monkeypatch.setattr(moves, "fetch", gone)
    assert _call(world, person, THIEF, ELSEWHERE) == "session-ended"
    assert not Session.count()
    assert not Outbox.count()
