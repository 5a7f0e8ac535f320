"""Last step: password and consent. How it ended is told only on the confirmed phone and mailbox."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import PolicyNotAccepted, TooManyTries
from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.accounts.tables import Account, Employment, Login, Reservation
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.text import Password, Token
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.schemas import new_profile
from chalicelib.profile.tables import Profile
from chalicelib.registration.refusals import FlowEnded
from chalicelib.registration.rules import outcome_text
from chalicelib.registration.schemas import (
    Application,
    FlowStep,
    account_items,
    enter,
    flow_step,
    hash_of,
    look_again,
    open_application,
    refuse_other_policy,
    write_account,
)
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.roles.refusals import InvitationEnded
from chalicelib.roles.schemas import accept_into
from chalicelib.roles.tables import Invitation, RoleCount, RoleHolder


class CompleteRegistration(Body):
    """The password and the consent."""

    flow: Token
    policy_version: Annotated[Token, Meta(title="Версия политики безопасности", examples=[POLICY_VERSION])]
    password: Annotated[
        Password | None,
        Meta(title="Пароль", description="Можно не задавать, если вы вошли через Госуслуги или по подписи."),
    ] = None


@operation(
    "POST /v1/registration/completions",
    public=True,
    reads=[RegistrationFlow, Login, Reservation, Query(Setting)],
    writes=[
        *map(Update, (RegistrationFlow, Account, Invitation, RoleCount)),
        *map(Put, (Account, Login, Reservation, Employment, Profile, RoleHolder)),
    ],
    effects=[Sms, Email],
    refuses=[FlowEnded, TooManyTries, PolicyNotAccepted, InvitationEnded],
    audit="registration.completed",
    status=202,
)
def complete_registration(call: Call, body: CompleteRegistration) -> FlowStep:
    """Задать пароль и завершить регистрацию."""
    refuse_other_policy(body.policy_version)
    flow = enter(body.flow, "completion")
    application = open_application(flow)
    password_hash = hash_of(body.password, application)
    if flow.tries > 1:
        look_again(call, application)
    if application.outcome == "matched":
        _open_account(call, flow, application, password_hash)
    kind = RegistrationFlow
    when = kind.state == "completion"
    call.transaction.update(flow, kind.state.set("done"), when=when, refusal=FlowEnded)
    text = outcome_text(application.outcome, application.login)
    call.transaction.send(Sms(to=application.phone, text=text))
    call.transaction.send(Email(to=application.email, subject="Регистрация в кабинете", text=text))
    detail = "Итог регистрации и логин отправлены на подтверждённые телефон и почту."
    return flow_step(flow, body.flow, "done", detail)


def _open_account(call: Call, flow: RegistrationFlow, said: Application, password_hash: str | None) -> None:
    account, others = account_items(flow, said, password_hash)
    profile = new_profile(OwnerKey(flow.applicant_id, flow.wrapped_key), said)
    if said.invited is not None:
        invited = said.invited
        invitation = Invitation(
            invited.place, invited.invitation_id, role=said.role, organisation_id=invited.organisation_id
        )
        invitation.granted_by = invited.granted_by
        account.grants = accept_into(call.transaction, invitation, account.person_id, said.login, [])
    write_account(call, flow, said, account, [profile, *others])
