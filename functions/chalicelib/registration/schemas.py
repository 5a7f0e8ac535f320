"""What the steps of registration share."""

import hashlib
import re
import secrets
from datetime import date
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import Card, RegisteredWorker
from chalicelib.accounts.refusals import TooManyTries
from chalicelib.accounts.schemas import POLICY_VERSION, Contacts, employment_at
from chalicelib.accounts.tables import Account, Login, Reservation
from chalicelib.kit import clock, codes, ids, secret
from chalicelib.kit.access import Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.tables import Get, Table
from chalicelib.kit.vault import OwnerKey
from chalicelib.registration.refusals import FlowEnded, PolicyNotAccepted
from chalicelib.registration.rules import Outcome
from chalicelib.registration.tables import RegistrationFlow, State

FLOW_SECONDS = 3600


class Application(msgspec.Struct):
    """What the applicant typed and how the register took it. Stored sealed."""

    snils: str
    last_name: str
    first_name: str
    middle_name: str | None
    birth_date: date
    phone: str
    email: str
    login: str
    outcome: Outcome
    cards: list[Card]


class FlowStep(Answer):
    """The state of a registration after a step."""

    flow: Annotated[str, Meta(title="Номер попытки", description="Передавайте его в следующих шагах.")]
    next: Annotated[str, Meta(title="Следующий шаг", description="Имя следующей операции или done.")]
    detail: Annotated[str, Meta(title="Что делать дальше")]
    expires_at: Annotated[str, Meta(title="До какого времени можно продолжить")]


class SentCodes(NamedTuple):
    """The codes of a new flow, to be sent and forgotten."""

    phone: str
    email: str


def as_registered(said: Application, worker: RegisteredWorker | None, day: date) -> Application:
    """Take over the register's spelling and employments of a matched applicant."""
    if worker is None or said.outcome != "matched":
        return said
    names = {name: getattr(worker, name) for name in ("last_name", "first_name", "middle_name")}
    return msgspec.structs.replace(said, **names, cards=worker.valid_cards(day))


def new_flow(said: Application) -> tuple[RegistrationFlow, str, SentCodes]:
    """Make a flow for an application, sealed with the applicant's own new key; its token, and the codes to send."""
    flow_id, random = f"flw_{secrets.token_hex(16)}", secrets.token_hex(32)
    key = OwnerKey.new(ids.new("psn"))
    phone_code, phone_digest = codes.issue(f"registration/{flow_id}/phone")
    email_code, email_digest = codes.issue(f"registration/{flow_id}/email")
    flow = RegistrationFlow(
        flow_id=flow_id,
        secret_hash=_hash(random),
        applicant_id=key.owner,
        wrapped_key=key.wrapped,
        sealed=key.seal("registration_flow/sealed", said),
        state="contacts",
        phone_code=phone_digest,
        email_code=email_digest,
        until=clock.epoch() + codes.LIFE_SECONDS,
        expires=clock.epoch() + FLOW_SECONDS,
    )
    return flow, f"{flow_id}.{random}", SentCodes(phone_code, email_code)


def enter(token: str, state: State) -> RegistrationFlow:
    """Count a try at a step of a flow and return the flow; refuses one that is over."""
    if re.fullmatch(r"flw_[0-9a-f]{32}\.[0-9a-f]{64}", token) is None:
        raise FlowEnded
    flow_id, _, random = token.partition(".")
    flow = RegistrationFlow.attempt(flow_id, _hash(random), state)
    if flow is None:
        raise FlowEnded if RegistrationFlow.has_tries(flow_id, state) else TooManyTries
    return flow


def open_application(flow: RegistrationFlow) -> Application:
    """Open what the applicant typed."""
    key = OwnerKey(flow.applicant_id, flow.wrapped_key)
    return key.open("registration_flow/sealed", flow.sealed, Application)


def refuse_other_policy(version: str) -> None:
    """Refuse a consent to anything but the present policy."""
    if version != POLICY_VERSION:
        raise PolicyNotAccepted(version=POLICY_VERSION)


def flow_step(flow: RegistrationFlow, token: str, following: str, detail: str) -> FlowStep:
    """Tell the applicant what comes next."""
    return FlowStep(flow=token, next=following, detail=detail, expires_at=clock.moment(flow.until))


def _hash(random: str) -> str:
    return hashlib.sha256(random.encode()).hexdigest()


def look_again(call: Call, said: Application) -> None:
    """After a failed attempt: somebody may have taken the login, the phone or the account meanwhile."""
    login, snils, phone = call.look(
        Get(Login, said.login),
        Get(Reservation, f"snils#{secret.look_up('snils', said.snils)}"),
        Get(Reservation, f"phone#{secret.look_up('phone', said.phone)}"),
    )
    if login is not None:
        said.login = said.login.rstrip("0123456789") + str(secrets.randbelow(99_000) + 1000)
    if said.outcome == "matched" and (snils or phone):
        said.outcome = "already-registered" if snils else "phone-taken"


def account_items(flow: RegistrationFlow, said: Application, password_hash: str) -> tuple[Account, list[Table]]:
    """Make a new claimed account, and the names and employments that go with it."""
    key = OwnerKey(flow.applicant_id, flow.wrapped_key)
    snils_hash = secret.look_up("snils", said.snils)
    account = Account(
        person_id=key.owner,
        handle=secrets.token_hex(16),
        login=said.login,
        password_hash=password_hash,
        password_changed_at=clock.epoch(),
        wrapped_key=key.wrapped,
        contacts=key.seal("account/contacts", Contacts(phone=said.phone, email=said.email)),
        contacts_reviewed_at=clock.epoch(),
        grants=[{"role": Role.WORKER.value, "organisation_id": None}],
        consent_version=POLICY_VERSION,
        matched_at=clock.epoch(),
    )
    cards = {card.organisation_id: card for card in said.cards}
    return account, [
        Login(login=said.login, person_id=key.owner),
        Reservation(what=f"snils#{snils_hash}", person_id=key.owner),
        Reservation(what=f"phone#{secret.look_up('phone', said.phone)}", person_id=key.owner),
        *(employment_at(key, said, card) for card in cards.values()),
    ]
