"""A passkey opens a session by itself, and serves as the second factor after a password."""

from typing import Any

import authenticator
import doors
import make
from conftest import World

from chalicelib.accounts.tables import Account

NAME = "finish_sign_in"


def _keyed(world: World, **facts: Any) -> tuple[make.Person, authenticator.Device]:
    person, device = make.person(), authenticator.Device(**facts)
    authenticator.register(world, person, device)
    return person, device


def _alone(world: World, device: authenticator.Device) -> dict[str, Any]:
    started = world.client.call("start_passkey_sign_in").json
    return {"ticket": started["ticket"], "kind": "passkey", "assertion": device.get(started["public_key"])}


def test_a_passkey_alone_opens_a_session(world: World) -> None:
    """No login, no password, no code: the device has checked its owner."""
    person, device = _keyed(world)
    answer = world.client.call(NAME, _alone(world, device))
    assert (answer.status, answer.json["session"]["door"]) == (201, "passkey")
    person.token = answer.json["token"]
    assert world.client.call("read_session", by=person).status == 200


def test_an_answer_of_a_passkey_serves_once(world: World) -> None:
    """Twenty times at once or later again: one session."""
    _, device = _keyed(world)
    body = _alone(world, device)
    statuses = [one.status for one in doors.together(20, lambda: world.client.call(NAME, body))]
    assert statuses.count(201) == 1
    assert world.client.call(NAME, body).status >= 400


def test_a_stranger_cannot_lock_the_passkey_door(world: World) -> None:
    """With the password door shut and its tries used up, the passkey still opens."""
    person, device = _keyed(world)
    doors.at_hour_start()
    ticket = doors.ask_password(world, person.login)
    for _ in range(6):
        world.client.call(NAME, {"ticket": ticket, "kind": "sms", "code": "000000"})
    assert (Account.get(person.person_id).blocked or {})["by"] == "suspicion"
    assert world.client.call(NAME, _alone(world, device)).status == 201


def test_a_passkey_is_a_second_factor(world: World) -> None:
    """After the password, the answer to the offered request finishes the sign-in."""
    person, device = _keyed(world)
    body = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    accepted = world.client.call("check_password", body).json
    (offered,) = [one for one in accepted["factors"] if one["kind"] == "passkey"]
    said = {"ticket": accepted["ticket"], "kind": "passkey", "assertion": device.get(offered["passkey"])}
    assert world.client.call(NAME, said).json["session"]["door"] == "password"


def test_a_copied_passkey_is_refused_and_told(world: World) -> None:
    """A counter that went back opens nothing, and the owner hears of it."""
    person, device = _keyed(world)
    assert world.client.call(NAME, _alone(world, device)).status == 201
    started = world.client.call("start_passkey_sign_in").json
    old = device.get(started["public_key"], count=0)
    answer = world.client.call(NAME, {"ticket": started["ticket"], "kind": "passkey", "assertion": old})
    assert answer.code == "passkey-cloned", answer.raw
    assert "копией" in world.sent(person.email)[-1]


def test_the_ticket_of_a_passkey_sends_no_code(world: World) -> None:
    """Nobody is known yet, so there is nobody to send it to."""
    ticket = world.client.call("start_passkey_sign_in").json["ticket"]
    answer = world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "sms"})
    assert answer.code == "sign-in-expired"
