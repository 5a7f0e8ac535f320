"""Taking the offered role: the right person, proved, once, in time."""

from concurrent.futures import ThreadPoolExecutor

import doors
import make
import offices
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.administration.tables import Organisation
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.roles.schemas import LIFE_SECONDS
from chalicelib.roles.tables import Invitation, RoleHolder

NAME = "accept_invitation"


def example(world: World) -> make.Example:
    """Return a valid request."""
    offices.organisation()
    who = offices.proved(make.person())
    return make.Example(body={"invitation": offices.invited(world, who, Role.HR, make.HOSPITAL)}, by=who)


def test_without_a_token_nothing_is_accepted(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_accepts_nothing(world: World) -> None:
    """A claimed account confirms its identity first."""
    answer = world.client.run(NAME, example(world), by=make.person(assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize("door", ["password", "passkey"])
def test_a_password_does_not_prove_who_accepts(world: World, door: str) -> None:
    """Only ЕСИА, an identity provider or a signature do; the invitation stays good."""
    made = example(world)
    assert made.by is not None
    offices.proved(made.by, door)
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (403, "proved-sign-in-required")
    offices.proved(made.by, "signature")
    assert world.client.run(NAME, made).status == 200


def test_the_invitation_of_another_is_refused(world: World) -> None:
    """A forwarded letter is of no use: the СНИЛС decides, and the invited one can still accept."""
    made = example(world)
    answer = world.client.run(NAME, made, by=offices.proved(make.person()))
    assert (answer.status, answer.code) == (409, "invitation-for-another")
    assert world.client.run(NAME, made).status == 200


def test_an_invitation_to_a_snils_without_an_account_is_nobody_elses(world: World) -> None:
    """Until its owner registers, no account fits."""
    stranger = make.Person("", "", make.valid_snils("123456789"), "", "new@example.ru", make.person().key, "")
    number = offices.invited(world, stranger, Role.SUPPORT)
    assert offices.accept(world, offices.proved(make.person()), number).code == "invitation-for-another"


def test_wrong_numbers_open_nothing(world: World) -> None:
    """A changed secret, another place, a cut or invented number: all are ended invitations."""
    made = example(world)
    number = made.body["invitation"]
    invitation_id, secret, place = number.split(".", 2)
    forged = [
        f"{invitation_id}.{'0' * 64}.{place}",
        f"{invitation_id}.{secret}.{make.HOSPITAL}",
        f"inv_{'0' * 32}.{secret}.{place}",
        number[:-1],
        invitation_id,
        "x",
    ]
    assert {world.client.run(NAME, made, body={"invitation": one}).code for one in forged} == {"invitation-ended"}
    assert world.client.run(NAME, made).status == 200


def test_an_invitation_lasts_three_days(world: World) -> None:
    """A second before the end it is good, at the end it is not."""
    late, early = (offices.proved(make.person()) for _ in range(2))
    numbers = [offices.invited(world, one, Role.SUPPORT) for one in (late, early)]
    clock.advance(LIFE_SECONDS - 5)
    make.sign_in(early)
    offices.proved(early)
    assert offices.accept(world, early, numbers[1]).status == 200
    clock.advance(6)
    make.sign_in(late)
    offices.proved(late)
    assert offices.accept(world, late, numbers[0]).code == "invitation-ended"


def test_a_closed_organisation_takes_nobody_in(world: World) -> None:
    """Who was invited before the closing does not come in after it."""
    made = example(world)
    Organisation(make.HOSPITAL).update(actions=[Organisation.state.set("closed")])
    assert world.client.run(NAME, made).code == "organisation-closed"
    assert made.by is not None
    assert offices.grants(made.by) == {("worker", None)}


@pytest.mark.parametrize(("first", "second"), [(Role.ADMIN, Role.SECURITY), (Role.SECURITY, Role.ADMIN)])
def test_an_administrator_never_becomes_a_security_officer(world: World, first: Role, second: Role) -> None:
    """Invited to both, a person gets one."""
    who = offices.proved(make.person())
    numbers = [offices.invited(world, who, role) for role in (first, second)]
    assert offices.accept(world, who, numbers[0]).status == 200
    assert offices.accept(world, who, numbers[1]).code == "roles-exclude"
    assert offices.grants(who) == {("worker", None), (first.value, None)}


def test_both_excluding_roles_accepted_at_once_are_one(world: World) -> None:
    """Parallel acceptance of the two letters leaves one of the roles."""
    for _ in range(3):
        who = offices.proved(make.person())
        numbers = [offices.invited(world, who, role) for role in (Role.ADMIN, Role.SECURITY)] * 4
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(offices.accept, world, who, number) for number in numbers]
            codes = [one.result().status for one in waiting]
        assert codes.count(200) == 1
        held = {role for role in (Role.ADMIN, Role.SECURITY) if who.person_id in offices.holders(role)}
        assert offices.grants(who) == {("worker", None), *((one.value, None) for one in held)}
        assert len(held) == 1


def test_fifty_parallel_acceptances_are_one(world: World) -> None:
    """One success, one row, one grant, one count."""
    offices.organisation()
    who = offices.proved(make.person())
    number = offices.invited(world, who, Role.MANAGER, make.HOSPITAL)
    answers = doors.together(50, lambda: offices.accept(world, who, number))
    assert sum(one.status == 200 for one in answers) == 1
    assert {one.code for one in answers if one.status != 200} <= {"invitation-ended", "busy", "role-already-held"}
    assert offices.holders(Role.MANAGER, make.HOSPITAL) == {who.person_id}
    assert offices.counted(Role.MANAGER, make.HOSPITAL) == 1
    assert offices.grants(who) == {("worker", None), ("manager", make.HOSPITAL)}


def test_a_role_that_one_has_is_not_taken_twice(world: World) -> None:
    """Two invitations to one role give one."""
    who = offices.proved(make.person())
    numbers = [offices.invited(world, who, Role.SUPPORT) for _ in range(2)]
    assert offices.accept(world, who, numbers[0]).status == 200
    assert offices.accept(world, who, numbers[1]).code == "role-already-held"


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key repeats the answer; the invitation is spent once."""
    made, key = example(world), make.key()
    first, second = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (first.status, first.raw) == (200, second.raw)


def test_the_new_role_is_chosen_at_the_next_sign_in(world: World) -> None:
    """The open session keeps its role; the next one may be opened in the new."""
    made = example(world)
    answer = world.client.run(NAME, made)
    assert made.by is not None
    assert (answer.json["role"], answer.json["organisation_id"]) == ("hr", make.HOSPITAL)
    assert world.client.call("read_session", by=made.by).json["role"] == "worker"
    ticket = doors.ask_password(world, made.by.login)
    body = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, made.by)}
    opened = world.client.call("finish_sign_in", body | {"role": "hr", "organisation_id": make.HOSPITAL})
    assert opened.json["session"]["role"] == "hr"
    (invitation,) = Invitation.scan()
    assert invitation.state == "accepted"


def test_the_owner_is_told(world: World) -> None:
    """On both channels, with the way to stop it in the letter."""
    made = example(world)
    assert made.by is not None
    world.client.run(NAME, made)
    assert "новая роль" in world.sent(made.by.phone)[-1]
    assert "/not-me/#" in world.sent(made.by.email)[-1]


def test_the_journal_names_the_role(world: World) -> None:
    """The invitation and the role stand in the person's own journal."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome, record.fields) == ("role.accepted", "done", ["role.hr"])
    assert record.objects == [made.body["invitation"].split(".")[0]]


@pytest.mark.parametrize(
    ("role", "place", "grantor"),
    [
        (Role.SUPPORT, None, Role.ADMIN),
        (Role.SECURITY, None, Role.SECURITY),
        (Role.HR, make.HOSPITAL, Role.MANAGER),
        (Role.HR, make.HOSPITAL, Role.ADMIN),
    ],
)
def test_an_invitation_ends_with_its_grantors_role(world: World, role: Role, place: str | None, grantor: Role) -> None:
    """Whoever has lost the right to invite leaves no open door behind; who holds it still has invited for good."""
    offices.organisation()
    at = make.HOSPITAL if grantor is Role.MANAGER else None
    officer = offices.holder(grantor, at)
    who, other = (offices.proved(make.person()) for _ in range(2))
    numbers = [offices.invited(world, one, role, place, by=officer) for one in (who, other)]
    assert offices.accept(world, who, numbers[0]).status == 200
    RoleHolder.get(at or "cabinet", f"{grantor}#{officer.person_id}").delete()
    answer = offices.accept(world, other, numbers[1])
    assert (answer.status, answer.code) == (409, "invitation-ended")
    assert [one["role"] for one in Account.get(other.person_id).grants] == ["worker"]
