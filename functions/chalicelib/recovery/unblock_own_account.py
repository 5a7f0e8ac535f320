"""Who proves himself by ЕСИА or his signature opens the access that he, or the cabinet's watch, had closed."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked
from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.recovery.refusals import NotBlocked, TwoFactorProofNeeded
from chalicelib.recovery.schemas import note_for_owner, reopen
from chalicelib.sign_in.refusals import AccountNotConfirmed, SignInExpired
from chalicelib.sign_in.schemas import refuse_unproven, take


class UnblockOwnAccount(Body):
    """The ticket of a proved identity."""

    ticket: Annotated[Token, Meta(title="Пропуск, полученный при подтверждении личности")]


class OwnAccountUnblocked(Answer):
    """The access is open; the password has gone."""

    detail: Annotated[str, Meta(title="Что дальше")]


@operation(
    "POST /v1/recovery/unblockings",
    public=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session), Delete(Reservation), Put(JournalRecord)],
    effects=[TellOwner],
    refuses=[SignInExpired, NotBlocked, AccountBlocked, AccountNotConfirmed, TwoFactorProofNeeded],
    audit="access.reopened_by_owner",
)
def unblock_own_account(call: Call, body: UnblockOwnAccount) -> OwnAccountUnblocked:
    """Открыть свой доступ, подтвердив личность через ЕСИА или подписью."""
    values = take("proved", body.ticket)
    (account,) = call.look(Get(Account, values["person"])) if values["person"] else (None,)
    if account is None or account.blocked is None:
        raise NotBlocked
    refuse_unproven(call, account, values["proof"]["door"])
    if account.blocked["by"] == "officer" or values["proof"]["door"] not in {"esia", "signature"}:
        raise AccountBlocked
    if values["at"] < account.blocked["at"]:  # a proof from before the block does not undo it
        raise SignInExpired
    if not values["proof"]["strong"]:
        raise TwoFactorProofNeeded
    reopen(call, account)
    note_for_owner(call, account)
    text = "Доступ в кабинет медработника открыт: личность подтверждена. Прежний пароль удалён."
    call.transaction.send(TellOwner(person_id=account.person_id, subject="Доступ открыт", text=text, not_me=True))
    detail = "Доступ открыт. Продолжите вход тем же способом; пароль задайте заново через «Восстановление доступа»."
    return OwnAccountUnblocked(detail=detail)
