"""The last step of registration: one account at most, and only the proven channels learn how it ended."""

from collections import Counter

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account, Employment, Login, Reservation
from chalicelib.kit import clock, vault
from chalicelib.kit.records.tables import Outbox
from chalicelib.profile.tables import Profile
from chalicelib.registration.tables import MOST_TRIES, RegistrationFlow

NAME = "complete_registration"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=doors.completion(doors.prove_contacts(world, doors.applicant(world))))


def test_contacts_must_be_proven_first(world: World) -> None:
    """A flow that waits for its codes does not take a password."""
    answer = world.client.call(NAME, doors.completion(doors.start(world, doors.applicant(world))))
    assert (answer.status, answer.code) == (409, "flow-ended")
    assert not doors.people()


def test_every_broken_rule_of_the_password_is_named(world: World) -> None:
    """One answer tells all that a password lacks, and no account comes of it."""
    flow = doors.prove_contacts(world, doors.applicant(world))
    answer = world.client.call(NAME, doors.completion(flow, password="ivanov"))
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert {(one["pointer"], one["code"]) for one in answer.json["errors"]} == {("/password", "weak-password")}
    said = " ".join(one["detail"] for one in answer.json["errors"])
    for word in ("короткий", "заглавные", "цифру", "специальный", "логина"):
        assert word in said
    assert not doors.people()


def test_the_security_profile_decides_what_is_weak(world: World) -> None:
    """Under the modern one length counts: a short mixed password is refused, a plain phrase is taken and dated."""
    who = doors.applicant(world)
    flow = doors.prove_contacts(world, who)
    returns.set_profile("modern")
    assert world.client.call(NAME, doors.completion(flow, password="Kot-7!zQ")).code == "wrong-fields"
    assert world.client.call(NAME, doors.completion(flow, password="три пингвина и чайник")).status == 202
    account = Account.get(doors.registered(world, who).person_id)
    assert account.password_changed_at > clock.epoch() - 60


def test_consent_must_name_the_present_policy(world: World) -> None:
    """Consent to another version of the policy is no consent, and costs no try."""
    flow = doors.prove_contacts(world, doors.applicant(world))
    for _ in range(6):
        answer = world.client.call(NAME, doors.completion(flow, policy_version="2020-01"))
        assert (answer.status, answer.code) == (422, "policy-not-accepted")
    assert world.client.call(NAME, doors.completion(flow)).status == 202


def test_after_an_hour_the_flow_has_ended(world: World) -> None:
    """A registration left alone for an hour is begun anew."""
    body = example(world).body
    clock.advance(3601)
    assert world.client.call(NAME, body).code == "flow-ended"


def test_tries_are_limited(world: World) -> None:
    """Finding a password may take more tries than a code, but not endlessly many."""
    body = example(world).body
    for _ in range(MOST_TRIES["completion"]):
        assert world.client.call(NAME, body | {"password": "weak"}).code == "wrong-fields"
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (429, "too-many-tries")


def test_a_matched_worker_gets_a_claimed_account(world: World) -> None:
    """Account, login, reservations, profile and employment appear together; identity is not proven yet."""
    who = doors.applicant(world)
    person = doors.register(world, who)
    (account,) = doors.people()
    assert (account.assurance, account.register_state, account.person_id) == ("claimed", "working", person.person_id)
    assert person.login == "ivanova_ap"
    assert Login.get("ivanova_ap").person_id == person.person_id
    assert {one.person_id for one in Reservation.scan()} == {person.person_id}
    assert Reservation.count() == 2
    assert Profile.get(person.person_id).status == "not_checked"
    assert Employment.get(person.person_id, make.HOSPITAL).matched_at <= clock.epoch()
    assert make.PASSWORD not in str(account.serialize())
    assert next(iter(RegistrationFlow.scan())).state == "done"


def test_the_new_account_can_sign_in_and_is_told_to_prove_identity(world: World) -> None:
    """Login and password work at once; what needs a proven person is refused with the way to prove it."""
    person = doors.register(world, doors.applicant(world))
    doors.sign_in(world, person)
    assert world.client.call("read_session", by=person).json["identity"] == "claimed"
    answer = world.client.call("start_totp", by=person)
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_a_namesake_gets_a_number(world: World) -> None:
    """Logins are unique: the second with the same name has a number behind it."""
    logins = [doors.register(world, doors.applicant(world)).login for _ in range(3)]
    assert logins[0] == "ivanova_ap"
    assert all(one.removeprefix("ivanova_ap").isdigit() for one in logins[1:])
    assert len(set(logins)) == 3


