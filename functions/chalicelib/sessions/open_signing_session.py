"""After a fresh factor documents may be signed for a while without a code for each."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.options import options
from chalicelib.kit.records.tables import Session, Setting
from chalicelib.kit.tables import Get


class SigningOpened(Answer):
    """Until when one may sign."""

    signing_until: Annotated[str, Meta(title="До какого времени можно подписывать без кода")]


@operation(
    "POST /v1/sessions/current/signing",
    allow=EVERYBODY,
    fresh=True,
    reads=[Session, Query(Setting)],
    writes=[Update(Session)],
    audit="signing.opened",
)
def open_signing_session(call: Call) -> SigningOpened:
    """Начать подписание: код не спросят на каждый документ."""
    session = call.read(Get(Session, call.actor.handle, call.actor.session_id))
    until = min(call.now + options().signing_minutes * 60, int(session.absolute_until))
    unmoved = Session.factor_at == call.actor.factor_at  # another device would have taken it away
    call.transaction.update(session, Session.signing_until.set(until), when=unmoved)
    return SigningOpened(signing_until=clock.moment(until))
