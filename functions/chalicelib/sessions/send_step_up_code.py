"""A code by which the person confirms himself again in an open session."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.schemas import CodeIssued, send_code
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.factors.schemas import refuse_unavailable
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.tables import Get
from chalicelib.sessions.schemas import step_up_act


class SendStepUpCode(Body):
    """Where to send the code."""

    channel: Annotated[Literal["sms", "email"], Meta(title="Канал", description="sms или email.")]


@operation(
    "POST /v1/sessions/current/codes",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[Sms, Email],
    refuses=[FactorNotAvailable],
    audit="session.code_sent",
    status=202,
)
def send_step_up_code(call: Call, body: SendStepUpCode) -> CodeIssued:
    """Получить код для важного действия."""
    account = call.read(Get(Account, call.actor.person_id))
    refuse_unavailable(account, body.channel)
    return send_code(call, account, body.channel, step_up_act(call.actor), "Код для важного действия")
