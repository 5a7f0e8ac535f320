"""A fresh factor in an open session: what is dangerous may be done again for ten minutes."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong, TooManyTries
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable, PasskeyCloned, PasskeyWrong
from chalicelib.factors.schemas import FactorKind, given_factor
from chalicelib.kit import clock
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.door import FRESH_SECONDS
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.passkeys import Assertion
from chalicelib.kit.records.tables import Session, Setting
from chalicelib.kit.refusals import NotFound, SessionEnded
from chalicelib.kit.session import cookie, renewed
from chalicelib.kit.text import FactorCode
from chalicelib.sessions.schemas import step_up_act


class StepUp(Body):
    """The factor."""

    kind: Annotated[FactorKind, Meta(title="Способ подтверждения")]
    code: FactorCode | None = None
    assertion: Annotated[Assertion | None, Meta(title="Ответ ключа доступа")] = None


class SteppedUp(Answer):
    """The session goes on under a new token; the old one is no longer good."""

    token: Annotated[str | None, Meta(title="Новый ключ сеанса", description="null, если ключ хранится в cookie.")]
    until: Annotated[str, Meta(title="До какого времени код снова не спросят")]


@operation(
    "POST /v1/sessions/current/confirmations",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account), Update(Session)],
    effects=[TellOwner],
    refuses=[CodeWrong, TooManyTries, FactorNotAvailable, PasskeyWrong, PasskeyCloned],
    audit="session.confirmed",
)
def step_up(call: Call, body: StepUp) -> SteppedUp:
    """Подтвердить вход ещё раз для важного действия."""
    account = Account.attempt(call.actor.person_id, "step_up")
    if account is None:
        raise NotFound
    call.prove(account)
    factor = given_factor(call, account, body.kind, body, step_up_act(call.actor))
    session = Session(handle=call.actor.handle, session_id=call.actor.session_id)
    changes, token = renewed(session)
    call.transaction.update(session, *changes, when=Session.person_id == account.person_id, refusal=SessionEnded)
    call.transaction.update(account, *factor, *Account.no_tries("step_up"))
    if call.actor.keep == "cookie":
        call.headers["Set-Cookie"] = cookie(token)
    shown = token if call.actor.keep == "token" else None
    return SteppedUp(token=shown, until=clock.moment(call.now + FRESH_SECONDS))
