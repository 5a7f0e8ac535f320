"""A network that guesses wrong too often is stopped for the hour, whatever the accounts; others are not."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import clock, settings
from chalicelib.kit.counts.tables import Counter

GUESSER, OTHER = "10.66.0.1", "10.66.0.2"


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


def test_wrong_codes_count_as_wrong_passwords_do(world: World) -> None:
    """Guesses of every kind are counted together."""
    for _ in range(3):
        _guess(world, GUESSER)
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    codes = [world.client.call("finish_sign_in", body, address=GUESSER).code for _ in range(4)]
    assert codes == ["code-wrong"] * 3 + ["too-many-guesses"]


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
    Counter.guessed_wrong("a")
    assert Counter.visit("a") == (31, 1)
    clock.advance(60)
    assert Counter.visit("a") == (1, 1)
