"""Plain factories and a small client: what the tests are made of."""

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import trips

from chalicelib.accounts.schemas import POLICY_VERSION, Contacts, Passport
from chalicelib.accounts.tables import Account, Employment, Login, Reservation
from chalicelib.kit import catalogue, clock, ids, passwords, secret, session, totp
from chalicelib.kit.access import Grant, Role
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.rules import ProfileData
from chalicelib.profile.tables import Profile

HOSPITAL = "1.2.643.5.1.13.13.12.2.77.9001"
OTHER_HOSPITAL = "1.2.643.5.1.13.13.12.2.77.9002"
PASSWORD = "Zimnij-Sad-2026"
USUAL_ADDRESS = "10.77.0.1"
_hash: list[str] = []


def password_hash() -> str:
    """Return the hash of PASSWORD, made once."""
    if not _hash:
        _hash.append(passwords.digest(PASSWORD))
    return _hash[0]


@dataclass
class Person:
    """A made-up person with an account, and how to call as him."""

    person_id: str
    login: str
    snils: str
    phone: str
    email: str
    key: OwnerKey
    totp: str
    token: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def person(
    role: Role = Role.WORKER,
    organisation_id: str | None = None,
    *,
    assurance: str = "confirmed",
    works_at: str | None = HOSPITAL,
    snils: str | None = None,
    signed_in: bool = True,
    **profile: Any,
) -> Person:
    """Make a person: account, login, reservations, profile, employment and, unless told otherwise, an open session."""
    number = f"{secrets.randbelow(10**9):09d}"
    snils = snils or valid_snils(number)
    person_id = ids.new("psn")
    made = Person(
        person_id=person_id,
        login=f"person_{''.join(secrets.choice('bcfghklp') for _ in range(10))}x",
        snils=snils,
        phone=f"+7900{number[:7]}",
        email=f"doctor{number}@example.ru",
        key=OwnerKey.new(person_id),
        totp=totp.new_secret(),
    )
    grants = [{"role": role.value, "organisation_id": organisation_id}]
    contacts = Contacts(phone=made.phone, email=made.email)
    Account(
        person_id=made.person_id,
        handle=secrets.token_hex(16),
        login=made.login,
        assurance=assurance,
        password_hash=password_hash(),
        password_changed_at=clock.epoch(),
        wrapped_key=made.key.wrapped,
        contacts=made.key.seal("account/contacts", contacts),
        contacts_reviewed_at=clock.epoch(),
        grants=grants,
        totp=made.key.seal("account/totp", made.totp),
        consent_version=POLICY_VERSION,
        matched_at=clock.epoch(),
        workplaces=[works_at] if works_at else [],
    ).save()
    Login(login=made.login, person_id=made.person_id).save()
    snils_hash = secret.look_up("snils", snils)
    Reservation(what=f"snils#{snils_hash}", person_id=made.person_id).save()
    Reservation(what=f"phone#{secret.look_up('phone', made.phone)}", person_id=made.person_id).save()
    said: dict[str, Any] = {"snils": snils, "last_name": "Орлова", "first_name": "Анна", "birth_date": clock.today()}
    data = ProfileData(**said | profile)
    sealed = made.key.seal("profile/sealed", data)
    Profile(person_id=made.person_id, wrapped_key=made.key.wrapped, sealed=sealed).save()
    if works_at is not None:
        employ(made, works_at, data)
    if signed_in:
        sign_in(made, role, organisation_id)
    return made


def employ(made: Person, organisation_id: str, data: ProfileData) -> None:
    """Write that a person works at an organisation."""
    passport = Passport(
        made.snils, data.last_name, data.first_name, data.middle_name, data.birth_date, "врач", "Больница"
    )
    Employment(
        person_id=made.person_id,
        organisation_id=organisation_id,
        organisation_snils=f"{organisation_id}#{secret.look_up('snils', made.snils)}",
        wrapped_key=made.key.wrapped,
        sealed=made.key.seal("employment/sealed", passport),
        matched_at=clock.epoch(),
    ).save()


