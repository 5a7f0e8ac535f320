"""How a factor proves an act: once, for this act, by this person; what the doors build on."""

import importlib
from typing import Any

import authenticator
import doors
import fido2.ctap2
import make
import msgspec
import pytest
from authenticator import Device
from conftest import World
from fido2.webauthn import AttestedCredentialData

from chalicelib.accounts.refusals import CodeWrong
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable, PasskeyCloned, PasskeyWrong
from chalicelib.factors.schemas import (
    SPENT_SECONDS,
    Passkey,
    factors_of,
    kinds_of,
    passkey_challenge,
    passkey_request,
    passkey_sign_in,
    passkeys_of,
    used_factor,
    warn_of_clone,
)
from chalicelib.kit import body, clock, passkeys
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import operations
from chalicelib.kit.passkeys import Assertion
from chalicelib.kit.refusals import Busy
from chalicelib.kit.tables import Action
from chalicelib.kit.text import base64url, base64url_bytes
from chalicelib.kit.transaction import Transaction, commit
from chalicelib.kit.web import Request
from chalicelib.sign_in.schemas import entry_of, take

ACT = "sign_in/psn_x/nonce"
ASKED = Request(method="POST", path="/", headers={}, path_values={}, query={}, body=b"", address="", trace_id="t")


def account_of(person: make.Person) -> Account:
    """Read a person's account anew."""
    return Account.get(person.person_id)


def kept(account: Account, actions: list[Action]) -> None:
    """Write what a use changes, as the doors do."""
    transaction = Transaction()
    transaction.update(account, *actions)
    commit(transaction.steps)


def answer(device: Device, person: make.Person, act: str = ACT, **wrong: Any) -> Assertion:
    """Have a device sign an act."""
    asked = dict(msgspec.to_builtins(passkey_request(account_of(person), act)))
    found: Assertion = body.convert(device.get(asked, **wrong), Assertion)
    return found


def use(person: make.Person, said: Assertion | None, act: str = ACT, *, alone: bool = False) -> None:
    """Prove an act by a passkey and keep the change."""
    account = account_of(person)
    kept(account, used_factor(account, "passkey", None, act, assertion=said, alone=alone))


def keyed(world: World, **device: Any) -> tuple[make.Person, Device]:
    """Make a person with a passkey."""
    person, made = make.person(), Device(**device)
    authenticator.register(world, person, made)
    return person, made


def test_a_passkey_proves_an_act(world: World) -> None:
    """The count and the moment of the last use are kept."""
    person, device = keyed(world)
    use(person, answer(device, person))
    (stored,) = passkeys_of(account_of(person)).values()
    assert stored.count == 1
    assert doors.is_about(stored.used_at)
    items = world.client.call("list_factors", by=person).json["items"]
    assert [one["used_at"] for one in items if one["kind"] == "passkey"] == [clock.moment(stored.used_at)]


def test_a_device_written_by_others_registers_and_signs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """soft-webauthn shares no line with the tests' own device; fido2 2 has moved one name that it asks for."""
    monkeypatch.setattr(fido2.ctap2, "AttestedCredentialData", AttestedCredentialData, raising=False)
    device = importlib.import_module("soft_webauthn").SoftWebauthnDevice()
    person = make.person()
    started = world.client.call("start_passkey", by=person).json
    asked = started["public_key"]
    raw = {"challenge": base64url_bytes(asked["challenge"]), "user": {"id": base64url_bytes(asked["user"]["id"])}}
    made = device.create({"publicKey": asked | raw}, passkeys.origin())
    credential = {
        "id": base64url(made["rawId"]),
        "client_data": base64url(made["response"]["clientDataJSON"]),
        "attestation": base64url(made["response"]["attestationObject"]),
    }
    confirmation = {"ticket": started["ticket"], "credential": credential}
    assert world.client.call("confirm_passkey", confirmation, by=person).status == 201
    wanted = {"challenge": base64url_bytes(passkey_challenge(ACT)), "rpId": passkeys.site()}
    signed = device.get({"publicKey": wanted}, passkeys.origin())
    answered = signed["response"]
    said = Assertion(
        id=base64url(signed["rawId"]),  # type: ignore[arg-type] # the text types are read from JSON elsewhere
        client_data=base64url(answered["clientDataJSON"]),  # type: ignore[arg-type] # see above
        authenticator_data=base64url(answered["authenticatorData"]),  # type: ignore[arg-type] # see above
        signature=base64url(answered["signature"]),  # type: ignore[arg-type] # see above
        user_handle=base64url(answered["userHandle"]),  # type: ignore[arg-type] # see above
    )
    use(person, said)
    with pytest.raises(PasskeyWrong):
        use(person, said, alone=True)


