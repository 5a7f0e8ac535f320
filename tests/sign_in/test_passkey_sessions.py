"""A passkey opens a session by itself, and serves as the second factor after a password."""

from typing import Any

import authenticator
import doors
import make
import papers
import pytest
from conftest import World
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.accounts.tables import Account
from chalicelib.factors import schemas as factors
from chalicelib.kit import ids
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.text import base64url
from chalicelib.kit.webauthn import check_assertion

NAME = "finish_sign_in"
RFC_6979_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721


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


STATES: dict[str, dict[str, Any]] = {
    "open": {},
    "blocked": {"blocked": {"by": "owner", "at": 1}},
    "closed": {"closed_at": 1},
    "works nowhere": {"register_state": "not_working", "matched_at": 1},
    "all ended": {"ended_at": 4_000_000_000},
    "claimed": {"assurance": "claimed"},
    "without a key": {"passkeys": {}},
    "without contacts": {"contacts": None},
}


@pytest.mark.parametrize("state", ["unknown", *STATES])
def test_an_unsigned_answer_tells_nothing_of_an_account(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Who knows a person's number hears the same for the same work, whoever it is, and has nothing queued or sent."""
    person, device = _keyed(world)
    account = Account.get(person.person_id)
    for name, value in STATES.get(state, {}).items():
        setattr(account, name, value)
    account.save()
    named = ids.new("psn") if state == "unknown" else person.person_id
    started = world.client.call("start_passkey_sign_in").json
    known = {"user_handle": base64url(named.encode()), "id": device.id if state != "open" else "AAAA"}
    forged = device.get(started["public_key"], **known, signature=authenticator.Device().sign(b"anything"))
    before = papers.raw(Outbox)
    checked: list[str] = []

    def counted_check(*said: Any, **more: Any) -> int:
        checked.append(state)
        return check_assertion(*said, **more)

    monkeypatch.setattr(factors, "check_assertion", counted_check)
    doors.at_minute_start()
    world.trips.start()
    answer = world.client.call(NAME, {"ticket": started["ticket"], "kind": "passkey", "assertion": forged})
    assert (answer.status, answer.code) == (422, "passkey-wrong")
    assert "подпись не подходит к этому ключу" in answer.json["detail"]
    counted = [one for one in world.trips.calls if one.startswith("dynamodb")]
    assert counted == ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    assert (len(checked), papers.raw(Outbox)) == (1, before)


def test_what_is_signed_by_the_key_of_nobody_opens_nothing(world: World) -> None:
    """The key that stands in for a missing one is published, with its private half: it proves nobody."""
    person, device = _keyed(world)
    device.key = ec.derive_private_key(RFC_6979_KEY, ec.SECP256R1())
    started = world.client.call("start_passkey_sign_in").json
    for named in (person.person_id, ids.new("psn")):
        handle = base64url(named.encode())
        said = device.get(started["public_key"], user_handle=handle, id="AAAA")
        body = {"ticket": started["ticket"], "kind": "passkey", "assertion": said}
        assert world.client.call(NAME, body).code == "passkey-wrong"


def test_who_has_proved_himself_by_his_key_is_told_of_his_account(world: World) -> None:
    """The owner, and only he, hears that it is blocked."""
    person, device = _keyed(world)
    Account.get(person.person_id).update(actions=[Account.blocked.set({"by": "owner", "at": 1})])
    assert world.client.call(NAME, _alone(world, device)).code == "account-blocked"


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
