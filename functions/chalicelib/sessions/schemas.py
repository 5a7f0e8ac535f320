"""How a session is opened and shown."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from chalicelib.accounts.rules import (
    chosen_grant,
    days_until_expiry,
    is_expiry_near,
    is_password_expired,
    offered_grants,
    with_session,
)
from chalicelib.accounts.schemas import POLICY_VERSION, key_of
from chalicelib.accounts.tables import Account, Purpose
from chalicelib.kit import clock, journal, settings, ticket
from chalicelib.kit.access import Actor, Grant, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.options import security
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import SessionEnded
from chalicelib.kit.session import Door, Keep, begin, brought, cookie, place_of
from chalicelib.kit.tables import Action
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.vault import OwnerKey
from chalicelib.sessions.refusals import RoleNotHeld
from chalicelib.sessions.rules import device_name, new_sign_in

DEVICE_SECONDS: Final = 90 * 24 * 3600
MOST_PLACES: Final = 20
CARRIED: Final = (
    *("assurance", "consent_version", "wrapped_key", "source", "device", "origin", "door", "keep"),
    *("opened_at", "factor_at", "absolute_until", "expires"),
)

PROVEN_ANEW: Final[tuple[Purpose, ...]] = ("sign_in", "proof", "step_up")

ROLES = f"{'; '.join(f'{role.value} — {role.label}' for role in Role)}."

DUE: Final = (
    "consent — согласие, password — новый пароль, workplace — выбор места работы; через пробел, если несколько; "
    "пусто, если ничего."
)
DOORS: Final = "password — пароль, passkey — ключ доступа, esia, oidc — Госуслуги, signature — электронная подпись."
KeepField = Annotated[Keep, Meta(title="Где хранить ключ", description="token — в программе, cookie — в браузере.")]


class SessionView(Answer):
    """An open session."""

    session_id: str
    role: Annotated[Role, Meta(title="Роль", description=ROLES)]
    organisation_id: Annotated[str | None, Meta(title="Организация", description="OID организации роли или null.")]
    identity: Annotated[str, Meta(title="Личность", description="claimed — не подтверждена, confirmed — подтверждена.")]
    door: Annotated[str, Meta(title="Как вошли", description=DOORS)]
    due: Annotated[str, Meta(title="Что нужно сделать сначала", description=DUE)]
    opened_at: Annotated[str, Meta(title="Когда открыт")]
    idle_until: Annotated[str, Meta(title="Закончится при бездействии")]
    ends_at: Annotated[str, Meta(title="Закончится в любом случае")]


def view(session: Session) -> SessionView:
    """Show a session to its owner."""
    return SessionView(
        session_id=session.session_id,
        role=Role(session.grant["role"]),
        organisation_id=session.grant.get("organisation_id"),
        identity=session.assurance,
        door=session.door,
        due=session.due,
        opened_at=clock.moment(session.opened_at),
        idle_until=clock.moment(session.idle_until),
        ends_at=clock.moment(session.absolute_until),
    )


class OfferedRole(Answer):
    """A role that the person may act in, and where."""

    role: Annotated[Role, Meta(title="Роль", description=ROLES)]
    organisation_id: Annotated[str | None, Meta(title="Организация", description="OID организации роли или null.")]


class SignedIn(Answer):
    """An open session and its token."""

    token: Annotated[
        str | None,
        Meta(title="Ключ сеанса", description="Для заголовка Authorization: Bearer …; null, если keep=cookie."),
    ]
    session: SessionView
    roles: Annotated[list[OfferedRole], Meta(title="Роли и места работы, между которыми можно перейти")]
    device: Annotated[
        str, Meta(title="Знак устройства", description="Сохраните и передайте при следующем входе: устройство узнают.")
    ]
    warnings: Annotated[list[str], Meta(title="О чём предупредить")]


class Opening(msgspec.Struct, frozen=True):
    """How a session is wanted: in which role, where its token is kept, by which door it was reached."""

    door: Door
    keep: Keep
    role: str | None = None
    organisation_id: str | None = None
    factor_at: int | None = None


def open_session(call: Call, account: Account, wanted: Opening, factor: list[Action]) -> SignedIn:
    """Put a new session, the account's list of them and the journal record into the call's transaction."""
    grant = _chosen(account, wanted.role, wanted.organisation_id)
    session, token = _begun(call, account, wanted, grant)
    live, before = account.live_sessions(), brought(call.request, account.handle)
    replaced = [one for one in account.sessions if one == before]  # who signs in again is entitled to end his own
    others = {name: until for name, until in live.items() if name not in replaced}
    kept, ended = with_session(others, session.session_id, int(session.absolute_until), settings.MAX_SESSIONS)
    call.transaction.put(session)
    proven = [action for one in PROVEN_ANEW for action in Account.no_tries(one)]
    forgiven = [*proven, Account.recovered_by.remove()]
    listed = [Account.session_ends.set(kept), Account.places.set(_places(call, account, session))]
    call.transaction.update(account, *listed, *forgiven, *factor)
    for name in (*ended, *replaced):
        call.transaction.delete(Session(handle=account.handle, session_id=name))
    call.transaction.put(_record(call, session, grant))
    return signed_in(call, account, session, token)


def exchange_session(call: Call, account: Account, old: Session, role: str, organisation_id: str | None) -> SignedIn:
    """Put a new session in another role in the place of an open one; nothing of it lasts longer or counts as fresher."""
    grant = _chosen(account, role, organisation_id)
    facts = {name: getattr(old, name) for name in CARRIED}
    due = [one for one in old.due.split() if one != "workplace"] + _workplace_due(account, grant)
    session, token = begin(account.person_id, account.handle, grant, due=" ".join(due), **facts)
    listed = {name: until for name, until in account.live_sessions().items() if name != old.session_id}
    call.transaction.put(session)
    call.transaction.delete(old, when=Session.secret_hash == old.secret_hash, refusal=SessionEnded)
    call.transaction.update(account, Account.session_ends.set(listed | {session.session_id: int(old.absolute_until)}))
    call.note(objects=[session.session_id], fields=[grant.role.value])
    return signed_in(call, account, session, token)


def _chosen(account: Account, role: str | None, organisation_id: str | None) -> Grant:
    """Return the role to act in. A worker of several places who names none begins nowhere: he has to choose first."""
    grant = chosen_grant(_offered(account), role, organisation_id)
    if grant is None:
        raise RoleNotHeld
    if grant.role is Role.WORKER and organisation_id is None and len(_workplaces(account)) > 1:
        return Grant(role=Role.WORKER)
    return grant


def _offered(account: Account) -> list[Grant]:
    held, works = msgspec.convert(account.grants, list[Grant]), account.register_state != "not_working"
    return offered_grants(held, _workplaces(account), works=works)


def _workplaces(account: Account) -> list[str]:
    """Return where a person works; nobody acts for an organisation before he has been proven."""
    places: list[str] = account.workplaces if account.assurance == "confirmed" else []
    return places


def _workplace_due(account: Account, grant: Grant) -> list[str]:
    is_open = grant.role is Role.WORKER and grant.organisation_id is None and bool(_workplaces(account))
    return ["workplace"] if is_open else []


def step_up_act(actor: Actor) -> str:
    """Return the act for which a factor in an open session is given."""
    return f"step_up/{actor.person_id}/{actor.session_id}/{actor.factor_at}"


class SessionRow(Answer):
    """One of a person's open sessions."""

    session_id: Annotated[str, Meta(title="Номер сеанса")]
    current: Annotated[bool, Meta(title="Это нынешний сеанс")]
    role: Annotated[Role, Meta(title="Роль", description=ROLES)]
    organisation_id: Annotated[str | None, Meta(title="Организация роли")]
    door: Annotated[str, Meta(title="Как вошли", description=DOORS)]
    device: Annotated[str, Meta(title="Устройство", description="Как назвала себя программа.")]
    address: Annotated[str, Meta(title="Сеть", description="Адрес, с которого пользовались в последний раз.")]
    opened_at: Annotated[str, Meta(title="Когда открыт")]
    used_at: Annotated[str, Meta(title="Когда пользовались")]
    ends_at: Annotated[str, Meta(title="Закончится в любом случае")]


