"""The codes are proved, the new password holds, everything that was open ends."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed, CodeWrong, TooManyTries
from chalicelib.accounts.schemas import TellOwner, end_sessions, new_password, refuse_weak_password
from chalicelib.accounts.tables import Account
from chalicelib.kit import codes
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.guesses import refuse_guesser
from chalicelib.kit.problem import wrong
from chalicelib.kit.records.tables import Session, Setting
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import Code, Password, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.recovery.refusals import BothChannelsNeeded, RecoveryEnded
from chalicelib.recovery.schemas import act, note_for_owner, refuse_blocked, refuse_too_few_channels, take_flow


class FinishRecovery(Body):
    """The code, or both, and the new password."""

    flow: Annotated[Token, Meta(title="Номер восстановления")]
    code: Annotated[Code, Meta(title="Код", description="Из SMS; из письма, если выбрано только оно.")]
    password: Annotated[Password, Meta(title="Новый пароль")]
    email_code: Annotated[Code | None, Meta(title="Код из письма", description="Если выбраны оба канала.")] = None


class PasswordRecovered(Answer):
    """The new password holds."""

    detail: Annotated[str, Meta(title="Что дальше")]


@operation(
    "POST /v1/recovery/passwords",
    public=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account), Delete(Session), Put(JournalRecord)],
    effects=[TellOwner],
    refuses=[RecoveryEnded, BothChannelsNeeded, CodeWrong, TooManyTries, AccountBlocked, AccountClosed],
    audit="password.recovered",
    memory=512,
)
def finish_recovery(call: Call, body: FinishRecovery) -> PasswordRecovered:
    """Задать новый пароль по коду."""
    flow = take_flow(body.flow)
    refuse_too_few_channels(flow["channels"])
    if flow["channels"] == "both" and body.email_code is None:
        raise WrongFields([wrong("/email_code", "Заполните это поле: выбраны оба канала.", "required")])
    refuse_weak_password(body.password, flow["login"])
    refuse_guesser(call, "code")
    account = Account.attempt(flow["person"], "recovery", known=bool(flow["known"]))
    if account is None or not (flow["known"] and _fits(account, flow, body)):
        raise CodeWrong
    refuse_blocked(account, flow["channels"])
    changes = new_password(account, body.password, "recovery")
    both = flow["channels"] == "both"
    changes += [Account.recovered_by.remove() if both else Account.recovered_by.set(flow["channels"])]
    end_sessions(call.transaction, account, *changes, Account.blocked.remove())
    note_for_owner(call, account)
    text = "Пароль от кабинета медработника задан заново. Все сеансы завершены."
    call.transaction.send(TellOwner(person_id=account.person_id, subject="Новый пароль", text=text, not_me=True))
    return PasswordRecovered(detail="Пароль задан, все сеансы завершены. Войдите с новым паролем.")


def _fits(account: Account, flow: dict[str, Any], body: FinishRecovery) -> bool:
    if flow["channels"] != "both":
        return codes.fits_derived(act(account, flow["nonce"], flow["channels"]), body.code)
    by_sms = codes.fits_derived(act(account, flow["nonce"], "sms"), body.code)
    return codes.fits_derived(act(account, flow["nonce"], "email"), body.email_code or "") and by_sms