def test_the_request_names_the_keys_and_the_challenge_of_the_act(world: World) -> None:
    """Whoever publishes the request for an act gets its challenge and the account's keys."""
    person, device = keyed(world)
    asked = passkey_request(account_of(person), ACT)
    assert (asked.challenge, [one.id for one in asked.allow_credentials]) == (passkey_challenge(ACT), [device.id])
    offered = {one.kind: one.passkey for one in factors_of(account_of(person), ACT)}
    assert offered["passkey"] == asked
    assert {one.passkey for one in factors_of(account_of(person))} == {None}


@pytest.mark.parametrize("step", [0, 1])
def test_an_answer_proves_once(world: World, step: int) -> None:
    """Sent again it is refused, also by keys that do not count their signatures."""
    person, device = keyed(world, step=step)
    said = answer(device, person)
    use(person, said)
    with pytest.raises(PasskeyWrong, match="passkey-wrong"):
        use(person, said)
    use(person, answer(device, person, "step_up/x/y"), "step_up/x/y")


@pytest.mark.parametrize("step", [0, 1])
def test_an_answer_sent_twice_at_once_proves_once(world: World, step: int) -> None:
    """Both were checked against the same account; the second change does not hold."""
    person, device = keyed(world, step=step)
    said, account = answer(device, person), account_of(person)
    both = [used_factor(account, "passkey", None, ACT, assertion=said) for _ in range(2)]
    kept(account, both[0])
    with pytest.raises(Busy):
        kept(account, both[1])


def test_spent_answers_are_forgotten_after_the_act(world: World) -> None:
    """The account does not grow: challenges older than any ticket go."""
    person, device = keyed(world)
    for number in range(3):
        use(person, answer(device, person, f"sign_in/x/{number}"), f"sign_in/x/{number}")
    clock.advance(SPENT_SECONDS + 1)
    use(person, answer(device, person))
    (stored,) = passkeys_of(account_of(person)).values()
    assert list(stored.spent) == [passkey_challenge(ACT)]


def test_an_answer_for_another_act_is_refused(world: World) -> None:
    """The challenge is of the act."""
    person, device = keyed(world)
    with pytest.raises(PasskeyWrong):
        use(person, answer(device, person, "sign_in/psn_x/other"))


def test_without_an_answer_there_is_no_proof(world: World) -> None:
    """Naming the kind alone proves nothing."""
    person, _ = keyed(world)
    with pytest.raises(PasskeyWrong):
        use(person, None)


def test_anothers_key_proves_nothing_here(world: World) -> None:
    """Neither under its own id, nor under the id of the person's key, nor with another user handle."""
    person, device = keyed(world)
    stranger, foreign = keyed(world)
    for said in (
        answer(foreign, person),
        answer(foreign, person, id=device.id, user_handle=device.user_handle),
        answer(device, person, user_handle=base64url(stranger.person_id.encode())),
        answer(device, person, id=foreign.id),
    ):
        with pytest.raises(PasskeyWrong):
            use(person, said)
    with pytest.raises(PasskeyWrong):
        use(stranger, answer(device, person))


def test_a_second_factor_needs_no_finger_and_a_passkey_alone_does(world: World) -> None:
    """Password and presence are two proofs; presence by itself is one."""
    person, device = keyed(world, verified=False)
    with pytest.raises(PasskeyWrong):
        use(person, answer(device, person), alone=True)
    use(person, answer(device, person))


def test_a_counter_that_went_back_is_told_apart_and_to_the_owner(world: World) -> None:
    """A copy of a key is refused by a refusal of its own, and the warning reaches the owner."""
    person, device = keyed(world)
    use(person, answer(device, person, count=7))
    with pytest.raises(PasskeyCloned):
        use(person, answer(device, person, "sign_in/x/later", count=3), "sign_in/x/later")
    call = Call(operations["finish_sign_in"], ASKED)
    warn_of_clone(call, account_of(person))
    (told,) = call.aftermath.effects
    assert (told.person_id, told.not_me) == (person.person_id, True)  # type: ignore[attr-defined] # it is TellOwner


def test_a_removed_passkey_proves_nothing(world: World) -> None:
    """It is not available, and with another key left it is unknown."""
    person, device = keyed(world)
    second = Device()
    authenticator.register(world, person, second)
    said = answer(device, person)
    account = account_of(person)
    left = {name: one for name, one in passkeys_of(account).items() if one.credential != device.id}
    account.update(actions=[Account.passkeys.set(msgspec.to_builtins(left))])
    with pytest.raises(PasskeyWrong):
        use(person, said)
    account_of(person).update(actions=[Account.passkeys.set({})])
    with pytest.raises(FactorNotAvailable):
        use(person, said)


def test_a_passkey_signs_in_alone(world: World) -> None:
    """The ticket's challenge, the device's word who it is, and the check against that account."""
    person, device = keyed(world)
    started = world.client.call("start_passkey_sign_in").json
    said = body.convert(device.get(started["public_key"]), Assertion)
    values = take("passkey", started["ticket"])
    act = f"sign_in/passkey/{values['nonce']}"
    account, changes = passkey_sign_in(Call(operations["finish_sign_in"], ASKED), act, said)
    assert account.person_id == person.person_id
    kept(account, changes)
    with pytest.raises(PasskeyWrong):
        passkey_sign_in(Call(operations["finish_sign_in"], ASKED), act, said)


