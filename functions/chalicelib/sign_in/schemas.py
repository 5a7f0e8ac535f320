"""What the steps of sign-in share: tickets between steps, and how factors are shown."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong
from chalicelib.accounts.rules import chosen_grant, with_session
from chalicelib.accounts.schemas import contacts_of, key_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import codes, identifiers, journal, secret, settings, ticket, totp
from chalicelib.kit.access import Grant
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.records.tables import Session
from chalicelib.kit.session import begin
from chalicelib.kit.tables import Action
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.sign_in.refusals import FactorNotAvailable, RoleNotHeld, SignInExpired

TICKET_SECONDS = 900
FactorKind = Literal["sms", "email", "totp"]
Step = Literal["login", "password"]


class Factor(Answer):
    """A second factor that the person may use now."""

    kind: Annotated[
        FactorKind, Meta(title="Способ", description="sms, email — код в сообщении; totp — код приложения.")
    ]
    title: Annotated[str, Meta(title="Название способа")]


class TicketView(Answer):
    """The way to the next step."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция")]


class PasswordAccepted(Answer):
    """The password fits; one of the factors comes next."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    factors: Annotated[list[Factor], Meta(title="Чем подтвердить вход")]


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


def factors_of(account: Account) -> list[Factor]:
    """List the factors of an account, with addresses half hidden."""
    contacts = contacts_of(account)
    found = [
        Factor(kind="sms", title=f"Код по SMS на {identifiers.mask_phone(contacts.phone)}"),
        Factor(kind="email", title=f"Код письмом на {identifiers.mask_email(contacts.email)}"),
    ]
    if account.totp is not None:
        found.append(Factor(kind="totp", title="Код из приложения"))
    return found


def used_factor(account: Account, kind: FactorKind, code: str, nonce: str) -> list[Action]:
    """Check the second factor; returns the changes that make it single-use, refuses a wrong one."""
    if kind == "totp":
        return _used_totp(account, code)
    pending = account.live_codes()
    found = pending.pop("sign_in", None)
    if found is None or not codes.fits(f"sign_in/{account.person_id}/{nonce}", code, found["digest"]):
        raise CodeWrong
    return [Account.codes.set(pending)]


def _used_totp(account: Account, code: str) -> list[Action]:
    if account.totp is None:
        raise FactorNotAvailable
    shared = key_of(account).open("account/totp", account.totp, str)
    step = totp.matching_step(shared, code, account.totp_step)
    if step is None:
        raise CodeWrong
    return [Account.totp_step.set(step)]


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
