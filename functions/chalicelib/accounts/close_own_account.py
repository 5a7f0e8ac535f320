"""A person closes his account: at once for everybody, for good when the time of retention is over."""

from chalicelib.accounts.refusals import AccountClosed, HandOverUnfit
from chalicelib.accounts.schemas import ClosedAccount, Handing, TellOwner, close, refuse_not_open
from chalicelib.accounts.tables import Account, Employment, HandOver
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Check, Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.roles.refusals import LastHolder
from chalicelib.roles.schemas import take_all_into
from chalicelib.roles.tables import RoleCount, RoleHolder


class CloseOwnAccount(Handing):
    """To whom the open work goes, if to anybody."""


@operation(
    "POST /v1/accounts/closings",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    fresh=True,
    reads=[Account],
    writes=[
        *map(Update, (Account, RoleCount)),
        *map(Delete, (RoleHolder, Session)),
        *map(Check, (Employment, Account)),
        Put(HandOver),
    ],
    effects=[TellOwner],
    refuses=[LastHolder, HandOverUnfit, AccountClosed],
    audit="account.closed",
)
def close_own_account(call: Call, body: CloseOwnAccount) -> ClosedAccount:
    """Закрыть свой кабинет."""
    account = call.read(Get(Account, call.actor.person_id))
    refuse_not_open(account)
    grants = take_all_into(call.transaction, account, by_himself=True)
    return close(call, account, "owner", grants, body)
