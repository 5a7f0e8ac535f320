"""What the second factor may be after a password or a proof; a passkey can be asked at once."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.factors.schemas import Factor, factors_of
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.sign_in.refusals import AccountNotConfirmed, SignInExpired
from chalicelib.sign_in.schemas import entry_of, refuse_other_epoch, refuse_shut, refuse_unproven


class OfferFactors(Body):
    """The ticket of the passed step."""

    ticket: Token


class FactorsOffered(Answer):
    """The factors that the person may use now."""

    factors: Annotated[list[Factor], Meta(title="Чем подтвердить вход")]


@operation(
    "POST /v1/sign_in/factor_offers",
    public=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session), Delete(Reservation), Put(JournalRecord)],
    refuses=[SignInExpired, AccountBlocked, AccountClosed, AccountNotConfirmed],
    audit="sign_in.factors_offered",
)
def offer_factors(call: Call, body: OfferFactors) -> FactorsOffered:
    """Узнать, чем подтвердить вход."""
    entry = entry_of(body.ticket)
    if entry.strong:  # none is asked for after it
        raise SignInExpired
    account = call.read(Get(Account, entry.person_id))
    refuse_unproven(call, account, entry.door)
    refuse_other_epoch(account, entry)
    refuse_shut(account, entry)
    return FactorsOffered(factors=factors_of(account, entry.act))
