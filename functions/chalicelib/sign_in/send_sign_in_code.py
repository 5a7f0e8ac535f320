"""A code for the second factor, by SMS or e-mail."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed
from chalicelib.accounts.schemas import CodeIssued, send_code
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.factors.schemas import refuse_unavailable
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.sign_in.refusals import AccountNotConfirmed, SignInExpired
from chalicelib.sign_in.schemas import entry_of, refuse_other_epoch, refuse_shut, refuse_unproven


class SendSignInCode(Body):
    """Where to send the code."""

    ticket: Token
    channel: Annotated[Literal["sms", "email"], Meta(title="Канал", description="sms или email.")]


@operation(
    "POST /v1/sign_in/codes",
    public=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session), Delete(Reservation), Put(JournalRecord)],
    effects=[Sms, Email],
    refuses=[SignInExpired, FactorNotAvailable, AccountBlocked, AccountClosed, AccountNotConfirmed],
    audit="sign_in.code_sent",
    status=202,
)
def send_sign_in_code(call: Call, body: SendSignInCode) -> CodeIssued:
    """Получить код для входа."""
    entry = entry_of(body.ticket)
    if entry.strong:  # no code is asked for after it
        raise SignInExpired
    account = call.read(Get(Account, entry.person_id))
    refuse_unproven(call, account, entry.door)
    refuse_other_epoch(account, entry)
    refuse_shut(account, entry)
    refuse_unavailable(account, body.channel)
    return send_code(call, account, body.channel, entry.act, "Код для входа")