class SessionList(Answer):
    """All open sessions, newest first; there are at most ten."""

    items: Annotated[list[SessionRow], Meta(title="Открытые сеансы")]


def listed(session: Session, actor: Actor) -> SessionRow:
    """Show a session in the list of its owner."""
    key = OwnerKey(session.person_id, session.wrapped_key)
    origin = key.open("session/origin", session.origin, dict[str, str])
    return SessionRow(
        session_id=session.session_id,
        current=session.session_id == actor.session_id,
        role=Role(session.grant["role"]),
        organisation_id=session.grant.get("organisation_id"),
        door=session.door,
        device=device_name(origin.get("device", "")),
        address=origin.get("address", ""),
        opened_at=clock.moment(session.opened_at),
        used_at=clock.moment(session.idle_until - session.idle_seconds),
        ends_at=clock.moment(session.absolute_until),
    )


def signed_in(call: Call, account: Account, session: Session, token: str) -> SignedIn:
    """Answer with a session: its token in the body, or in a cookie that scripts cannot read."""
    if session.keep == "cookie":
        call.headers["Set-Cookie"] = cookie(token)
    # Bound to the epoch: who was put out of the account is a stranger again, whatever device he has.
    device = ticket.seal("device", DEVICE_SECONDS, person=account.person_id, epoch=int(account.epoch))
    shown = token if session.keep == "token" else None
    roles = [OfferedRole(role=one.role, organisation_id=one.organisation_id) for one in _offered(account)]
    warnings = _warnings(account, session)
    return SignedIn(token=shown, session=view(session), roles=roles, device=device, warnings=warnings)


