"""One of the person's sessions is ended from another: a phone left behind, a computer at work."""

from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
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
    call.transaction.delete(call.read(Get(Session, call.actor.handle, session_id)))
    call.transaction.update(Account(call.actor.person_id), Account.session_ends[session_id].remove(), edits=False)
    call.note(objects=[session_id])
