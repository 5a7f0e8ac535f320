"""What the ways back into an account share: the sealed flow, its codes, and what blocks which way."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed
from chalicelib.accounts.schemas import end_sessions, no_password
from chalicelib.accounts.tables import Account
from chalicelib.kit import codes, journal, options, ticket
from chalicelib.kit.call import Call
from chalicelib.kit.outbox import Effect
from chalicelib.recovery.refusals import BothChannelsNeeded, RecoveryEnded

Channel = Literal["sms", "email"]
Channels = Annotated[
    Literal["sms", "email", "both"],
    Meta(title="Куда прислать код", description="sms, email или both: код в SMS и другой код в письме."),
]
BOTH = 2


class RecoveryCode(Effect):
    """Somebody asks for a way back: a worker looks whether there is anybody to send codes to."""

    channel: ClassVar[str] = "recovery"
    person_id: str
    channels: str
    nonce: str


def refuse_too_few_channels(channels: str) -> None:
    """Refuse one channel where the security profile demands both."""
    if options.security().recovery.channels == BOTH and channels != "both":
        raise BothChannelsNeeded


def give_flow(effect: RecoveryCode, login: str, *, known: bool) -> str:
    """Seal a recovery under way; nothing of it is stored."""
    return ticket.seal(
        "recovery",
        codes.LIFE_SECONDS,
        person=effect.person_id,
        channels=effect.channels,
        nonce=effect.nonce,
        login=login,
        known=int(known),
    )


def take_flow(text: str) -> dict[str, Any]:
    """Open a recovery under way."""
    values = ticket.unseal("recovery", text)
    if values is None:
        raise RecoveryEnded
    return values


def act(account: Account, nonce: str, channel: Channel) -> str:
    """Name what a code is for: this recovery, this channel, this state of the access.

    A new password, a reported stranger or an ended role raises the epoch, and codes of before fit no more.
    """
    return f"recovery/{account.person_id}/{int(account.epoch)}/{nonce}/{channel}"


def refuse_blocked(account: Account, channels: str) -> None:
    """Refuse who is closed out: a closed account and an officer's block always, others unless both channels were proved."""
    if account.closed_at:
        raise AccountClosed
    if account.blocked and (account.blocked["by"] == "officer" or channels != "both"):
        raise AccountBlocked


def reopen(call: Call, account: Account) -> None:
    """Lift a block: who had the password may not come in by it again, so it is taken away."""
    end_sessions(call.transaction, account, Account.blocked.remove(), *no_password(account))


def note_for_owner(call: Call, account: Account) -> None:
    """Write a public call into the journal of the person who has just proved himself."""
    record = journal.by_person(account.person_id, call.operation.audit, call.operation.name, call.trace_id)
    call.transaction.put(record)
