"""The second factor opens the session: once, in time, for its own person."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import LIMITS, Account
from chalicelib.kit import clock, settings
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Idempotency, Outbox, Session
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sessions.schemas import MOST_PLACES
from chalicelib.sign_in.schemas import TRIED

NAME = "finish_sign_in"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_by_sms(world, make.person(signed_in=False)))


def _by_sms(world: World, person: make.Person) -> dict[str, Any]:
    ticket = doors.ask_password(world, person.login, device=doors.device(person))
    return {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}


def _by_app(world: World, person: make.Person, ahead: int = 0) -> dict[str, Any]:
    ticket = doors.ask_password(world, person.login, device=doors.device(person))
    return {"ticket": ticket, "kind": "totp", "code": make.totp_code(person, ahead)}


def _change(person: make.Person, *actions: Any) -> None:
    Account.get(person.person_id).update(actions=list(actions))


def _sessions(person: make.Person) -> set[str]:
    return {one.session_id for one in Session.query(Account.get(person.person_id).handle)}


def test_a_ticket_of_another_step_or_a_damaged_one_is_refused(world: World) -> None:
    """Only the ticket of the password opens this step, whole and in time."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    for ticket in (doors.ask_login(world, person.login), body["ticket"][:-4] + "AAAA", "AAAA"):
        answer = world.client.call(NAME, body | {"ticket": ticket})
        assert (answer.status, answer.code) == (409, "sign-in-expired")
    clock.advance(901)
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert not _sessions(person)


def test_a_change_of_access_between_the_steps_ends_the_sign_in(world: World) -> None:
    """When the epoch of the account was raised, the right code opens nothing."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    _change(person, Account.epoch.set(Account.epoch + 1))
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert not _sessions(person)


def test_a_code_is_used_once(world: World) -> None:
    """The second use of a code is refused."""
    body = example(world).body
    assert world.client.call(NAME, body).status == 201
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (422, "code-wrong")


def test_a_code_lives_ten_minutes(world: World) -> None:
    """An old code is refused while its ticket is still good."""
    body = example(world).body
    clock.advance(601)
    assert world.client.call(NAME, body).code == "code-wrong"


def test_a_new_code_replaces_the_old_one(world: World) -> None:
    """Only the last message counts."""
    person = make.person(signed_in=False)
    old = _by_sms(world, person)
    new = doors.ask_code(world, old["ticket"], person, "email")
    if new != old["code"]:
        assert world.client.call(NAME, old).code == "code-wrong"
    assert world.client.call(NAME, old | {"code": new, "kind": "email"}).status == 201


def test_a_code_is_bound_to_its_person(world: World) -> None:
    """Somebody else's code opens nothing, though he has one of his own waiting."""
    mine, other = example(world).body, example(world).body
    if mine["code"] != other["code"]:
        assert world.client.call(NAME, mine | {"code": other["code"]}).code == "code-wrong"


def test_no_code_was_asked_for(world: World) -> None:
    """Without a waiting code no code fits."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    assert world.client.call(NAME, body).code == "code-wrong"


def test_new_codes_do_not_bring_new_tries(world: World) -> None:
    """Five tries an hour belong to the account; asking again and starting again do not refill them."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    body = _by_app(world, person)
    for _ in range(5):
        code = doors.ask_code(world, body["ticket"], person, "email")
        wrong = body | {"kind": "email", "code": doors.another(code)}
        assert world.client.call(NAME, wrong).code == "code-wrong"
    body = _by_app(world, person)
    code = doors.ask_code(world, body["ticket"], person, "email")
    answer = world.client.call(NAME, body | {"kind": "email", "code": code})
    assert (answer.status, answer.code) == (429, "too-many-tries")
    assert world.client.call(NAME, body).code == "too-many-tries"
    clock.advance(3600)
    assert world.client.call(NAME, _by_app(world, person)).status == 201


