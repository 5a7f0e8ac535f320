"""Effects: what a change asks to be sent later; written in its transaction, delivered by workers."""

from typing import ClassVar, Final

import msgspec

from chalicelib.kit import clock, ids, secret
from chalicelib.kit.records.tables import Outbox

SHARDS: Final = 4
KEEP_SECONDS: Final = 7 * 24 * 3600


class Effect(msgspec.Struct):
    """One thing to be done outside the request; a subclass names its `channel` and the values to carry."""

    channel: ClassVar[str]


class Sms(Effect):
    """A text message to a phone (E.164); one with a code names its purpose, by which it is limited."""

    channel: ClassVar[str] = "sms"
    to: str
    text: str
    purpose: str = ""


class Email(Effect):
    """A letter; one with a code names its purpose, by which it is limited."""

    channel: ClassVar[str] = "email"
    to: str
    subject: str
    text: str
    purpose: str = ""


class TellOwner(Effect):
    """Something happened to a person's access: he is told on every confirmed channel.

    The SMS carries `text`; the letter too, and with `not_me` a link by which he can stop everything.
    """

    channel: ClassVar[str] = "owner"
    person_id: str
    subject: str
    text: str
    not_me: bool = False


def row(effect: Effect, trace_id: str) -> Outbox:
    """Make the outbox row of an effect; what it carries is encrypted."""
    effect_id = ids.new("eff")
    now = clock.epoch()
    return Outbox(
        effect_id=effect_id,
        channel=effect.channel,
        kind=type(effect).__name__,
        sealed=secret.seal("outbox", msgspec.json.encode(effect, enc_hook=str), effect_id.encode()),
        pending_shard=str(int(effect_id[-1], 16) % SHARDS),
        pending_since=now,
        made_at=now,
        trace_id=trace_id,
        expires=now + KEEP_SECONDS,
    )


def open_row(found: Outbox, kinds: tuple[type[Effect], ...]) -> Effect:
    """Read the effect of a row back; `kinds` are those that the worker takes."""
    kind = next(one for one in kinds if one.__name__ == found.kind)
    plain = secret.unseal("outbox", found.sealed, found.effect_id.encode())
    return msgspec.json.decode(plain, type=kind)
