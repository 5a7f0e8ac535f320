"""Registrations under way."""

from typing import Literal

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import clock, codes, settings
from chalicelib.kit.tables import Get, Table, fetch

State = Literal["contacts", "completion"]
MOST_TRIES: dict[State, int] = {"contacts": codes.TRIES_AN_HOUR, "completion": 20}


class RegistrationFlow(Table):
    """One applicant's way to an account; what he typed and what the register said is sealed."""

    class Meta:
        table_name = settings.table("registration_flow")

    flow_id = UnicodeAttribute(hash_key=True)
    secret_hash = UnicodeAttribute()
    applicant_id = UnicodeAttribute()
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    sealed = BinaryAttribute(legacy_encoding=False)
    state = UnicodeAttribute()
    phone_code = UnicodeAttribute()
    email_code = UnicodeAttribute()
    tries = NumberAttribute(default=0)
    until = NumberAttribute()
    expires = NumberAttribute()

    @classmethod
    def attempt(cls, flow_id: str, secret_hash: str, state: State) -> "RegistrationFlow | None":
        """Count a try and read the flow in one trip; None when it is unknown, over, or has no tries left.

        Codes have few tries; choosing a password that fits the rules may take more.
        """
        changes: list[Action] = [cls.tries.add(1)]
        holds = (cls.secret_hash == secret_hash) & (cls.state == state) & (cls.until > clock.epoch())
        return cls.change(flow_id, actions=changes, when=holds & (cls.tries < MOST_TRIES[state]))

    @classmethod
    def has_tries(cls, flow_id: str, state: State) -> bool:
        """Tell, for a refusal, whether the tries were what ran out."""
        (flow,) = fetch((Get(cls, flow_id),))
        return flow is None or flow.state != state or flow.tries < MOST_TRIES[state]
