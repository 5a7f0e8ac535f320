"""The app's first code proves that it holds the secret; the owner is told."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong, TooManyTries
from chalicelib.accounts.schemas import TellOwner, key_of
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import TotpNotStarted
from chalicelib.factors.rules import FIXED_IDS
from chalicelib.factors.schemas import APP_NAME, FactorsChanged, change_factors
from chalicelib.kit import totp
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.text import Code, FactorName

TOLD = "К вашему кабинету медработника подключено приложение с кодами."
DONE = "Приложение подключено: при следующем входе можно ввести его код."


class ConfirmTotp(Body):
    """The first code, and what to call the app."""

    code: Code
    name: Annotated[FactorName | None, Meta(title="Название приложения")] = None


@operation(
    "POST /v1/factors/totp/confirmations",
    allow=EVERYBODY,
    full=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account)],
    effects=[TellOwner],
    refuses=[CodeWrong, TooManyTries, TotpNotStarted],
    audit="factor.totp_added",
    memory=1024,
)
def confirm_totp(call: Call, body: ConfirmTotp) -> FactorsChanged:
    """Завершить подключение приложения первым кодом."""
    account = Account.attempt(call.actor.person_id, "factor")
    if account is None:
        raise NotFound
    call.prove(account)
    if account.totp_pending is None or account.totp_pending_until < call.now:
        raise TotpNotStarted
    step = totp.matching_step(key_of(account).open("account/totp", account.totp_pending, str), body.code, 0)
    if step is None:
        raise CodeWrong
    call.note(objects=[FIXED_IDS["totp"]])
    added = {"totp": account.totp_pending, "totp_pending": None, "totp_step": step, "factor_tries": 0}
    named = {"totp_name": str(body.name or APP_NAME), "totp_added_at": call.now}
    return change_factors(call, account, TOLD, DONE, {**added, **named})
