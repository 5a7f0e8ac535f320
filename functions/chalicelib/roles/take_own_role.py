"""A proven person takes a role that nobody grants: the worker's, if the register knows his work, or the patient's."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.refusals import RegisterUnavailable
from chalicelib.accounts.schemas import TellOwner, employment_at, key_of
from chalicelib.accounts.tables import Account, Employment
from chalicelib.kit import clock
from chalicelib.kit.access import EVERYBODY, Grant, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Action, Get
from chalicelib.profile.schemas import open_profile
from chalicelib.profile.tables import Profile
from chalicelib.registration.refusals import NotInRegister
from chalicelib.roles.refusals import EsiaSignInRequired, RoleAlreadyHeld
from chalicelib.roles.rules import refuse_unfitting
from chalicelib.roles.schemas import RoleChanged, grants_of, with_grant


class TakeOwnRole(Body):
    """Which of the two."""

    role: Annotated[Literal["worker", "patient"], Meta(title="Роль", description="worker или patient.")]


@operation(
    "POST /v1/roles/own",
    allow=EVERYBODY,
    fresh=True,
    reads=[Account, Profile, Breaker],
    writes=[Update(Account), Update(Breaker), Put(Employment)],
    uses=[Outside(SYSTEM)],
    effects=[TellOwner],
    refuses=[RoleAlreadyHeld, EsiaSignInRequired, NotInRegister, RegisterUnavailable],
    audit="role.taken",
)
def take_own_role(call: Call, body: TakeOwnRole) -> RoleChanged:
    """Стать медицинским работником или пациентом."""
    new, person_id = Grant(role=Role(body.role)), call.actor.person_id
    account, profile, breaker = call.look(Get(Account, person_id), Get(Profile, person_id), BREAKER)
    if account is None or profile is None:
        raise NotFound
    refuse_unfitting(grants_of(account), new)
    if new.role is Role.PATIENT and call.actor.door != "esia":
        raise EsiaSignInRequired
    register = Register(breaker, call.trace_id)
    matched = _matched(call, account, register, open_profile(profile).snils) if new.role is Role.WORKER else []
    call.transaction.update(account, Account.grants.set(with_grant(grants_of(account), new)), *matched)
    call.note(fields=[f"role.{new.role}"])
    text = f"В кабинете медработника у вас новая роль: «{new.role.label}»."
    call.transaction.send(TellOwner(person_id=person_id, subject="Новая роль", text=text, not_me=True))
    detail = "Роль ваша. Перейдите в неё или выберите её при следующем входе."
    return RoleChanged(role=new.role, organisation_id=None, detail=detail)


def _matched(call: Call, account: Account, register: Register, snils: str) -> list[Action]:
    """Put where the register says that the person works into the transaction; return what his account keeps of it."""
    found = register.ask(snils, call.transaction)
    cards = {card.organisation_id: card for card in found.valid_cards(clock.today())} if found else {}
    if found is None or not cards:
        raise NotInRegister
    for card in cards.values():
        call.transaction.replace(employment_at(key_of(account), found, card))
    working = [Account.register_state.set("working"), Account.matched_at.set(call.now)]
    return [*working, Account.workplaces.set(sorted(cards))]
