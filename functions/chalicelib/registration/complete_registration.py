"""Last step: password and consent. How it ended is told only on the confirmed phone and mailbox."""

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import PolicyNotAccepted, TooManyTries
from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.accounts.tables import Account, Employment, Login, Reservation
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Check, Put, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.text import Password, Token
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.schemas import new_profile
from chalicelib.profile.tables import Profile
from chalicelib.registration import schemas as steps
from chalicelib.registration.refusals import FlowEnded
from chalicelib.registration.schemas import Application, FlowStep
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.roles.refusals import InvitationEnded
from chalicelib.roles.schemas import accept_into, grants_of
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
        Check(RoleHolder),
    ],
    effects=[Sms, Email],
    refuses=[FlowEnded, TooManyTries, PolicyNotAccepted, InvitationEnded],
    audit="registration.completed",
    status=202,
)
def complete_registration(call: Call, body: CompleteRegistration) -> FlowStep:
    """Задать пароль и завершить регистрацию."""
    steps.refuse_other_policy(body.policy_version)
    flow = steps.enter(body.flow, "completion")
    application = steps.open_application(flow)
    password_hash = steps.hash_of(body.password, application)
    if flow.tries > 1:
        steps.look_again(call, application)
    if application.outcome == "matched":
        _open_account(call, flow, application, password_hash)
    state = RegistrationFlow.state
    call.transaction.update(flow, state.set("done"), when=state == "completion", refusal=FlowEnded)
    steps.tell_outcome(call, application)
    detail = "Итог регистрации и логин отправлены на подтверждённые телефон и почту."
    return steps.flow_step(flow, body.flow, "done", detail)


def _open_account(call: Call, flow: RegistrationFlow, said: Application, password_hash: str | None) -> None:
    account, others = steps.account_items(flow, said, password_hash)
    profile = new_profile(OwnerKey(flow.applicant_id, flow.wrapped_key), said)
    if said.invited is not None:
        invitation = Invitation(**msgspec.structs.asdict(said.invited), role=said.role)
        account.grants = accept_into(call.transaction, invitation, account.person_id, said.login, grants_of(account))
    steps.write_account(call, flow, said, account, [profile, *others])
