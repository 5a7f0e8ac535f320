"""The security policy is accepted: what waited for the consent opens."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import PolicyNotAccepted
from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import SessionEnded
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token


class AcceptPolicy(Body):
    """The version that the person has read."""

    policy_version: Annotated[Token, Meta(title="Версия политики безопасности", examples=[POLICY_VERSION])]


class PolicyAccepted(Answer):
    """What is accepted now, and what is still due."""

    policy_version: Annotated[str, Meta(title="Принятая версия")]
    due: Annotated[str, Meta(title="Что ещё нужно сделать сначала", description="password или пусто.")]


@operation(
    "POST /v1/accounts/consents",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Account, Session],
    writes=[Update(Account), Update(Session)],
    refuses=[PolicyNotAccepted],
    audit="policy.accepted",
)
def accept_policy(call: Call, body: AcceptPolicy) -> PolicyAccepted:
    """Принять политику безопасности."""
    if body.policy_version != POLICY_VERSION:
        raise PolicyNotAccepted(version=POLICY_VERSION)
    account, session = call.read(
        Get(Account, call.actor.person_id), Get(Session, call.actor.handle, call.actor.session_id)
    )
    due = " ".join(one for one in session.due.split() if one != "consent")
    call.transaction.update(account, Account.consent_version.set(POLICY_VERSION), edits=False)
    changes = [Session.due.set(due), Session.consent_version.set(POLICY_VERSION)]
    call.transaction.update(session, *changes, when=Session.secret_hash == session.secret_hash, refusal=SessionEnded)
    call.note(fields=["consent_version"])
    return PolicyAccepted(policy_version=POLICY_VERSION, due=due)
