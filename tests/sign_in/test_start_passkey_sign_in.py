"""The door without login and password: what the device is asked for."""

import authenticator
import doors
import make
from conftest import World

from chalicelib.sign_in.schemas import take

NAME = "start_passkey_sign_in"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example()


def test_the_ticket_opens_no_other_step(world: World) -> None:
    """It is neither a passed login nor a passed password."""
    ticket = world.client.call(NAME).json["ticket"]
    body = {"ticket": ticket, "password": make.PASSWORD}
    assert world.client.call("check_password", body).code == "sign-in-expired"
    body = {"ticket": ticket, "channel": "sms"}
    assert world.client.call("send_sign_in_code", body).code == "sign-in-expired"


def test_any_passkey_of_this_site_may_answer_and_must_know_its_person(world: World) -> None:
    """No key is named, the device checks finger, face or PIN; nothing tells whether anybody has a passkey."""
    authenticator.register(world, make.person(), authenticator.Device())
    answer = world.client.call(NAME)
    asked = answer.json["public_key"]
    assert (answer.status, answer.json["next"]) == (201, "finish_sign_in")
    assert (asked["rpId"], asked["allowCredentials"], asked["userVerification"]) == ("localhost", [], "required")
    values = take("passkey", answer.json["ticket"])
    assert values["person"] == ""


def test_each_start_has_a_challenge_of_its_own(world: World) -> None:
    """An answer recorded once does not fit another sign-in."""
    assert len({world.client.call(NAME).json["public_key"]["challenge"] for _ in range(3)}) == 3


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same ticket."""
    key = make.key()
    first, again = (world.client.call(NAME, idempotency=key) for _ in range(2))
    assert again.raw == first.raw


def test_the_security_journal_keeps_the_start(world: World) -> None:
    """Each call leaves a record that names nobody."""
    world.client.call(NAME)
    assert doors.unknown_callers(NAME) == ["done"]
