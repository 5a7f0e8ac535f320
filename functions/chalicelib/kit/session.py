"""Sessions: one conditional update proves the token, moves the idle end and counts the call."""

import contextlib
import hashlib
import hmac
import re
import secrets
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from chalicelib.kit import clock, secret, settings
from chalicelib.kit.access import Actor, Grant
from chalicelib.kit.options import options
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import CrossSiteCall, NotSignedIn, SessionEnded, TooManyCalls
from chalicelib.kit.tables import Action, Get, fetch
from chalicelib.kit.web import Request

COOKIE: Final = "__Host-cabinet"
Keep = Literal["token", "cookie"]
Door = Literal["password", "passkey", "esia", "oidc", "signature"]
_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.(ses_[0-9a-f]{32})\.([0-9a-f]{64})")


def check(request: Request, *, changes: bool) -> Actor:
    """Return the actor of the call's session; refuses a missing, ended or overused one, and a cookie from elsewhere."""
    text, keep = presented(request)
    if keep == "cookie" and changes:
        _refuse_cross_site(request)
    found = _TOKEN.fullmatch(text)
    if found is None:
        raise SessionEnded
    handle, session_id, random = found.groups()
    session = Session.use(handle, session_id, _hash(random)) or _second_look(handle, session_id, _hash(random))
    if session.keep != keep:  # a cookie that scripts cannot read must not be of use elsewhere
        raise SessionEnded
    return _actor(session, is_moved=(session.source, session.device) != place_of(request))


def _actor(session: Session, *, is_moved: bool) -> Actor:
    grant = msgspec.convert(session.grant, Grant)
    return Actor(
        person_id=session.person_id,
        handle=session.handle,
        session_id=session.session_id,
        role=grant.role,
        organisation_id=grant.organisation_id,
        confirmed=session.assurance == "confirmed",
        factor_at=int(session.factor_at),
        opened_at=int(session.opened_at),
        wrapped_key=session.wrapped_key,
        origin=session.origin,
        door=session.door,
        keep=session.keep,
        due=session.due,
        signing_until=int(session.signing_until),
        moved=is_moved,
    )


def place_of(request: Request) -> tuple[str, str]:
    """Return the keyed hashes of the network and the kind of device that a call comes from."""
    return secret.look_up("source", request.network), secret.look_up("device", request.device_kind)


def presented(request: Request) -> tuple[str, Keep]:
    """Return the token that came with a call, unproven, and where it is kept; refuses when none came."""
    header = request.headers.get("authorization")
    if header is not None and header[:7].lower() == "bearer ":
        return header[7:], "token"
    cookie = request.cookie(COOKIE)
    if cookie is None:
        raise NotSignedIn
    return cookie, "cookie"


def brought(request: Request, handle: str) -> str | None:
    """Return the session of a person, known by his handle, that a call brings along without having to prove it."""
    with contextlib.suppress(NotSignedIn):
        if (found := _TOKEN.fullmatch(presented(request)[0])) and found.group(1) == handle:
            return found.group(2)
    return None


def _refuse_cross_site(request: Request) -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    base = urlsplit(settings.public_url())
    is_ours = site == "same-origin" if site is not None else origin == f"{base.scheme}://{base.netloc}"
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not is_ours or kind != "application/json":
        raise CrossSiteCall


def _second_look(handle: str, session_id: str, secret_hash: str) -> Session:
    """Tell an ended session from an overused one, and forgive calls counted in an earlier minute."""
    (session,) = fetch((Get(Session, handle, session_id),))
    now = clock.epoch()
    is_known = session is not None and hmac.compare_digest(session.secret_hash, secret_hash)
    if not is_known or min(session.idle_until, session.absolute_until) <= now:
        raise SessionEnded
    if session.restart_minute() and (again := Session.use(handle, session_id, secret_hash)):
        return again
    raise TooManyCalls(retry_after=60 - now % 60)


def begin(person_id: str, handle: str, grant: Grant, **facts: Any) -> tuple[Session, str]:
    """Make a session to be put into a transaction, and its token, which is never stored.

    `facts`: assurance, consent_version, wrapped_key, source, device, origin; and what differs from the usual.
    """
    random, now, idle = secrets.token_hex(32), clock.epoch(), options().idle_minutes * 60
    end = now + options().absolute_hours * 3600
    usual = {"opened_at": now, "factor_at": now, "absolute_until": end, "expires": end + 3600}
    session = Session(
        handle=handle,
        session_id=new_id(),
        person_id=person_id,
        secret_hash=_hash(random),
        grant=msgspec.to_builtins(grant),
        idle_seconds=idle,
        idle_until=now + idle,
        minute=now // 60,
        hits_even=0,
        hits_odd=0,
        **usual | facts,
    )
    return session, f"{handle}.{session.session_id}.{random}"


def renewed(session: Session) -> tuple[list[Action], str]:
    """Return the changes that give a session a new secret after a fresh factor, and its new token."""
    random = secrets.token_hex(32)
    changes: list[Action] = [Session.secret_hash.set(_hash(random)), Session.factor_at.set(clock.epoch())]
    return changes, f"{session.handle}.{session.session_id}.{random}"


def cookie(token: str) -> str:
    """Write the cookie that carries a token; an empty one removes it."""
    return f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict{'' if token else '; Max-Age=0'}"


def new_id() -> str:
    """Make the identifier of a session."""
    return f"ses_{secrets.token_hex(16)}"


def _hash(random: str) -> str:
    return hashlib.sha256(random.encode()).hexdigest()
