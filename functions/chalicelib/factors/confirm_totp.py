"""The app's first code proves that it holds the secret; the owner is told on both channels."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong, TooManyTries
from chalicelib.accounts.schemas import contacts_of, key_of
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import TotpNotStarted
from chalicelib.kit import totp
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.text import Code

TOLD = "К вашему кабинету медработника подключено приложение с кодами. Если это не вы, сразу обратитесь в поддержку."


class ConfirmTotp(Body):
    """The first code."""

    code: Code


class TotpConfirmed(Answer):
    """The app is connected."""

    detail: Annotated[str, Meta(title="Что теперь")]


@operation(
    "POST /v1/factors/totp/confirmations",
    allow=EVERYBODY,
    fresh=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[Sms, Email],
    refuses=[CodeWrong, TooManyTries, TotpNotStarted],
    audit="factor.totp_added",
)
def confirm_totp(call: Call, body: ConfirmTotp) -> TotpConfirmed:
    """Завершить подключение приложения первым кодом."""
    account = Account.attempt(call.actor.person_id, "factor")
    if account is None:
        raise NotFound
    call.prove(account)
    if account.totp_pending is None:
        raise TotpNotStarted
    step = totp.matching_step(key_of(account).open("account/totp", account.totp_pending, str), body.code, 0)
    if step is None:
        raise CodeWrong
    added = [Account.totp.set(account.totp_pending), Account.totp_pending.remove(), Account.totp_step.set(step)]
    call.transaction.update(account, *added, *Account.no_tries("factor"))
    contacts = contacts_of(account)
    call.transaction.send(Sms(to=contacts.phone, text=TOLD))
    call.transaction.send(Email(to=contacts.email, subject="Подключено приложение с кодами", text=TOLD))
    return TotpConfirmed(detail="Приложение подключено: при следующем входе можно ввести его код.")
