"""Last step: password and consent. How it ended is told only on the confirmed phone and mailbox."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import TooManyTries
from chalicelib.accounts.schemas import POLICY_VERSION, refuse_weak_password
from chalicelib.accounts.tables import Account, Employment, Login, Reservation
from chalicelib.kit import passwords
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
from chalicelib.registration.refusals import FlowEnded, PolicyNotAccepted
from chalicelib.registration.rules import outcome_text
from chalicelib.registration.schemas import (
    FlowStep,
    account_items,
    enter,
    flow_step,
    look_again,
    open_application,
    refuse_other_policy,
)
from chalicelib.registration.tables import RegistrationFlow


class CompleteRegistration(Body):
    """The password and the consent."""

    flow: Token
    password: Password
    policy_version: Annotated[Token, Meta(title="Версия политики безопасности", examples=[POLICY_VERSION])]


@operation(
    "POST /v1/registration/completions",
    public=True,
    reads=[RegistrationFlow, Login, Reservation, Query(Setting)],
    writes=[Update(RegistrationFlow), *map(Put, (Account, Login, Reservation, Employment, Profile))],
    effects=[Sms, Email],
    refuses=[FlowEnded, TooManyTries, PolicyNotAccepted],
    audit="registration.completed",
    status=202,
)
def complete_registration(call: Call, body: CompleteRegistration) -> FlowStep:
    """Задать пароль и завершить регистрацию."""
    refuse_other_policy(body.policy_version)
    flow = enter(body.flow, "completion")
    application = open_application(flow)
    refuse_weak_password(body.password, application.login)
    password_hash = passwords.digest(body.password)
    if flow.tries > 1:
        look_again(call, application)
    if application.outcome == "matched":
        account, others = account_items(flow, application, password_hash)
        profile = new_profile(OwnerKey(flow.applicant_id, flow.wrapped_key), application)
        for item in (account, profile, *others):
            call.transaction.put(item)
    kind = RegistrationFlow
    when = kind.state == "completion"
    call.transaction.update(flow, kind.state.set("done"), when=when, refusal=FlowEnded)
    text = outcome_text(application.outcome, application.login)
    call.transaction.send(Sms(to=application.phone, text=text))
    call.transaction.send(Email(to=application.email, subject="Регистрация в кабинете", text=text))
    detail = "Итог регистрации и логин отправлены на подтверждённые телефон и почту."
    return flow_step(flow, body.flow, "done", detail)
