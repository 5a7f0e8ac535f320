"""Last step of every door: the session is opened, after a second factor where the door was not strong by itself."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed, CodeWrong, TooManyTries
from chalicelib.accounts.rules import is_match_stale
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.factors.refusals import FactorNotAvailable, PasskeyCloned, PasskeyWrong
from chalicelib.factors.schemas import FactorKind, given_factor, passkey_sign_in
from chalicelib.kit.access import Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.passkeys import Assertion
from chalicelib.kit.records.tables import Once, Session, Setting
from chalicelib.kit.tables import Action
from chalicelib.kit.text import FactorCode, Text, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sessions.refusals import RoleNotHeld
from chalicelib.sessions.schemas import KeepField, Opening, SignedIn, open_session
from chalicelib.sign_in import schemas as steps
from chalicelib.sign_in.refusals import AccountNotConfirmed, FactorNeeded, NoLongerWorking, SignInExpired


class FinishSignIn(Body):
    """The ticket of the passed step, the second factor where one is needed, and the role to act in."""

    ticket: Token
    kind: Annotated[FactorKind | None, Meta(title="Способ подтверждения")] = None
    code: FactorCode | None = None
    assertion: Annotated[Assertion | None, Meta(title="Ответ ключа доступа")] = None
    keep: KeepField = "token"
    role: Annotated[Role | None, Meta(title="Роль", description="Если ролей несколько; иначе первая.")] = None
    organisation_id: Annotated[Text | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/sign_in/sessions",
    public=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account), Put(Session), Delete(Session), Delete(Reservation), Put(JournalRecord), Put(Once)],
    effects=[CheckProfile, TellOwner],
    refuses=[
        *(CodeWrong, TooManyTries, FactorNotAvailable, PasskeyWrong, PasskeyCloned, FactorNeeded, SignInExpired),
        *(RoleNotHeld, AccountBlocked, AccountClosed, AccountNotConfirmed, NoLongerWorking),
    ],
    audit="session.opened",
    status=201,
)
def finish_sign_in(call: Call, body: FinishSignIn) -> SignedIn:
    """Завершить вход и открыть сеанс."""
    entry = steps.entry_of(body.ticket)
    if body.kind is None and not entry.strong:
        steps.refuse_without_factor(call, entry)
    account, factor = _entered(call, entry, body)
    steps.refuse_dismissed(call, account, CheckProfile(person_id=account.person_id))
    steps.spend(call, entry)
    if is_match_stale(account.matched_at, call.now):
        call.transaction.send(CheckProfile(person_id=account.person_id))
    wanted = Opening(entry.door, body.keep, body.role, body.organisation_id, entry.factor_at)
    return open_session(call, account, wanted, factor)


def _entered(call: Call, entry: steps.Entry, body: FinishSignIn) -> tuple[Account, list[Action]]:
    if entry.door == "passkey":  # nothing is said of an account before its key has answered
        account, factor = passkey_sign_in(call, entry.act, body.assertion)
        return steps.judged(call, account, entry), factor
    account = steps.account_of(call, entry)
    if body.kind is None or entry.strong:
        return account, []
    try:
        return account, given_factor(call, account, body.kind, body, entry.act)
    except CodeWrong:
        steps.after_wrong_code(call, account, entry)
        raise
