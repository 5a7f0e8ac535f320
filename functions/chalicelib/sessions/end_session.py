"""One of the person's sessions is ended from another: a phone left behind, a computer at work."""

from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Get


@operation(
    "DELETE /v1/sessions/{session_id}",
    allow=EVERYBODY,
    claimed=True,
    fresh=True,
    reads=[Session],
    writes=[Delete(Session), Update(Account)],
    audit="session.ended",
    status=204,
)
def end_session(call: Call, session_id: str) -> None:
    """Завершить один из своих сеансов."""
    session = call.read(Get(Session, call.actor.handle, session_id))
    # It may have become another meanwhile, by a switch of role: then it is not said to have ended.
    call.transaction.delete(session, when=Session.person_id.exists(), refusal=NotFound)
    call.transaction.update(Account(call.actor.person_id), Account.session_ends[session_id].remove(), edits=False)
    call.note(objects=[session_id])
