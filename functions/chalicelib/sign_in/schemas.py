"""What the steps of sign-in share: tickets between steps, and how factors are shown."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.rules import chosen_grant, with_session
from chalicelib.accounts.schemas import key_of
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.kit import clock, ids, journal, secret, settings, ticket
from chalicelib.kit.access import Grant
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.records.tables import Session
from chalicelib.kit.session import begin
from chalicelib.kit.tables import Action, Get
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.sign_in.refusals import RoleNotHeld, SignInExpired

TICKET_SECONDS = 900
Step = Literal["login", "password", "proved", "passkey"]


class TicketView(Answer):
    """The way to the next step."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция")]


class Proof(msgspec.Struct, kw_only=True):
    """Who a person is by another's word: ЕСИА, an identity provider, or the certificate of his signature.

    `strong`: two factors were used there. Contacts are given only where the other side has verified them.
    """

    door: Literal["esia", "oidc", "signature"]
    snils: str
    strong: bool
    last_name: str
    first_name: str
    middle_name: str | None = None
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None


class IdentityProved(Answer):
    """Who came is known; the session, or the registration, comes next."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция", description="finish_sign_in или start_proved_registration.")]
    factor_needed: Annotated[bool, Meta(title="Нужен ли ещё второй фактор")]
    detail: Annotated[str, Meta(title="Что делать дальше")]


def identity_proved(call: Call, proof: Proof) -> IdentityProved:
    """Find whose СНИЛС was proved (one read) and give the ticket to the session, or to the registration."""
    (found,) = call.look(Get(Reservation, f"snils#{secret.look_up('snils', proof.snils)}"))
    said = msgspec.to_builtins(proof, str_keys=True)
    ticket = give("proved", found.person_id if found else "", nonce=ids.token(), at=clock.epoch(), proof=said)
    if found is None:
        detail = "Кабинета с вашим СНИЛС ещё нет. Укажите телефон и почту, чтобы открыть его."
        return IdentityProved(ticket=ticket, next="start_proved_registration", factor_needed=False, detail=detail)
    detail = "Личность подтверждена. " + ("Можно войти." if proof.strong else "Подтвердите вход вторым фактором.")
    return IdentityProved(ticket=ticket, next="finish_sign_in", factor_needed=not proof.strong, detail=detail)


def no_such_person(login: str) -> str:
    """Return the stand-in that an unknown login leads to: it looks like a person and opens nothing."""
    return f"psn_{secret.look_up('no-such-login', login)[:32]}"


def give(step: Step, person_id: str, **more: Any) -> str:
    """Seal a ticket that proves a passed step."""
    return ticket.seal(f"sign_in/{step}", TICKET_SECONDS, person=person_id, **more)


def take(step: Step, text: str) -> dict[str, Any]:
    """Open a ticket of a step; refuses any other."""
    values = ticket.unseal(f"sign_in/{step}", text)
    if values is None:
        raise SignInExpired
    return values


def refuse_other_epoch(account: Account, values: dict[str, Any]) -> None:
    """Refuse a ticket from before the account's access was changed."""
    if int(account.epoch) != values["epoch"]:
        raise SignInExpired


def open_session(
    call: Call, account: Account, role: str | None, organisation_id: str | None, factor: list[Action]
) -> tuple[Session, str]:
    """Put a new session, the account's list of them and the journal record into the call's transaction."""
    grant = chosen_grant(msgspec.convert(account.grants, list[Grant]), role, organisation_id)
    if grant is None:
        raise RoleNotHeld
    origin = {"address": call.request.network, "device": call.request.device}
    session, token = begin(
        account.person_id,
        account.handle,
        grant,
        assurance=account.assurance,
        consent_version=account.consent_version,
        wrapped_key=account.wrapped_key,
        source=call.source,
        origin=key_of(account).seal("session/origin", origin),
    )
    until = int(session.absolute_until)
    kept, ended = with_session(account.live_sessions(), session.session_id, until, settings.MAX_SESSIONS)
    call.transaction.put(session)
    listed = Account.session_ends.set(kept)
    call.transaction.update(account, listed, *Account.no_tries("sign_in"), *factor)
    for name in ended:
        call.transaction.delete(Session(handle=account.handle, session_id=name))
    call.transaction.put(_record(call, session, grant))
    return session, token


def _record(call: Call, session: Session, grant: Grant) -> JournalRecord:
    record = journal.by_person(session.person_id, call.operation.audit, call.operation.name, call.trace_id)
    record.objects = [session.session_id]
    record.role = grant.role.value
    record.origin = session.origin
    return record
