"""The administrator closes somebody else's account, for one of a few reasons."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.refusals import AccountClosed, ClosingOneself, HandOverUnfit
from chalicelib.accounts.schemas import ClosedAccount, Handing, TellOwner, close, refuse_not_open
from chalicelib.accounts.tables import Account, Employment, HandOver
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Check, Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.roles.refusals import LastHolder
from chalicelib.roles.schemas import take_all_into
from chalicelib.roles.tables import RoleCount, RoleHolder


class CloseAccount(Handing, kw_only=True):
    """Why, and to whom the open work goes."""

    reason: Annotated[
        Literal["requested", "left", "deceased", "duplicate", "misuse"],
        Meta(
            title="Причина",
            description=(
                "requested — по просьбе владельца, left — ушёл из профессии, deceased — умер, "
                "duplicate — второй кабинет того же человека, misuse — злоупотребление."
            ),
        ),
    ]


@operation(
    "POST /v1/accounts/{person_id}/closings",
    allow={Role.ADMIN: WholeCabinet()},
    match=True,
    fresh=True,
    reads=[Account],
    writes=[
        *map(Update, (Account, RoleCount)),
        *map(Delete, (RoleHolder, Session)),
        *map(Check, (Employment, Account)),
        Put(HandOver),
    ],
    effects=[TellOwner],
    refuses=[ClosingOneself, LastHolder, HandOverUnfit, AccountClosed],
    audit="account.closed_by_office",
)
def close_account(call: Call, person_id: str, body: CloseAccount) -> ClosedAccount:
    """Закрыть кабинет другого человека."""
    if person_id == call.actor.person_id:
        raise ClosingOneself
    account = call.read(Get(Account, person_id))
    call.match(account)
    refuse_not_open(account)
    call.note(fields=[f"reason.{body.reason}"])
    grants = take_all_into(call.transaction, account, by_himself=False)
    return close(call, account, f"office.{body.reason}", grants, body)
