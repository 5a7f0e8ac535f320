"""Where the person is signed in now."""

from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.sessions.schemas import SessionList, listed


@operation(
    "GET /v1/sessions",
    allow=EVERYBODY,
    claimed=True,
    reads=[Query(Session)],
    audit="sessions.listed",
)
def list_sessions(call: Call) -> SessionList:
    """Показать свои открытые сеансы."""
    page = call.page(Session.of_person(call.actor.handle), 100, None)
    shown = [listed(one, call.actor) for one in page.items if one.is_open(call.now)]
    return SessionList(items=sorted(shown, key=lambda one: one.opened_at, reverse=True))
