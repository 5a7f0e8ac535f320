"""Sessions: one conditional update proves the token, moves the idle end and counts the call."""

import hashlib
import hmac
import re
import secrets
from typing import Any, Final

import msgspec

from chalicelib.kit import clock, settings
from chalicelib.kit.access import Actor, Grant
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import NotSignedIn, SessionEnded, TooManyCalls
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.web import Request

_TOKEN: Final = re.compile(r"(?i:bearer) ([0-9a-f]{32})\.(ses_[0-9a-f]{32})\.([0-9a-f]{64})")


def check(request: Request) -> Actor:
    """Return the actor of the call's token; refuses a missing, ended or overused session."""
    header = request.headers.get("authorization")
    if header is None or header[:7].lower() != "bearer ":
        raise NotSignedIn
    found = _TOKEN.fullmatch(header)
    if found is None:
        raise SessionEnded
    handle, session_id, secret = found.groups()
    session = Session.use(handle, session_id, _hash(secret)) or _second_look(handle, session_id, _hash(secret))
    grant = msgspec.convert(session.grant, Grant)
    return Actor(
        person_id=session.person_id,
        handle=handle,
        session_id=session_id,
        role=grant.role,
        organisation_id=grant.organisation_id,
        confirmed=session.assurance == "confirmed",
        factor_at=int(session.factor_at),
        wrapped_key=session.wrapped_key,
        origin=session.origin,
        door=session.door,
        due=session.due,
        signing_until=int(session.signing_until),
    )


def _second_look(handle: str, session_id: str, secret_hash: str) -> Session:
    """Tell an ended session from an overused one, and forgive calls counted in an earlier minute."""
    (session,) = fetch((Get(Session, handle, session_id),))
    now = clock.epoch()
    if session is None or not hmac.compare_digest(session.secret_hash, secret_hash):
        raise SessionEnded
    if min(session.idle_until, session.absolute_until) <= now:
        raise SessionEnded
    if session.restart_minute() and (again := Session.use(handle, session_id, secret_hash)):
        return again
    raise TooManyCalls(retry_after=60 - now % 60)


def begin(person_id: str, handle: str, grant: Grant, **facts: Any) -> tuple[Session, str]:
    """Make a session to be put into a transaction, and its token, which is never stored.

    `facts`: assurance, consent_version, wrapped_key, source, origin.
    """
    secret = secrets.token_hex(32)
    now = clock.epoch()
    session = Session(
        handle=handle,
        session_id=new_id(),
        person_id=person_id,
        secret_hash=_hash(secret),
        grant=msgspec.to_builtins(grant),
        opened_at=now,
        factor_at=now,
        idle_seconds=settings.IDLE_SECONDS,
        idle_until=now + settings.IDLE_SECONDS,
        absolute_until=now + settings.ABSOLUTE_SECONDS,
        minute=now // 60,
        hits_even=0,
        hits_odd=0,
        expires=now + settings.ABSOLUTE_SECONDS + 3600,
        **facts,
    )
    return session, f"{handle}.{session.session_id}.{secret}"


def new_id() -> str:
    """Make the identifier of a session."""
    return f"ses_{secrets.token_hex(16)}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
