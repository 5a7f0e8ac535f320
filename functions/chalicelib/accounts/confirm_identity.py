"""Кадры have seen the worker and his passport: whatever an impostor left behind ends, the worker starts fresh."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountClosed, ConfirmingOneself, IdentityAlreadyConfirmed, PhoneTaken
from chalicelib.accounts.schemas import Contacts, new_phone, own_passport, start_over
from chalicelib.accounts.tables import Account, Employment, Reservation
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import NEW_KEY, Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import Phone
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.schemas import new_profile
from chalicelib.profile.tables import Profile


class ConfirmIdentity(Body):
    """The contacts that the worker named in person; both will be confirmed by codes."""

    phone: Phone
    email: EmailText


class IdentityConfirmed(Answer):
    """The worker is proven; his account waits for him to set a password."""

    person_id: Annotated[str, Meta(title="Номер работника в кабинете")]
    identity: Annotated[str, Meta(title="Личность")]
    detail: Annotated[str, Meta(title="Что теперь делает работник")]


@operation(
    "POST /v1/accounts/{person_id}/identity_confirmations",
    allow={Role.HR: InOrganisation()},
    match=True,
    fresh=True,
    reads=[Account, Employment, Profile],
    writes=[
        Update(Account),
        Update(Employment),
        Update(Profile),
        Delete(Session),
        Put(Reservation),
        Delete(Reservation),
    ],
    uses=[NEW_KEY],
    effects=[Email],
    refuses=[IdentityAlreadyConfirmed, ConfirmingOneself, PhoneTaken, AccountClosed],
    audit="identity.confirmed",
)
def confirm_identity(call: Call, person_id: str, body: ConfirmIdentity) -> IdentityConfirmed:
    """Подтвердить личность работника, пришедшего с паспортом."""
    if person_id == call.actor.person_id:
        raise ConfirmingOneself
    employment, account, profile = call.read(
        Get(Employment, person_id, call.actor.organisation_id), Get(Account, person_id), Get(Profile, person_id)
    )
    call.match(account)
    if account.closed_at is not None:
        raise AccountClosed
    if account.assurance == "confirmed" and account.activation is None:
        raise IdentityAlreadyConfirmed
    passport = own_passport(employment)
    new_phone(call, account, body.phone)
    key = OwnerKey.new(person_id)
    start_over(call, account, key, Contacts(phone=body.phone, email=body.email))
    fresh = new_profile(key, passport)
    call.transaction.update(profile, *Profile.begun_again(fresh))
    sealed = key.seal("employment/sealed", passport)
    call.transaction.update(employment, Employment.wrapped_key.set(key.wrapped), Employment.sealed.set(sealed))
    detail = "Работнику отправлено письмо: по нему он запросит код в SMS и задаст пароль в течение трёх суток."
    return IdentityConfirmed(person_id=person_id, identity="confirmed", detail=detail)