@pytest.mark.parametrize("handle", [None, "AAAA", base64url(b"psn_1"), base64url(b"fac_" + b"0" * 32), "_" * 64])
def test_a_device_that_does_not_say_whose_key_it_is_signs_nobody_in(world: World, handle: str | None) -> None:
    """Without a person's id in the user handle there is nobody to look for."""
    _, device = keyed(world)
    started = world.client.call("start_passkey_sign_in").json
    said = body.convert(device.get(started["public_key"]) | {"user_handle": handle}, Assertion)
    with pytest.raises(PasskeyWrong):
        passkey_sign_in(Call(operations["finish_sign_in"], ASKED), entry_of(started["ticket"]).act, said)


def test_an_answer_for_another_ticket_looks_for_nobody(world: World) -> None:
    """It is refused before any account is read."""
    _, device = keyed(world)
    first, second = (world.client.call("start_passkey_sign_in").json for _ in range(2))
    said = body.convert(device.get(first["public_key"]), Assertion)
    with pytest.raises(PasskeyWrong):
        passkey_sign_in(Call(operations["finish_sign_in"], ASKED), entry_of(second["ticket"]).act, said)


def test_a_recovery_code_proves_once(world: World) -> None:
    """However it is typed; the others stay good."""
    person = make.person()
    codes = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    account = account_of(person)
    kept(account, used_factor(account, "recovery", codes[4].lower().replace("-", " "), ACT))
    assert account_of(person).recovery_codes[4] is None
    with pytest.raises(CodeWrong):
        used_factor(account_of(person), "recovery", codes[4], ACT)
    account = account_of(person)
    kept(account, used_factor(account, "recovery", codes[5], ACT))
    (listed,) = (one for one in factors_of(account_of(person)) if one.kind == "recovery")
    assert "осталось 8" in listed.title


def test_a_recovery_code_sent_twice_at_once_proves_once(world: World) -> None:
    """The second change does not hold."""
    person = make.person()
    codes = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    account = account_of(person)
    both = [used_factor(account, "recovery", codes[0], ACT) for _ in range(2)]
    kept(account, both[0])
    with pytest.raises(Busy):
        kept(account, both[1])


def test_every_wrong_recovery_code_costs_one_hashing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong, used, another entry's and no code at all are not told apart by the work done."""
    person = make.person()
    codes = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    account = account_of(person)
    kept(account, used_factor(account, "recovery", codes[0], ACT))
    account = account_of(person)
    with pytest.raises(CodeWrong):
        used_factor(account, "recovery", codes[0], ACT)  # whatever is loaded once is loaded
    hashings = doors.count_hashings(monkeypatch)
    swapped = codes[2][0] + codes[1][1:]
    for code in (codes[0], swapped, "9-0000-0000-0000", "123456", "ab"):
        hashings.clear()
        with pytest.raises(CodeWrong):
            used_factor(account, "recovery", code, ACT)
        assert hashings == ["verify_secret"], code


def test_used_up_codes_are_no_factor(world: World) -> None:
    """After the tenth there is nothing to offer."""
    person = make.person()
    for code in world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]:
        account = account_of(person)
        kept(account, used_factor(account, "recovery", code, ACT))
    assert "recovery" not in kinds_of(account_of(person))


@pytest.mark.parametrize(("recovered", "left"), [("sms", "email"), ("email", "sms")])
def test_the_channel_of_the_recovery_is_not_the_second_proof(world: World, recovered: str, left: str) -> None:
    """Until the person has proven himself otherwise, it is neither offered nor taken."""
    person = make.person()
    account_of(person).update(actions=[Account.recovered_by.set(recovered)])
    kinds = [one.kind for one in factors_of(account_of(person))]
    assert recovered not in kinds
    assert left in kinds
    with pytest.raises(FactorNotAvailable):
        used_factor(account_of(person), recovered, "123456", ACT)  # type: ignore[arg-type] # it is a kind


def test_without_contacts_there_are_no_channels(world: World) -> None:
    """An account that has no phone and mailbox yet offers and shows what needs neither."""
    person = make.person()
    account_of(person).update(actions=[Account.contacts.remove()])
    assert kinds_of(account_of(person)) == ["totp"]
    assert [one.kind for one in factors_of(account_of(person))] == ["totp"]
    items = world.client.call("list_factors", by=person).json["items"]
    assert [one["kind"] for one in items] == ["totp"]


def test_stored_passkeys_read_back(world: World) -> None:
    """What an account holds of a passkey survives the store, numbers included."""
    person, device = keyed(world)
    ((factor_id, stored),) = passkeys_of(account_of(person)).items()
    assert factor_id.startswith("fac_")
    assert isinstance(stored, Passkey)
    assert (stored.credential, stored.count, stored.spent) == (device.id, 0, {})
    assert passkeys.challenge(ACT) == passkey_challenge(ACT)