@pytest.mark.parametrize("spent", [5, 4])
def test_tries_of_two_hours_ago_do_not_count(world: World, spent: int) -> None:
    """Exactly two hours later all five tries are there again."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    wrong = _wrong(world, person)
    for _ in range(spent):
        assert world.client.call(NAME, wrong).code == "code-wrong"
    clock.advance(7200)
    wrong = _wrong(world, person)
    codes = [world.client.call(NAME, wrong).code for _ in range(5)]
    assert codes == ["code-wrong"] * 5


@pytest.mark.parametrize("trusted", [False, True])
def test_five_wrong_codes_after_the_right_password_are_suspicious(world: World, trusted: bool) -> None:  # noqa: FBT001 - the case
    """From a strange device they shut the door of the password, from a known one only the hour; the owner is told."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    ticket = doors.ask_password(world, person.login, device=doors.device(person) if trusted else None)
    wrong = {"ticket": ticket, "kind": "sms", "code": "000000"}
    for _ in range(4):
        assert world.client.call(NAME, wrong).code == "code-wrong"
    assert world.sent(person.phone) == []
    assert world.client.call(NAME, wrong).code == "code-wrong"
    assert world.sent(person.phone) == [TRIED]
    assert "/not-me/#" in world.sent(person.email)[0]
    assert (Account.get(person.person_id).blocked is None) == trusted
    clock.advance(3600)
    login = {"ticket": doors.ask_login(world, person.login, doors.device(person)), "password": make.PASSWORD}
    assert world.client.call("check_password", login).status == (200 if trusted else 403)
    assert world.client.call(NAME, {"ticket": doors.proved(person)}).status == 201


def test_suspicion_stops_the_sign_ins_under_way_and_leaves_open_sessions(world: World) -> None:
    """A second ticket of the guesser is dead, whatever code he has; who is signed in works on."""
    person = make.person()
    doors.at_hour_start()
    make.sign_in(person)
    second = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    wrong = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    for _ in range(5):
        world.client.call(NAME, wrong)
    assert world.client.call(NAME, second).code == "sign-in-expired"
    assert world.client.call("read_session", by=person).status == 200


def test_suspicion_stands_whatever_changes_the_account_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code sent at the moment of the fifth wrong one edits the account, and does not save the guesser."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    ticket = doors.ask_password(world, person.login)
    wrong = {"ticket": ticket, "kind": "email", "code": "000000"}
    for _ in range(4):
        world.client.call(NAME, wrong)
    code = {"ticket": ticket, "channel": "sms"}
    doors.overtake(monkeypatch, lambda: world.client.call("send_sign_in_code", code))
    assert world.client.call(NAME, wrong).code == "code-wrong"
    assert Account.get(person.person_id).blocked["by"] == "suspicion"
    sent = world.sent(person.phone)
    assert len(sent) == 2
    assert TRIED in sent


