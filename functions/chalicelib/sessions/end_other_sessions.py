"""All sessions but this one are ended, and sign-ins under way do not finish."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get


class OtherSessionsEnded(Answer):
    """How many were ended."""

    ended: Annotated[int, Meta(title="Сколько сеансов завершено")]


@operation(
    "POST /v1/sessions/endings",
    allow=EVERYBODY,
    claimed=True,
    fresh=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session)],
    audit="sessions.ended",
)
def end_other_sessions(call: Call) -> OtherSessionsEnded:
    """Завершить все сеансы, кроме текущего."""
    account = call.read(Get(Account, call.actor.person_id))
    ended = end_sessions(call.transaction, account, spared=call.actor.session_id)
    call.note(objects=ended)
    return OtherSessionsEnded(ended=len(ended))
