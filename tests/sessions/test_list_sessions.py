"""Where a person is signed in: his open sessions, named so that he knows them, and nobody else's."""

import doors
import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, secret
from chalicelib.kit.records.tables import Session
from chalicelib.sessions.rules import device_name

NAME = "list_sessions"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_no_list_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME).code == "not-signed-in"


def test_nobody_elses_session_is_in_the_list(world: World) -> None:
    """Other people's sessions are not shown, whoever asks."""
    person, other = make.person(), make.hr()
    shown = world.client.call(NAME, by=other).json["items"]
    assert [one["session_id"] for one in shown] == [other.token.split(".")[1]]
    assert person.token.split(".")[1] not in str(shown)


def test_each_session_is_named_so_that_its_owner_knows_it(world: World) -> None:
    """Role, door, device in people's words, network, times; newest first; the present one is marked."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("finish_sign_in", body, address="10.5.5.5", headers={"User-Agent": SAFARI})
    clock.advance(120)
    make.sign_in(person)
    first, second = world.client.call(NAME, by=person).json["items"]
    assert (first["current"], second["current"]) == (True, False)
    assert second["session_id"] == answer.json["session"]["session_id"]
    assert (second["device"], second["address"]) == ("Safari, iPhone", "10.5.5.5")
    assert (second["role"], second["door"]) == ("worker", "password")
    assert second["opened_at"] == second["used_at"] < first["opened_at"]


def test_what_has_ended_is_not_shown(world: World) -> None:
    """Sessions that idled out, though their items are still there, are left out."""
    person = make.person()
    clock.advance(901)
    make.sign_in(person)
    assert len(list(Session.query(Account.get(person.person_id).handle))) == 2
    (only,) = world.client.call(NAME, by=person).json["items"]
    assert only["current"]


def test_a_list_holds_no_secret(world: World) -> None:
    """Neither the token's secret nor its hash, nor the person's handle, stands in the answer."""
    person = make.person()
    handle, _, random = person.token.split(".")
    raw = world.client.call(NAME, by=person).raw.decode()
    assert handle not in raw
    assert random not in raw
    (session,) = Session.scan()
    assert session.secret_hash not in raw
    assert secret.look_up("source", make.USUAL_ADDRESS) not in raw


def test_devices_are_named_as_people_name_them() -> None:
    """Browsers that call themselves by each other's names are told apart; a program is shown as it named itself."""
    yandex = CHROME.replace("Safari", "YaBrowser/24.10 Safari")
    named = [device_name(one) for one in (CHROME, yandex, CHROME + " Edg/131.0", SAFARI, "mis-client/2", "")]
    assert named == [
        "Chrome, Windows",
        "Яндекс Браузер, Windows",
        "Edge, Windows",
        "Safari, iPhone",
        "mis-client/2",
        "Не назвалось",
    ]


def test_the_journal_keeps_the_look(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("sessions.listed", "done")]
