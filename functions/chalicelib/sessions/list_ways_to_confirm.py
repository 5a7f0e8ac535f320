"""With what the person can confirm himself again in this session."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Account
from chalicelib.factors.schemas import Factor, factors_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.sessions.schemas import step_up_act


class WaysToConfirm(Answer):
    """The factors that may be used now."""

    factors: Annotated[list[Factor], Meta(title="Чем подтвердить")]


@operation(
    "GET /v1/sessions/current/ways",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Account],
    audit="session.ways_read",
)
def list_ways_to_confirm(call: Call) -> WaysToConfirm:
    """Показать, чем подтвердить вход ещё раз."""
    account = call.read(Get(Account, call.actor.person_id))
    return WaysToConfirm(factors=factors_of(account, step_up_act(call.actor)))