def test_namesakes_at_the_same_time_get_different_logins(world: World) -> None:
    """Whoever loses the login in between repeats the step and gets a number."""
    flows = [doors.prove_contacts(world, doors.applicant(world)) for _ in range(2)]
    assert world.client.call(NAME, doors.completion(flows[0])).status == 202
    second = doors.completion(flows[1])
    statuses = [world.client.call(NAME, second).status]
    if statuses == [503]:
        statuses.append(world.client.call(NAME, second).status)
    assert statuses[-1] == 202
    assert len({one.login for one in doors.people()}) == 2


def test_a_weak_password_at_first_does_not_spoil_the_login(world: World) -> None:
    """Only a namesake brings a number into the login, not an earlier try."""
    who = doors.applicant(world)
    flow = doors.prove_contacts(world, who)
    world.client.call(NAME, doors.completion(flow, password="weak"))
    world.client.call(NAME, doors.completion(flow))
    assert doors.login_told(world, who) == "ivanova_ap"


@pytest.mark.parametrize("shared", ["snils", "phone"])
def test_whoever_was_registered_in_between_is_told_so_on_his_channels(world: World, shared: str) -> None:
    """Two flows for one СНИЛС or phone end alike for the caller: the later learns the reason by SMS."""
    first = doors.applicant(world)
    second = first if shared == "snils" else doors.applicant(world, phone=first.phone)
    flows = [doors.prove_contacts(world, first), doors.prove_contacts(world, second)]
    assert world.client.call(NAME, doors.completion(flows[0])).status == 202
    statuses = [world.client.call(NAME, doors.completion(flows[1])).status for _ in range(2)]
    assert 202 in statuses  # at once, or when the client repeats what was busy
    assert len(doors.people()) == 1
    assert "Регистрация не завершена" in world.sent(second.phone)[-1]


def test_all_outcomes_answer_alike_and_cost_alike(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer, calls, hashings and messages are the same; only phone and mailbox learn how it ended."""
    seen, told = {}, {}
    for name, made in doors.APPLICANTS.items():
        who = made(world)
        flow = doors.prove_contacts(world, who)
        before = len(doors.people())
        rows = Outbox.count()
        with monkeypatch.context() as patch:
            hashings = doors.count_hashings(patch)
            vault.forget()
            world.trips.start()
            answer = world.client.call(NAME, doors.completion(flow))
            body = {key: value for key, value in answer.json.items() if key not in {"flow", "expires_at"}}
            calls = list(world.trips.calls)
            seen[name] = (answer.status, body, doors.shape(answer.json), calls, hashings, Outbox.count() - rows)
        assert (len(doors.people()) > before) == (name == "matched")
        by_phone, by_mail = world.sent(who.phone)[-1], world.sent(who.email)[-1]
        assert by_mail.endswith(by_phone)
        told[name] = by_phone
    first = seen["matched"]
    assert (first[0], first[4], first[5]) == (202, ["hash_secret"], 2)
    assert seen == dict.fromkeys(doors.APPLICANTS, first)
    assert "Вы зарегистрированы" in told["matched"]
    assert "не совпали" in told["unknown"] == told["wrong birth date"] == told["wrong name"]
    assert "действующего места работы" in told["dismissed"]
    assert "уже есть кабинет" in told["already registered"]
    assert "телефон уже подтверждён" in told["phone taken"]
    assert told["matched"].split("логин: ")[1].split(".")[0] not in str(seen)


def test_one_flow_completed_eight_times_at_once_makes_one_account(world: World) -> None:
    """Parallel completions of one flow give one success and one account."""
    who = doors.applicant(world)
    body = doors.completion(doors.prove_contacts(world, who))
    statuses = Counter(one.status for one in doors.together(8, lambda: world.client.call(NAME, body)))
    assert statuses[202] == 1
    assert set(statuses) <= {202, 409, 429, 503}
    assert [len(doors.people()), Login.count(), Profile.count(), Reservation.count()] == [1, 1, 1, 2]
    assert sum("Вы зарегистрированы" in one for one in world.sent(who.phone)) == 1


def test_a_lost_answer_is_given_again_without_a_second_account(world: World) -> None:
    """The same key brings the same answer; nothing is sent or made twice."""
    who, key = doors.applicant(world), make.key()
    body = doors.completion(doors.prove_contacts(world, who))
    first = world.client.call(NAME, body, idempotency=key)
    sent = len(world.sent(who.phone))
    again = world.client.call(NAME, body, idempotency=key)
    assert (again.status, again.raw) == (202, first.raw)
    assert (len(world.sent(who.phone)), len(doors.people())) == (sent, 1)


def test_the_security_journal_keeps_the_end(world: World) -> None:
    """The applicant is not a known person before his account exists: the call stands in the security journal."""
    world.client.run(NAME, example(world))
    assert doors.unknown_callers(NAME) == ["done"]
