"""A network that guesses wrong too often is stopped for the hour, whatever the accounts; others are not."""

from typing import Literal

import doors
import make
import pytest
from conftest import World
from gates.examples import example_of, names

from chalicelib.kit import catalogue, clock, secret, settings
from chalicelib.kit.counts.tables import Counter

GUESSER, OTHER = "10.66.0.1", "10.66.0.2"
PROOFS: tuple[Literal["esia", "oidc", "signature"], ...] = ("esia", "oidc", "signature")


@pytest.fixture(autouse=True)
def few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a network guess wrong six times an hour."""
    monkeypatch.setattr(settings, "WRONG_GUESSES_AN_HOUR", 6)
    doors.at_hour_start()


def _guess(world: World, address: str, password: str = "Wrong-Word-2026") -> make.Answer:  # noqa: S107 - a guess
    login = make.person(signed_in=False).login
    body = {"ticket": doors.ask_login(world, login), "password": password}
    return world.client.call("check_password", body, address=address)


def test_a_guessing_network_is_stopped_for_the_hour(world: World) -> None:
    """Each time another account, six times wrong: then even the right password waits until the next hour."""
    codes = [_guess(world, GUESSER).code for _ in range(6)]
    assert codes == ["password-wrong"] * 6
    answer = _guess(world, GUESSER, make.PASSWORD)
    assert (answer.status, answer.code) == (429, "too-many-guesses")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert _guess(world, OTHER, make.PASSWORD).status == 200
    clock.advance(3600)
    assert _guess(world, GUESSER, make.PASSWORD).status == 200


def test_only_what_can_be_guessed_is_stopped(world: World) -> None:
    """From the stopped network a sign-in may be begun, and who is signed in works on."""
    for _ in range(6):
        _guess(world, GUESSER)
    assert world.client.call("start_sign_in", {"login": "nobody_xy"}, address=GUESSER).status == 201
    person = make.person()
    assert world.client.call("read_session", by=person, address=GUESSER).status == 200


@pytest.mark.parametrize("name", names())
def test_no_door_is_open_to_a_guessing_network(world: World, name: str) -> None:
    """Whatever a stranger may guess at without a session is not compared for a network that has guessed enough."""
    operation = catalogue.operations[name]
    if not operation.public or not any(one.is_guess for one in operation.refuses):
        return
    example = example_of(name, world)
    if name == "finish_sign_in":  # its example has proved himself; here a stranger's code is meant
        person = make.person(signed_in=False)
        ticket = doors.ask_password(world, person.login)
        example.body = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}
    _exhaust(GUESSER)
    assert world.client.run(name, example, address=GUESSER).code == "too-many-guesses"
    assert world.client.run(name, example, address=OTHER).status == operation.status


def _exhaust(address: str) -> None:
    """Let a network guess wrong as often as it may, passwords and codes."""
    for _ in range(settings.WRONG_GUESSES_AN_HOUR):
        Counter.guessed_wrong(secret.look_up("source", address), "password")
        Counter.guessed_wrong(secret.look_up("source", address), "code")


def _wrong_code(world: World, ticket: str) -> str:
    body = {"ticket": ticket, "kind": "sms", "code": "000000"}
    return world.client.call("finish_sign_in", body, address=GUESSER).code


def test_passwords_and_codes_are_counted_apart(world: World) -> None:
    """Wrong passwords of a network leave its codes alone, and the other way round."""
    for _ in range(6):
        _guess(world, GUESSER)
    tickets = [doors.ask_password(world, make.person(signed_in=False).login) for _ in range(7)]
    assert [_wrong_code(world, one) for one in tickets] == ["code-wrong"] * 6 + ["too-many-guesses"]
    clock.advance(3600)
    tickets = [doors.ask_password(world, make.person(signed_in=False).login) for _ in range(6)]
    assert [_wrong_code(world, one) for one in tickets] == ["code-wrong"] * 6
    assert _guess(world, GUESSER, make.PASSWORD).status == 200


@pytest.mark.parametrize("by", PROOFS)
@pytest.mark.parametrize("strong", [True, False])
def test_who_has_proved_himself_comes_in_from_a_guessing_network(
    world: World,
    by: Literal["esia", "oidc", "signature"],
    strong: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Proofs pass, with the factor that a weaker one wants: a hospital's address shuts no such door."""
    person = make.person(signed_in=False)
    ticket = doors.proved(person, strong=strong, by=by)
    body = (
        {"ticket": ticket}
        if strong
        else {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}
    )
    _exhaust(GUESSER)
    assert world.client.call("finish_sign_in", body, address=GUESSER).status == 201


def test_a_known_device_comes_in_from_a_guessing_network(world: World) -> None:
    """Its password and its code are compared, and its mistakes do not bring the network nearer to its end."""
    person = make.person(signed_in=False)
    for _ in range(6):
        body = {"ticket": doors.ask_login(world, person.login, doors.device(person)), "password": "Wrong-Word-2026"}
        assert world.client.call("check_password", body, address=GUESSER).code == "password-wrong"
        clock.advance(300)
    assert _guess(world, GUESSER, make.PASSWORD).status == 200
    _exhaust(GUESSER)
    body["password"] = make.PASSWORD
    body["ticket"] = doors.ask_login(world, person.login, doors.device(person))
    answer = world.client.call("check_password", body, address=GUESSER)
    assert answer.status == 200
    ticket = answer.json["ticket"]
    finish = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}
    assert world.client.call("finish_sign_in", finish, address=GUESSER).status == 201


def test_right_ones_and_mistakes_of_form_are_no_guesses(world: World) -> None:
    """Neither successes nor wrong fields bring a network nearer to its end."""
    for _ in range(8):
        assert _guess(world, GUESSER, make.PASSWORD).status == 200
        assert world.client.call("check_password", {"ticket": "x"}, address=GUESSER).code == "wrong-fields"
    assert _guess(world, GUESSER, make.PASSWORD).status == 200


def test_neighbours_in_one_ipv6_network_are_one(world: World) -> None:
    """A /64 counts as one source: changing the end of the address brings no new tries."""
    for number in range(6):
        assert _guess(world, f"2001:db8:1:2::{number + 1}").code == "password-wrong"
    assert _guess(world, "2001:db8:1:2:ffff::9").code == "too-many-guesses"
    assert _guess(world, "2001:db8:1:3::1").code == "password-wrong"


def test_parallel_visits_are_all_counted(world: World) -> None:
    """Thirty visits at once are thirty; a wrong guess is counted beside them."""
    doors.at_minute_start()
    assert sorted(one.calls for one in doors.together(30, lambda: Counter.visit("a"))) == list(range(1, 31))
    Counter.guessed_wrong("a", "password")
    assert Counter.visit("a") == (31, 1, 0)
    Counter.guessed_wrong("a", "code")
    clock.advance(60)
    assert Counter.visit("a") == (1, 1, 1)
