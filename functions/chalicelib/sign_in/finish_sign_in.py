"""Last step of every door: the session is opened, after a second factor where the door was not strong by itself."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed, CodeWrong, TooManyTries
from chalicelib.accounts.rules import is_match_stale
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.factors.schemas import FactorKind, used_factor
from chalicelib.kit.access import Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.records.tables import Once, Session
from chalicelib.kit.session import Keep
from chalicelib.kit.tables import Action
from chalicelib.kit.text import Code, Text, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sessions.refusals import RoleNotHeld
from chalicelib.sessions.schemas import Opening, SignedIn, open_session
from chalicelib.sign_in.refusals import AccountNotConfirmed, FactorNeeded, NoLongerWorking, SignInExpired
from chalicelib.sign_in.schemas import TICKET_SECONDS, Entry, account_of, after_wrong_code, entry_of, refuse_dismissed


class FinishSignIn(Body):
    """The ticket of the passed step, the second factor where one is needed, and the role to act in."""

    ticket: Token
    kind: Annotated[FactorKind | None, Meta(title="Способ подтверждения")] = None
    code: Code | None = None
    keep: Annotated[Keep, Meta(title="Где хранить ключ", description="token — в программе, cookie — в браузере.")] = (
        "token"
    )
    role: Annotated[Role | None, Meta(title="Роль", description="Если ролей несколько; иначе берётся первая.")] = None
    organisation_id: Annotated[Text | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/sign_in/sessions",
    public=True,
    reads=[Account],
    writes=[Update(Account), Put(Session), Delete(Session), Put(JournalRecord), Put(Once)],
    effects=[CheckProfile, TellOwner],
    refuses=[
        CodeWrong, TooManyTries, FactorNotAvailable, FactorNeeded, SignInExpired, RoleNotHeld,
        AccountBlocked, AccountClosed, AccountNotConfirmed, NoLongerWorking,
    ],
    audit="session.opened",
    status=201,
)  # fmt: skip
def finish_sign_in(call: Call, body: FinishSignIn) -> SignedIn:
    """Завершить вход и открыть сеанс."""
    entry = entry_of(body.ticket)
    kind = None if entry.strong else body.kind
    if kind is None and not entry.strong:  # said before a try is counted
        raise FactorNeeded
    account = account_of(call, entry)
    refuse_dismissed(call, account, CheckProfile(person_id=account.person_id))
    factor = _factor(call, account, entry, kind, body.code)
    if entry.once is not None:
        call.transaction.put(Once(what=entry.once, expires=call.now + TICKET_SECONDS), SignInExpired)
    if is_match_stale(account.matched_at, call.now):
        call.transaction.send(CheckProfile(person_id=account.person_id))
    return open_session(call, account, Opening(entry.door, body.keep, body.role, body.organisation_id), factor)


def _factor(call: Call, account: Account, entry: Entry, kind: FactorKind | None, code: str | None) -> list[Action]:
    if kind is None:
        return []
    try:
        return used_factor(account, kind, code or "", entry.act)
    except CodeWrong:
        after_wrong_code(call, account, entry)
        raise