def sign_in(made: Person, role: Role = Role.WORKER, organisation_id: str | None = None, **facts: Any) -> str:
    """Open a session the short way and return its token; `facts` differ from the usual."""
    account = Account.get(made.person_id)
    opened, made.token = session.begin(
        made.person_id,
        account.handle,
        Grant(role=role, organisation_id=organisation_id),
        assurance=account.assurance,
        consent_version=POLICY_VERSION,
        wrapped_key=made.key.wrapped,
        source=secret.look_up("source", USUAL_ADDRESS),
        device=secret.look_up("device", ""),
        origin=made.key.seal("session/origin", {"address": USUAL_ADDRESS, "device": ""}),
        **facts,
    )
    opened.save()
    account.update(actions=[Account.session_ends[opened.session_id].set(int(opened.absolute_until))])
    return made.token


def hr(**overrides: Any) -> Person:
    """Make a signed-in officer of кадры of the hospital."""
    return person(Role.HR, HOSPITAL, **overrides)


def totp_code(made: Person, ahead: int = 0) -> str:
    """Return the code that a person's app shows now, or some steps ahead."""
    import pyotp

    return pyotp.TOTP(made.totp).at(clock.epoch() + 30 * ahead)


def valid_snils(number: str) -> str:
    """Complete nine digits with the control digits."""
    total = sum(int(digit) * weight for digit, weight in zip(number, range(9, 0, -1), strict=True))
    return f"{number}{total % 101 % 100:02d}"


def key() -> str:
    """Make a fresh Idempotency-Key."""
    return secrets.token_urlsafe(24)


@dataclass
class Example:
    """A valid request of one operation, from which the whole matrix is made."""

    body: Any = None
    by: Person | None = None
    match: str | None = None
    query: dict[str, Any] | None = None
    path_values: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.raw) if self.raw else None

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(self.json["code"])


def event(
    method: str,
    resource: str,
    *,
    path_values: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, Any] | None = None,
    body: bytes = b"",
    address: str | None = None,
) -> dict[str, Any]:
    """Make the API Gateway event of a request; each comes from another address unless told otherwise."""
    values = path_values or {}
    path = resource
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    random_address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    return {
        "requestContext": {
            "resourcePath": resource,
            "path": path,
            "httpMethod": method,
            "requestId": secrets.token_hex(16),
            "identity": {"sourceIp": address or random_address},
        },
        "path": path,
        "pathParameters": values or None,
        "headers": headers or {},
        "multiValueQueryStringParameters": {name: [str(value)] for name, value in (query or {}).items()} or None,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        "stageVariables": None,
    }


class Client:
    """Calls operations by name through HTTP events."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.addresses: dict[str, str] = {}

    def send(self, made: dict[str, Any]) -> Answer:
        """Send an event as it is."""
        got = self.app(made, None)
        raw = base64.b64decode(got["body"]) if got["isBase64Encoded"] else got["body"].encode()
        return Answer(got["statusCode"], got["headers"], raw)

    def call(
        self,
        name: str,
        body: Any = None,
        *,
        by: Person | None = None,
        match: str | None = None,
        idempotency: str | None = "",
        query: dict[str, Any] | None = None,
        address: str | None = None,
        headers: dict[str, str] | None = None,
        **path_values: str,
    ) -> Answer:
        """Call an operation; `idempotency=""` makes a fresh key for POST, None sends none.

        Who is signed in calls from the address where his session was opened, unless told otherwise.
        """
        operation = catalogue.operations[name]
        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {by.token}"
            address = address or self.addresses.get(by.token, USUAL_ADDRESS)
        if match is not None:
            sent["If-Match"] = match
        if idempotency is not None and operation.method == "POST":
            sent["Idempotency-Key"] = idempotency or key()
        raw = b""
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        made = event(
            operation.method,
            operation.path,
            path_values=path_values,
            headers=sent,
            query=query,
            body=raw,
            address=address,
        )
        mark = trips.current.set(operation.name)
        try:
            answer = self.send(made)
        finally:
            trips.current.reset(mark)
        if answer.status < 300 and b'"token":"' in answer.raw:
            self.addresses[str(answer.json["token"])] = made["requestContext"]["identity"]["sourceIp"]
        return answer

    def run(self, name: str, example: Example, **overrides: Any) -> Answer:
        """Call an operation as its example says, with some parts replaced."""
        parts: dict[str, Any] = {
            "body": example.body,
            "by": example.by,
            "match": example.match,
            "query": example.query,
            **example.path_values,
        }
        return self.call(name, **parts | overrides)


def codes_in(messages: list[dict[str, str]], to: str) -> list[str]:
    """Return the six-digit codes sent to an address, oldest first."""
    return [found for one in messages if one["to"] == to for found in re.findall(r"\b\d{6}\b", one["text"])]
