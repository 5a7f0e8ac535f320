"""First step for an invited person who has no cabinet yet: proved by a door, invited by an office."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import AccountClosed
from chalicelib.accounts.tables import Account, Login, Reservation
from chalicelib.administration.tables import Organisation
from chalicelib.kit import secret
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import NEW_KEY, Check, Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Once, Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import Phone, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.registration.refusals import AccountExists
from chalicelib.registration.schemas import FlowStep, Invited, open_proved_flow, places_of, proved
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.roles.refusals import InvitationEnded, InvitationForAnother, OrganisationClosed
from chalicelib.roles.schemas import InvitationNumber, open_invitation, refuse_ended
from chalicelib.roles.tables import Invitation
from chalicelib.sign_in.refusals import SignInExpired
from chalicelib.sign_in.schemas import TICKET_SECONDS, Proof, take


class StartInvitedRegistration(Body):
    """The invitation, and how to reach the person."""

    ticket: Token
    invitation: InvitationNumber
    phone: Phone
    email: EmailText
    birth_date: Annotated[date | None, Meta(title="Дата рождения", description="Если вошли по подписи.")] = None


@operation(
    "POST /v1/registration/invited_flows",
    public=True,
    reads=[Reservation, Login, Account, Invitation],
    writes=[
        *map(Put, (RegistrationFlow, Once, JournalRecord)),
        Update(Account),
        Check(Organisation),
        *map(Delete, (Session, Reservation)),
    ],
    uses=[NEW_KEY],
    effects=[Sms, Email],
    refuses=[SignInExpired, AccountExists, AccountClosed, InvitationEnded, InvitationForAnother, OrganisationClosed],
    audit="registration.invited",
    status=202,
)
def start_invited_registration(call: Call, body: StartInvitedRegistration) -> FlowStep:
    """Открыть кабинет по приглашению."""
    values = take("proved", body.ticket)
    proof = msgspec.convert(values["proof"], Proof)
    place, invitation_id, secret_hash = open_invitation(body.invitation)
    said = proved(proof, body, "")
    found = call.look(*places_of(said), Get(Account, values["person"] or "-"), Get(Invitation, place, invitation_id))
    taken, login, account, invitation = found
    invitation = refuse_ended(invitation, secret_hash)
    if invitation.snils_hash != secret.look_up("snils", proof.snils):
        raise InvitationForAnother
    where = invitation.organisation_id
    if where is not None:
        call.transaction.check(Get(Organisation, where), Organisation.state == "working", OrganisationClosed)
    said.role = invitation.role
    said.invited = Invited(place, invitation_id, where, invitation.granted_by)
    call.transaction.put(Once(what=f"proved#{values['nonce']}", expires=call.now + TICKET_SECONDS), SignInExpired)
    return open_proved_flow(call, said, account, taken, login)
