"""The device's answer makes a passkey a factor, once, and tells the owner."""

from typing import Any

import authenticator
import doors
import make
import pytest
from authenticator import EDDSA, ES256, RS256, Device
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.factors.schemas import used_factor
from chalicelib.kit import clock

NAME = "confirm_passkey"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    return make.Example(body=_body(world, person, Device()), by=person)


def _body(world: World, person: make.Person, device: Device, **wrong: Any) -> dict[str, Any]:
    asked = world.client.call("start_passkey", by=person).json
    return {"ticket": asked["ticket"], "credential": device.create(asked["public_key"], **wrong)}


def test_without_a_token_nothing_is_connected(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    made = example(world)
    clock.advance(601)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


def test_the_ticket_is_of_this_person_and_of_ten_minutes(world: World) -> None:
    """Somebody else's, a damaged and an old one begin nothing."""
    person = make.person()
    body = _body(world, person, Device())
    assert world.client.call(NAME, body, by=make.person()).code == "passkey-not-started"
    damaged = body | {"ticket": body["ticket"][:-4] + "AAAA"}
    assert world.client.call(NAME, damaged, by=person).code == "passkey-not-started"
    clock.advance(601)
    make.sign_in(person)
    assert world.client.call(NAME, body, by=person).code == "passkey-not-started"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"crossOrigin": True},
        {"flags": 0},
        {"attested": False},
        {"garbage": b"\x00"},
        {"cose": {1: 2, 3: 0}},
        {"challenge": "AAAA"},
    ],
)
def test_a_wrong_answer_of_the_device_is_refused(world: World, wrong: dict[str, Any]) -> None:
    """Each says why in Russian, and the account stays as it was."""
    person = make.person()
    answer = world.client.call(NAME, _body(world, person, Device(), **wrong), by=person)
    assert (answer.status, answer.code) == (422, "passkey-wrong")
    assert Account.get(person.person_id).passkeys == {}


@pytest.mark.parametrize("field", ["client_data", "attestation", "id"])
@pytest.mark.parametrize("value", ["", "=", "a+b/", "A" * 9000, None, 7, {}])
def test_what_is_not_base64url_is_a_wrong_field(world: World, field: str, value: object) -> None:
    """The field is pointed at."""
    person = make.person()
    body = _body(world, person, Device())
    body["credential"][field] = value
    answer = world.client.call(NAME, body, by=person)
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/credential/{field}"]


def test_one_key_is_connected_once(world: World) -> None:
    """A device that disregards the excluded keys is told so."""
    person, device = make.person(), Device()
    authenticator.register(world, person, device)
    asked = world.client.call("start_passkey", by=person).json
    again = device.create(asked["public_key"] | {"excludeCredentials": []})
    answer = world.client.call(NAME, {"ticket": asked["ticket"], "credential": again}, by=person)
    assert (answer.status, answer.code) == (409, "passkey-already-added")


def test_a_ticket_connects_one_key(world: World) -> None:
    """After a key was connected and removed, neither its answer nor another key uses the ticket again."""
    person, device = make.person(), Device()
    asked = world.client.call("start_passkey", by=person).json
    body = {"ticket": asked["ticket"], "credential": device.create(asked["public_key"])}
    answer = world.client.call(NAME, body, by=person)
    (factor,) = (one for one in answer.json["items"] if one["kind"] == "passkey")
    removed = world.client.call("remove_factor", by=person, match=answer.headers["ETag"], factor_id=factor["factor_id"])
    assert removed.status == 200
    assert world.client.call(NAME, body, by=person).code == "passkey-not-started"
    other = body | {"credential": Device().create(asked["public_key"])}
    assert world.client.call(NAME, other, by=person).code == "passkey-not-started"


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_the_key_is_a_factor_from_now_on(world: World, algorithm: int) -> None:
    """It is listed under its name, and its signature proves an act."""
    person, device = make.person(), Device(algorithm)
    factor_id = authenticator.register(world, person, device, name="Рабочий телефон")
    items = world.client.call("list_factors", by=person).json["items"]
    assert [one["name"] for one in items if one["factor_id"] == factor_id] == ["Рабочий телефон"]
    account = Account.get(person.person_id)
    assert set(account.passkeys[factor_id]) == {"credential", "key", "count", "name", "added_at", "used_at", "spent"}
    ticket = doors.ask_password(world, person.login)
    assert ticket
    assert "passkey" in {one["kind"] for one in _offered(world, person)}


def test_the_password_step_brings_the_request_to_the_device(world: World) -> None:
    """What the right password answers is enough to sign the second factor of this very sign-in."""
    person, device = make.person(), Device()
    authenticator.register(world, person, device)
    (offered,) = (one for one in _offered(world, person) if one["kind"] == "passkey")
    assert [one["id"] for one in offered["passkey"]["allowCredentials"]] == [device.id]
    assert offered["passkey"]["userVerification"] == "preferred"
    assert all(one["passkey"] is None for one in _offered(world, person) if one["kind"] != "passkey")


def _offered(world: World, person: make.Person) -> list[dict[str, Any]]:
    body = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    found: list[dict[str, Any]] = world.client.call("check_password", body).json["factors"]
    return found


def test_new_recovery_codes_replace_the_former(world: World) -> None:
    """The answer shows ten; a code of the former set opens nothing any more."""
    person = make.person()
    former = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    answer = world.client.run(NAME, make.Example(body=_body(world, person, Device()), by=person))
    assert len(answer.json["recovery_codes"]) == 10
    account = Account.get(person.person_id)
    assert used_factor(account, "recovery", answer.json["recovery_codes"][3], "x/y/z")
    with pytest.raises(Exception, match="code-wrong"):
        used_factor(account, "recovery", former[3], "x/y/z")


def test_the_owner_is_told_with_a_way_to_stop_it(world: World) -> None:
    """SMS and letter; the letter has the link by which he can say that it was not he."""
    made = example(world)
    assert made.by is not None
    assert world.client.run(NAME, made).status == 201
    assert "подключён ключ доступа" in world.sent(made.by.phone)[-1]
    letter = world.sent(made.by.email)[-1]
    assert "подключён ключ доступа" in letter
    assert "/not-me/#" in letter


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer, codes included, tells the owner once and adds one passkey."""
    made, key = example(world), make.key()
    assert made.by is not None
    first, again = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (201, first.raw)
    assert len(world.sent(made.by.phone)) == 1
    assert len(Account.get(made.by.person_id).passkeys) == 1


def test_the_same_answer_sent_at_once_connects_one_key(world: World) -> None:
    """Of parallel confirmations under different keys one succeeds."""
    made = example(world)
    assert made.by is not None
    answers = doors.together(4, lambda: world.client.run(NAME, made))
    assert [one.status for one in answers].count(201) == 1
    assert len(Account.get(made.by.person_id).passkeys) == 1


def test_the_journal_knows_the_tries(world: World) -> None:
    """Refusal and success stand in the person's journal."""
    person = make.person()
    world.client.call(NAME, _body(world, person, Device(), flags=0), by=person)
    world.client.call(NAME, _body(world, person, Device()), by=person)
    assert doors.journal(person.person_id, NAME) == [
        ("factor.passkey_added", "passkey-wrong"),
        ("factor.passkey_added", "done"),
    ]
