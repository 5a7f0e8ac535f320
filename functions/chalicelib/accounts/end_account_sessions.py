"""An office ends all sessions of an account, when somebody else may be in it."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner, end_sessions, refuse_not_open
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get


class AccountSessionsEnded(Answer):
    """How many sessions are over."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    ended: Annotated[int, Meta(title="Сколько сеансов завершено")]


@operation(
    "POST /v1/accounts/{person_id}/session_endings",
    allow=dict.fromkeys((Role.ADMIN, Role.SECURITY), WholeCabinet()),
    fresh=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session)],
    effects=[TellOwner],
    audit="account.sessions_ended",
)
def end_account_sessions(call: Call, person_id: str) -> AccountSessionsEnded:
    """Завершить все сеансы человека."""
    account = call.read(Get(Account, person_id))
    refuse_not_open(account)
    ended = len(account.live_sessions())
    end_sessions(call.transaction, account)
    text = "Все ваши сеансы в кабинете медработника завершены по решению администратора или службы безопасности."
    call.transaction.send(TellOwner(person_id=person_id, subject="Сеансы завершены", text=text))
    return AccountSessionsEnded(person_id=person_id, ended=ended)