def _begun(call: Call, account: Account, wanted: Opening, grant: Grant) -> tuple[Session, str]:
    origin = {"address": call.request.network, "device": call.request.device}
    source, device = place_of(call.request)
    return begin(
        account.person_id,
        account.handle,
        grant,
        assurance=account.assurance,
        consent_version=account.consent_version or "",
        wrapped_key=account.wrapped_key,
        source=source,
        device=device,
        origin=key_of(account).seal("session/origin", origin),
        door=wanted.door,
        keep=wanted.keep,
        due=_due(account, wanted.door, grant),
        factor_at=min(call.now, wanted.factor_at or call.now),
    )


def _due(account: Account, door: Door, grant: Grant) -> str:
    """Return what has to be done first: a consent to the present policy, a new password, the choice of a workplace."""
    is_old = door == "password" and is_password_expired(account.password_changed_at, security().password, clock.epoch())
    due = ["consent"] * (account.consent_version != POLICY_VERSION) + ["password"] * is_old
    return " ".join(due + _workplace_due(account, grant))


def _warnings(account: Account, session: Session) -> list[str]:
    left = days_until_expiry(account.password_changed_at, security().password, clock.epoch())
    near = is_expiry_near(account.password_changed_at, security().password, clock.epoch())
    return [f"Пароль нужно сменить: осталось дней — {left}."] if session.door == "password" and near else []


def _places(call: Call, account: Account, session: Session) -> list[dict[str, Any]]:
    """Remember where the person came from; a strange network or device is told to him, the very first is not."""
    here = {"source": session.source, "device": session.device}
    known = [one for one in account.places if {"source": one["source"], "device": one["device"]} != here]
    if account.places and len(known) == len(account.places):
        role = Role(session.grant["role"]).label
        text = new_sign_in(call.request.device, call.request.network, clock.now(), role)
        told = TellOwner(person_id=account.person_id, subject="Новый вход в кабинет", text=text, not_me=True)
        call.transaction.send(told)
    return [here | {"at": call.now}, *known][:MOST_PLACES]


def _record(call: Call, session: Session, grant: Grant) -> JournalRecord:
    record = journal.by_person(session.person_id, call.operation.audit, call.operation.name, call.trace_id)
    record.objects = [session.session_id]
    record.role = grant.role.value
    record.organisation_id = grant.organisation_id
    record.origin = session.origin
    return record
