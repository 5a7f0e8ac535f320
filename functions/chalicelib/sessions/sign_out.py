"""Leaving the cabinet: the session ends at once."""

from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import SessionEnded
from chalicelib.kit.session import cookie
from chalicelib.kit.tables import Get


@operation(
    "DELETE /v1/sessions/current",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Session],
    writes=[Delete(Session), Update(Account)],
    audit="session.closed",
    status=204,
)
def sign_out(call: Call) -> None:
    """Выйти из кабинета."""
    actor = call.actor
    session = call.read(Get(Session, actor.handle, actor.session_id))
    call.transaction.delete(session, when=Session.person_id.exists(), refusal=SessionEnded)
    call.transaction.update(Account(actor.person_id), Account.session_ends[actor.session_id].remove(), edits=False)
    if actor.keep == "cookie":
        call.headers["Set-Cookie"] = cookie("")
    call.note(objects=[actor.session_id])
