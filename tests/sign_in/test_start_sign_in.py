"""The login: known and unknown ones are answered alike."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import clock, settings, ticket
from chalicelib.kit.trail.tables import SecurityRecord
from chalicelib.sign_in.schemas import take

NAME = "start_sign_in"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"login": make.person(signed_in=False).login})


@pytest.mark.parametrize("login", ["", "ivаnova_ap", "ivanova ap", "ivanova_ap\n", "x" * 61, "ivanova\x00", None, 7])
def test_what_cannot_be_a_login_is_a_wrong_field(world: World, login: object) -> None:
    """Look-alike letters, spaces and ends of lines are pointed at."""
    answer = world.client.call(NAME, {"login": login})
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/login"]


def test_too_many_calls_from_one_source_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source gets so many public calls a minute; other sources are not touched."""
    body = {"login": "ivanova_ap"}
    monkeypatch.setattr(settings, "PUBLIC_CALLS_A_MINUTE", 12)
    doors.at_minute_start()
    for _ in range(settings.PUBLIC_CALLS_A_MINUTE):
        assert world.client.call(NAME, body, address="10.1.1.1").status == 201
    answer = world.client.call(NAME, body, address="10.1.1.1")
    assert (answer.status, answer.code) == (429, "too-many-calls")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert world.client.call(NAME, body, address="10.1.1.2").status == 201


def test_a_known_and_an_unknown_login_are_not_told_apart(world: World) -> None:
    """Status, shape, length of the ticket and calls to the cloud are the same."""
    known = make.person(signed_in=False).login
    seen = []
    for login in (known, known, "nobody_xy"):
        world.trips.start()
        answer = world.client.call(NAME, {"login": login})
        seen.append((answer.status, sorted(answer.headers), doors.shape(answer.json), list(world.trips.calls)))
    assert seen[0][0] == 201
    assert seen[1] == seen[2]


@pytest.mark.parametrize("sign", ["damaged", "of another person", "of another purpose", "old"])
def test_a_sign_that_is_not_his_changes_nothing(world: World, sign: str) -> None:
    """The answer is that of a stranger: same status, same length of the ticket."""
    person = make.person(signed_in=False)
    said = {
        "damaged": "AAAA",
        "of another person": doors.device(make.person(signed_in=False)),
        "of another purpose": ticket.seal("not_me", 3600, person=person.person_id, epoch=0),
        "old": doors.device(person),
    }[sign]
    if sign == "old":
        clock.advance(3601)
    plain = world.client.call(NAME, {"login": person.login})
    signed = world.client.call(NAME, {"login": person.login, "device": said})
    assert signed.status == 201
    assert doors.shape(signed.json) == doors.shape(plain.json)
    assert take("login", signed.json["ticket"])["trusted"] == 0


def test_the_sign_of_his_device_is_known_until_his_access_changes(world: World) -> None:
    """Who signed in before is known on that device; who was put out of the account is a stranger again."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("finish_sign_in", body)
    device = answer.json["device"]
    assert take("login", doors.ask_login(world, person.login, device))["trusted"] == 1
    person.token = answer.json["token"]
    assert world.client.call("end_other_sessions", by=person).status == 200
    assert take("login", doors.ask_login(world, person.login, device))["trusted"] == 0


def test_the_login_is_found_in_any_letter_case(world: World) -> None:
    """Capital letters do not matter."""
    login = make.person(signed_in=False).login
    assert doors.ask_password(world, login.upper())


def test_the_security_journal_keeps_the_start(world: World) -> None:
    """Each call leaves a record that names no login."""
    login = make.person(signed_in=False).login
    world.client.call(NAME, {"login": login})
    assert doors.unknown_callers(NAME) == ["done"]
    assert login not in str([one.serialize() for one in SecurityRecord.scan()])
