"""Last step of the password door: the second factor opens the session."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong, TooManyTries
from chalicelib.accounts.rules import is_match_stale
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.factors.schemas import FactorKind, used_factor
from chalicelib.kit.access import Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.text import Code, Text, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sessions.schemas import SessionView, view
from chalicelib.sign_in.refusals import RoleNotHeld, SignInExpired
from chalicelib.sign_in.schemas import open_session, take


class FinishSignIn(Body):
    """The second factor, and the role to act in."""

    ticket: Token
    kind: Annotated[FactorKind, Meta(title="Способ подтверждения")]
    code: Code
    role: Annotated[Role | None, Meta(title="Роль", description="Если ролей несколько; иначе берётся первая.")] = None
    organisation_id: Annotated[Text | None, Meta(title="Организация роли")] = None


class SignedIn(Answer):
    """An open session and its token."""

    token: Annotated[str, Meta(title="Ключ сеанса", description="Передавайте в заголовке Authorization: Bearer …")]
    session: SessionView


@operation(
    "POST /v1/sign_in/sessions",
    public=True,
    reads=[Account],
    writes=[Update(Account), Put(Session), Delete(Session), Put(JournalRecord)],
    effects=[CheckProfile],
    refuses=[CodeWrong, TooManyTries, FactorNotAvailable, SignInExpired, RoleNotHeld],
    audit="session.opened",
    status=201,
)
def finish_sign_in(call: Call, body: FinishSignIn) -> SignedIn:
    """Подтвердить вход вторым фактором."""
    values = take("password", body.ticket)
    account = Account.attempt(values["person"], "sign_in", epoch=values["epoch"])
    if account is None:
        raise SignInExpired
    factor = used_factor(account, body.kind, body.code, f"sign_in/{account.person_id}/{values['nonce']}")
    session, token = open_session(call, account, body.role, body.organisation_id, factor)
    if is_match_stale(account.matched_at, call.now):
        call.transaction.send(CheckProfile(person_id=account.person_id))
    return SignedIn(token=token, session=view(session))