def test_suspicion_does_not_loosen_a_block_of_the_owner(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever shut all doors at that moment keeps them shut."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    wrong = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    for _ in range(4):
        world.client.call(NAME, wrong)
    doors.overtake(monkeypatch, lambda: _change(person, Account.blocked.set({"by": "owner", "at": 1})))
    world.client.call(NAME, wrong)
    assert Account.get(person.person_id).blocked == {"by": "owner", "at": 1}


def test_parallel_wrong_codes_are_told_once(world: World) -> None:
    """Sixteen at once: five are compared, one notice leaves, the door is shut."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    wrong = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    codes = [one.code for one in doors.together(16, lambda: world.client.call(NAME, wrong))]
    assert codes.count("code-wrong") == 5
    assert world.sent(person.phone) == [TRIED]
    assert Account.get(person.person_id).blocked["by"] == "suspicion"


@pytest.mark.parametrize("by", ["owner", "officer"])
@pytest.mark.parametrize("door_name", ["password", "esia", "oidc", "signature"])
def test_a_block_by_owner_or_officer_shuts_every_door(world: World, by: str, door_name: Any) -> None:
    """Neither a password begun before nor a proof opens a session."""
    person = make.person(signed_in=False)
    body = _by_app(world, person) if door_name == "password" else {"ticket": doors.proved(person, by=door_name)}
    _change(person, Account.blocked.set({"by": by, "at": clock.epoch()}))
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (403, "account-blocked")
    assert not _sessions(person)


def test_a_closed_account_opens_by_no_door(world: World) -> None:
    """Neither password nor proof."""
    person = make.person(signed_in=False)
    password = _by_app(world, person)
    _change(person, Account.closed_at.set(clock.epoch()))
    for body in (password, {"ticket": doors.proved(person)}):
        assert world.client.call(NAME, body).code == "account-closed"


@pytest.mark.parametrize("strong", [True, False])
@pytest.mark.parametrize("door_name", ["esia", "oidc", "signature"])
def test_who_has_proved_himself_is_not_let_into_an_impostors_account(
    world: World, door_name: Any, *, strong: bool
) -> None:
    """An account that nobody has confirmed is not opened by a proof but emptied: the proven person starts anew."""
    person = make.person(assurance="claimed")
    ticket = doors.proved(person, strong=strong, by=door_name)
    body = {"ticket": ticket, "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (409, "account-not-confirmed")
    assert not _sessions(person)
    assert Account.get(person.person_id).password_hash is None
    assert world.client.call(NAME, body).code == "account-not-confirmed"  # told again, and nothing is ended twice
    assert doors.journal(person.person_id, NAME) == [("identity.confirmed", "done")]


@pytest.mark.parametrize("door_name", ["password", "esia"])
def test_who_works_nowhere_comes_in_by_no_door(world: World, door_name: str) -> None:
    """A dismissal is told at every door, and the register is asked anew."""
    person = make.person(signed_in=False)
    body = _by_app(world, person) if door_name == "password" else {"ticket": doors.proved(person)}
    _change(person, Account.register_state.set("not_working"), Account.matched_at.set(clock.epoch() - 700))
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (403, "no-longer-working")
    assert [one.kind for one in Outbox.scan()] == [CheckProfile.__name__]


def test_a_strong_proof_needs_no_factor_and_opens_one_session(world: World) -> None:
    """Used twenty times at once, the proof opens exactly one session; later it opens none."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.proved(person)}
    answers = doors.together(20, lambda: world.client.call(NAME, body))
    assert [one.status for one in answers].count(201) == 1
    assert {one.status for one in answers} <= {201, 409, 503}
    assert len(_sessions(person)) == 1
    assert world.client.call(NAME, body).code == "sign-in-expired"


@pytest.mark.parametrize("door_name", ["esia", "oidc", "signature"])
def test_the_session_knows_its_door(world: World, door_name: Any) -> None:
    """The owner sees by which door he came in."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, {"ticket": doors.proved(person, by=door_name)})
    assert answer.json["session"]["door"] == door_name


def test_a_weak_proof_needs_a_factor(world: World) -> None:
    """Without one it opens nothing and costs no try; with one it opens a session, once."""
    person = make.person(signed_in=False)
    ticket = doors.proved(person, strong=False)
    for _ in range(7):
        answer = world.client.call(NAME, {"ticket": ticket})
        assert (answer.status, answer.code) == (422, "factor-needed")
    body = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}
    assert world.client.call(NAME, body).status == 201
    assert world.client.call(NAME, body | {"kind": "totp", "code": make.totp_code(person)}).code == "sign-in-expired"
    assert len(_sessions(person)) == 1


def test_tries_after_a_proof_are_apart_from_those_after_a_password(world: World) -> None:
    """Who knows the password uses up neither; a proof's own five end too, and shut nothing."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    for _ in range(5):
        assert world.client.call(NAME, _wrong(world, person)).code == "code-wrong"
    assert world.client.call(NAME, _by_app(world, person)).code == "too-many-tries"
    wrong = {"ticket": doors.proved(person, strong=False), "kind": "sms", "code": "000000"}
    assert [world.client.call(NAME, wrong).code for _ in range(6)] == ["code-wrong"] * 5 + ["too-many-tries"]
    assert Account.get(person.person_id).blocked is None


def test_who_knows_the_password_closes_no_other_door(world: World) -> None:
    """A day's codes asked for after the password leave neither a proof nor the step-up without codes."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    ticket = doors.ask_password(world, person.login)
    for _ in range(12):
        world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "sms"})
        world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "email"})
        world.pump.drain()
        clock.advance(70)
    proof = doors.proved(person, strong=False)
    code = doors.ask_code(world, proof, person)
    world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "email"})
    answer = world.client.call(NAME, {"ticket": proof, "kind": "sms", "code": code})
    assert answer.status == 201, answer.raw
    person.token = answer.json["token"]
    before = len(world.codes(person.phone))
    assert world.client.call("send_step_up_code", {"channel": "sms"}, by=person).status == 202
    assert len(world.codes(person.phone)) == before + 1


def test_the_codes_of_two_doors_wait_beside_each_other(world: World) -> None:
    """A code asked for after the password does not push out the one asked for after a proof, nor the reverse."""
    person = make.person(signed_in=False)
    proof, ticket = doors.proved(person, strong=False), doors.ask_password(world, person.login)
    after_proof, after_password = doors.ask_code(world, proof, person), doors.ask_code(world, ticket, person)
    assert world.client.call(NAME, {"ticket": proof, "kind": "sms", "code": after_proof}).status == 201
    assert world.client.call(NAME, {"ticket": ticket, "kind": "sms", "code": after_password}).status == 201


def test_a_proof_from_before_all_was_ended_opens_nothing(world: World) -> None:
    """A ticket that somebody took earlier dies with the sessions; a new proof opens."""
    person = make.person()
    old = doors.proved(person)
    assert world.client.call("end_other_sessions", by=person).status == 200
    assert world.client.call(NAME, {"ticket": old}).code == "sign-in-expired"
    clock.advance(1)
    assert world.client.call(NAME, {"ticket": doors.proved(person)}).status == 201


def test_a_proof_of_somebody_without_an_account_opens_nothing(world: World) -> None:
    """He has to register first."""
    nobody = make.Person("", "", "11223344595", "", "", make.person().key, "")
    assert world.client.call(NAME, {"ticket": doors.proved(nobody)}).code == "sign-in-expired"


def _wrong(world: World, person: make.Person) -> dict[str, Any]:
    return {
        "ticket": doors.ask_password(world, person.login, device=doors.device(person)),
        "kind": "sms",
        "code": "000000",
    }


def test_a_used_step_of_the_app_is_not_taken_again(world: World) -> None:
    """The code that opened one session opens no other, though its time is not over."""
    person = make.person(signed_in=False)
    doors.at_step_start()
    assert world.client.call(NAME, _by_app(world, person)).status == 201
    assert world.client.call(NAME, _by_app(world, person)).code == "code-wrong"
    assert world.client.call(NAME, _by_app(world, person, -1)).code == "code-wrong"
    clock.advance(30)
    assert world.client.call(NAME, _by_app(world, person)).status == 201


def test_an_app_one_step_ahead_is_forgiven_once(world: World) -> None:
    """The next step's code is taken, and neither it nor an earlier one afterwards."""
    person = make.person(signed_in=False)
    doors.at_step_start()
    assert world.client.call(NAME, _by_app(world, person, 2)).code == "code-wrong"
    assert world.client.call(NAME, _by_app(world, person, 1)).status == 201
    for ahead in (1, 0):
        assert world.client.call(NAME, _by_app(world, person, ahead)).code == "code-wrong"
    clock.advance(30)
    assert world.client.call(NAME, _by_app(world, person)).code == "code-wrong"


def test_who_has_no_app_cannot_use_it(world: World) -> None:
    """A factor that is not connected is refused as such."""
    person = make.person(signed_in=False)
    _change(person, Account.totp.remove())
    answer = world.client.call(NAME, _by_app(world, person))
    assert (answer.status, answer.code) == (409, "factor-not-available")


def test_a_role_must_be_held(world: World) -> None:
    """Neither another role nor the own role elsewhere opens a session; the code stays good for the right one."""
    person = make.person(Role.HR, make.HOSPITAL, signed_in=False)
    body = _by_sms(world, person)
    for other in ({"role": "worker"}, {"role": "hr", "organisation_id": make.OTHER_HOSPITAL}):
        answer = world.client.call(NAME, body | other)
        assert (answer.status, answer.code) == (403, "role-not-held")
    assert not _sessions(person)
    answer = world.client.call(NAME, body | {"role": "hr", "organisation_id": make.HOSPITAL})
    assert (answer.status, answer.json["session"]["organisation_id"]) == (201, make.HOSPITAL)


@pytest.mark.parametrize(("how", "times"), [(_by_sms, 50), (_by_app, 16)])
def test_many_uses_of_one_code_at_once_open_one_session(world: World, how: Any, times: int) -> None:
    """Whatever happens at the same time, a code opens exactly one session."""
    person = make.person(signed_in=False)
    body = how(world, person)
    answers = doors.together(times, lambda: world.client.call(NAME, body))
    assert [one.status for one in answers].count(201) == 1
    assert {one.status for one in answers} <= {201, 409, 422, 429, 503}
    assert len(_sessions(person)) == len(Account.get(person.person_id).sessions) == 1


def _sign_in(world: World, person: make.Person, address: str, device: str = "") -> make.Answer:
    clock.advance(30)
    body = _by_app(world, person)
    return world.client.call(NAME, body, address=address, headers={"User-Agent": device})


def test_a_strange_place_is_told_and_a_known_one_is_not(world: World) -> None:
    """The first sign-in is not told; a new network or a new device is, once; an updated browser is no new device."""
    person = make.person(signed_in=False)
    places = [
        ("10.1.0.1", "Chrome/131.0 Windows"),
        ("10.1.0.1", "Chrome/132.0 Windows"),
        ("10.1.0.2", "Chrome/132.0 Windows"),
        ("10.1.0.2", "Chrome/132.0 Windows"),
        ("10.1.0.2", "Safari iPhone"),
        ("10.1.0.1", "Chrome/131.0 Windows"),
    ]
    told = []
    for address, device in places:
        assert _sign_in(world, person, address, device).status == 201
        told.append(sum("из нового места" in one for one in world.sent(person.phone)))
    assert told == [0, 0, 1, 1, 2, 2]
    assert "/not-me/#" in world.sent(person.email)[-1]


def test_the_notice_says_from_where_when_and_what_to_do(world: World) -> None:
    """Device, network, Moscow time and role; a program that is no browser writes nothing into the owner's message."""
    person = make.person(signed_in=False)
    _sign_in(world, person, "10.1.0.1")
    _sign_in(world, person, "10.1.0.2", "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36")
    moscow = clock.now().astimezone(ZoneInfo("Europe/Moscow")).strftime("%d.%m.%Y в %H:%M")
    sms, letter = world.sent(person.phone)[-1], world.sent(person.email)[-1]
    assert f"Chrome, Windows, сеть 10.1.0.2, {moscow} по Москве, роль «медицинский работник»" in sms
    assert "откройте ссылку «Это не я» в письме" in sms
    assert sms in letter
    _sign_in(world, person, "10.1.0.3", "call +79991234567 to stop")
    assert "неизвестная программа" in world.sent(person.phone)[-1]
    assert "+79991234567" not in world.sent(person.phone)[-1] + world.sent(person.email)[-1]


def test_the_places_are_kept_unreadable_and_few(world: World) -> None:
    """Twenty at most, as keyed hashes: no address stands in the account."""
    person = make.person(signed_in=False)
    for number in range(MOST_PLACES + 2):
        assert _sign_in(world, person, f"10.2.0.{number}").status == 201
    account = Account.get(person.person_id)
    assert len(account.places) == MOST_PLACES
    assert "10.2.0." not in str(account.serialize())


@pytest.mark.parametrize(
    ("age", "warnings", "due"),
    [(75, 0, ""), (77, 1, ""), (89.9, 1, ""), (90.1, 1, "password")],
)
def test_a_password_warns_before_its_end_and_is_due_after_it(world: World, age: float, warnings: int, due: str) -> None:
    """Two weeks before ninety days are over the answer says how many are left; then a new password comes first."""
    person = make.person(signed_in=False)
    _change(person, Account.password_changed_at.set(int(clock.epoch() - age * 86_400 + 5)))
    answer = world.client.call(NAME, _by_app(world, person))
    assert (len(answer.json["warnings"]), answer.json["session"]["due"]) == (warnings, due)


@pytest.mark.parametrize(("age", "left"), [(76.5, 14), (83, 7), (89.5, 1)])
def test_the_warning_says_how_many_days_are_left(world: World, age: float, left: int) -> None:
    """From fourteen days before the end to the last one; a begun day counts whole."""
    person = make.person(signed_in=False)
    _change(person, Account.password_changed_at.set(int(clock.epoch() - age * 86_400)))
    answer = world.client.call(NAME, _by_app(world, person))
    assert answer.json["warnings"] == [f"Пароль нужно сменить: осталось дней — {left}."]


def test_other_doors_ask_for_no_new_password(world: World) -> None:
    """Who came by ЕСИА is neither warned nor stopped by an old password."""
    person = make.person(signed_in=False)
    _change(person, Account.password_changed_at.set(1))
    answer = world.client.call(NAME, {"ticket": doors.proved(person)})
    assert (answer.json["warnings"], answer.json["session"]["due"]) == ([], "")


@pytest.mark.parametrize(
    ("old", "due", "code"),
    [
        ([Account.consent_version.set("2025-01")], "consent", "consent-required"),
        ([Account.consent_version.remove()], "consent", "consent-required"),
        ([Account.password_changed_at.set(1)], "password", "password-expired"),
        ([Account.consent_version.set("2025-01"), Account.password_changed_at.set(1)], "consent password", "consent-required"),
    ],
)  # fmt: skip
def test_what_is_due_comes_first(world: World, old: list[Any], due: str, code: str) -> None:
    """The session opens, and in it only the unsettled operations work."""
    person = make.person(signed_in=False)
    _change(person, *old)
    answer = world.client.call(NAME, _by_app(world, person))
    assert (answer.status, answer.json["session"]["due"]) == (201, due)
    person.token = answer.json["token"]
    for name in ("read_profile", "list_acts", "list_sessions", "end_other_sessions"):
        refused = world.client.call(name, by=person)
        assert (refused.status, refused.code) == (403, code)
    for name in ("read_session", "list_ways_to_confirm", "sign_out"):
        assert world.client.call(name, by=person).status < 300


def test_the_eleventh_session_ends_the_oldest(world: World) -> None:
    """Ten sessions at most live; the oldest gives way."""
    person = make.person(signed_in=False)
    tokens = []
    for _ in range(settings.MAX_SESSIONS):
        tokens.append(make.sign_in(person))
        clock.advance(60)
    answer = world.client.call(NAME, _by_app(world, person))
    assert answer.status == 201
    tokens.append(answer.json["token"])
    statuses = []
    for person.token in tokens:
        statuses.append(world.client.call("read_session", by=person).status)
    assert statuses == [401] + [200] * settings.MAX_SESSIONS
    assert len(_sessions(person)) == settings.MAX_SESSIONS


@pytest.mark.parametrize(("days", "checks"), [(29, 0), (31, 1)])
def test_an_old_match_with_the_register_is_checked_again(world: World, days: int, checks: int) -> None:
    """A match older than thirty days lets him in and queues a check; a younger one does not."""
    person = make.person(signed_in=False)
    _change(person, Account.matched_at.set(clock.epoch() - days * 24 * 3600))
    assert world.client.call(NAME, _by_app(world, person)).status == 201
    assert sum(one.kind == CheckProfile.__name__ for one in Outbox.scan()) == checks


def test_a_dismissal_found_by_that_check_ends_the_session(world: World) -> None:
    """Who turns out to work no more is let out at once and not let in again."""
    who = doors.applicant(world, until="2020-01-31")
    person = make.person(snils=who.body["snils"], signed_in=False)
    _change(person, Account.matched_at.set(clock.epoch() - 31 * 24 * 3600))
    person.token = world.client.call(NAME, _by_app(world, person)).json["token"]
    world.pump.drain()
    assert Account.get(person.person_id).register_state == "not_working"
    again = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    assert world.client.call("check_password", again).code == "no-longer-working"
    assert world.client.call("read_session", by=person).code == "session-ended"


def test_the_factor_opens_a_session(world: World) -> None:
    """The token works at once; the table holds only a hash of its secret."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _by_sms(world, person))
    assert answer.status == 201
    person.token = answer.json["token"]
    assert world.client.call("read_session", by=person).json["session_id"] == answer.json["session"]["session_id"]
    (session,) = Session.query(Account.get(person.person_id).handle)
    assert person.token.split(".")[2] not in str(session.serialize())
    assert person.person_id not in person.token


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same token and opens one session, though the code is used and even tries are over."""
    person, key = make.person(signed_in=False), make.key()
    body = _by_sms(world, person)
    first = world.client.call(NAME, body, idempotency=key)
    assert {world.client.call(NAME, body).code for _ in range(7)} == {"code-wrong", "too-many-tries"}
    again = world.client.call(NAME, body, idempotency=key)
    assert (again.status, again.raw) == (201, first.raw)
    clock.advance(901)
    assert world.client.call(NAME, body, idempotency=key).raw == first.raw
    assert len(_sessions(person)) == 1
    answer = world.client.call(NAME, body | {"role": "worker"}, idempotency=key)
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")


def test_the_table_of_answers_reveals_nothing(world: World) -> None:
    """No part of the token, code, key or person can be read from the stored items."""
    person, key = make.person(signed_in=False), make.key()
    body = _by_sms(world, person)
    token = world.client.call(NAME, body, idempotency=key).json["token"]
    raw = b"".join(str(one.serialize()).encode() + one.answer for one in Idempotency.scan())
    for telling in (*token.split("."), body["code"] + '"', key, person.person_id, person.login, "worker"):
        assert telling.encode() not in raw


def test_the_owner_sees_the_sign_in_in_his_journal(world: World) -> None:
    """The opened session stands in his own journal, without token or address in clear."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _by_sms(world, person), address="10.9.8.7")
    (record,) = JournalRecord.query(person.person_id)
    assert (record.kind, record.outcome, record.role) == ("session.opened", "done", "worker")
    assert list(record.objects) == [answer.json["session"]["session_id"]]
    assert "10.9.8.7" not in str(record.serialize())
    person.token = answer.json["token"]
    shown = world.client.call("list_acts", by=person).json["items"]
    assert "session.opened" in [one["kind"] for one in shown]


@pytest.mark.parametrize(("trusted", "guesses"), [(True, 1000), (False, 200)])
def test_a_thousand_wrong_codes_from_fifty_clients_get_five_tries(world: World, *, trusted: bool, guesses: int) -> None:
    """New codes, from before the first guess on, and new sign-ins do not refill them; a strange device is shut out too."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    device = doors.device(person) if trusted else None
    tickets, codes, sent = [doors.ask_password(world, person.login, device=device)], set[str](), list[int]()

    def ask() -> None:
        answer = world.client.call("send_sign_in_code", {"ticket": tickets[-1], "channel": "email"})
        sent.append(answer.status)

    def again() -> None:
        body = {"ticket": doors.ask_login(world, person.login, device), "password": make.PASSWORD}
        answer = world.client.call("check_password", body)
        tickets.extend([answer.json["ticket"]] if answer.status == 200 else [])

    def guess(number: int) -> str:
        if number % 100 == 50:
            again()
            ask()
        code = f"{number * 997 % 1_000_000:06d}"
        if code in codes:
            return "left out"
        return str(world.client.call(NAME, {"ticket": tickets[-1], "kind": "email", "code": code}).json.get("code"))

    ask()
    codes.update(world.codes(person.email))
    told = [guess(number) for number in range(2)]
    with ThreadPoolExecutor(50) as pool:
        told += pool.map(guess, range(2, guesses))
    assert sent[0] == 202
    assert len(sent) == 1 + guesses // 100
    assert 2 <= told.count("code-wrong") <= LIMITS["sign_in"]
    shut_out = set() if trusted else {"sign-in-expired", "account-blocked"}
    assert set(told) <= {"code-wrong", "too-many-tries", "busy", "left out"} | shut_out
    assert set(sent) <= ({202, 503} if trusted else {202, 403, 409, 503})
    assert (Account.get(person.person_id).blocked is None) == trusted
    assert not _sessions(person)


@pytest.mark.parametrize("door_name", ["esia", "oidc"])
def test_two_hundred_wrong_factors_after_proofs_get_five_tries(world: World, door_name: Any) -> None:
    """From twenty clients, each with proofs and codes of its own, taken anew in between."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    assert doors.ask_code(world, doors.proved(person, strong=False, by=door_name), person)

    def guess(number: int) -> str:
        ticket = doors.proved(person, strong=False, by=door_name)
        if number % 20 == 10:
            answer = world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "email"})
            assert answer.status in {202, 503}
        return str(world.client.call(NAME, {"ticket": ticket, "kind": "totp", "code": "000000"}).json.get("code"))

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(guess, range(200)))
    assert 1 <= told.count("code-wrong") <= LIMITS["proof"]
    assert set(told) <= {"code-wrong", "too-many-tries", "busy"}
    assert not _sessions(person)


ODD_CODES = ["١٢٣٤٥٦", "12345٦", "123456\n", "\n123456", "12345\x00", "123456\x00", "12 345\u2028", "123456\u202e"]


@pytest.mark.parametrize("code", ODD_CODES)
def test_a_code_of_odd_signs_is_refused_as_a_field(world: World, code: str) -> None:
    """Arabic digits, line breaks, NUL and marks of direction are no code: named, and no try is counted."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    for _ in range(6):
        answer = world.client.call(NAME, body | {"code": code})
        assert (answer.status, answer.code) == (422, "wrong-fields")
        assert [one["pointer"] for one in answer.json["errors"]] == ["/code"]
    assert world.client.call(NAME, body).status == 201


def test_fifty_parallel_uses_of_one_code_open_one_session(world: World) -> None:
    """Of fifty clients with the same right code one is let in."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    with ThreadPoolExecutor(50) as pool:
        statuses = [one.status for one in pool.map(lambda _: world.client.call(NAME, body), range(50))]
    assert statuses.count(201) == 1
    assert len(_sessions(person)) == 1
