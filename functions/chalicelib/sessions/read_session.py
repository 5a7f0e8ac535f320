"""The session of this call."""

from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.sessions.schemas import SessionView, view


@operation(
    "GET /v1/sessions/current",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Session],
    audit="session.read",
)
def read_session(call: Call) -> SessionView:
    """Показать текущий сеанс."""
    return view(call.read(Get(Session, call.actor.handle, call.actor.session_id)))
