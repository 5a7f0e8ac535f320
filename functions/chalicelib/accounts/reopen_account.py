"""A closed account comes back while its keys are there; whoever uses it next proves first that it is his."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountErased, AccountNotClosed
from chalicelib.accounts.schemas import TellOwner, end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Get


class AccountReopened(Answer):
    """The account is open and unproven."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    identity: Annotated[str, Meta(title="Личность")]
    detail: Annotated[str, Meta(title="Что делать дальше")]


@operation(
    "POST /v1/accounts/{person_id}/reopenings",
    allow={Role.ADMIN: WholeCabinet()},
    match=True,
    fresh=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[TellOwner],
    refuses=[AccountNotClosed, AccountErased],
    audit="account.reopened",
)
def reopen_account(call: Call, person_id: str) -> AccountReopened:
    """Вернуть закрытый кабинет."""
    account = call.read(Get(Account, person_id))
    if account.login is None:
        raise NotFound
    call.match(account)
    if account.closed_at is None:
        raise AccountNotClosed
    if account.erase_at is None or account.erase_at <= call.now:
        raise AccountErased
    gone = (Account.closed_at, Account.closed_by, Account.erase_at, Account.erase_shard)
    unproven = [Account.assurance.set("claimed"), *Account.no_way_in()]
    end_sessions(call.transaction, account, *unproven, *(one.remove() for one in gone))
    text = "Ваш кабинет медработника снова открыт. Чтобы войти, подтвердите личность: через Госуслуги или в кадрах."
    call.transaction.send(TellOwner(person_id=person_id, subject="Кабинет снова открыт", text=text))
    detail = (
        "Кабинет открыт. Владелец подтвердит личность через Госуслуги или в кадровой службе и задаст пароль заново."
    )
    return AccountReopened(person_id=person_id, identity="claimed", detail=detail)
