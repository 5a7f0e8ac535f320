"""The way through the doors of the cabinet: what the tests of registration, sign-in and accounts share."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import argon2._password_hasher as hasher
import make
import msgspec
import pytest
import trips
from conftest import World

from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.accounts.tables import Account, Login
from chalicelib.kit import clock, door, ticket
from chalicelib.kit.tables import Table
from chalicelib.kit.trail.tables import JournalRecord, SecurityRecord
from chalicelib.kit.transaction import Step, commit
from chalicelib.kit.vault import OwnerKey
from chalicelib.sign_in.schemas import Proof, give

T = TypeVar("T")
WORKER_CARD = {
    "organisation_id": make.HOSPITAL,
    "organisation_name": "Городская больница",
    "licence_number": None,
    "position": "Врач-терапевт",
    "personnel_number": "1042",
    "since": "2012-09-03",
    "until": None,
}


@dataclass
class Applicant:
    """Somebody who registers, and what the register holds of him."""

    body: dict[str, Any]
    record: dict[str, Any]

    @property
    def phone(self) -> str:
        """The phone that he named."""
        return str(self.body["phone"])

    @property
    def email(self) -> str:
        """The mailbox that he named."""
        return str(self.body["email"])


def applicant(world: World, *, listed: bool = True, until: str | None = None, **said: Any) -> Applicant:
    """Make a person, put him into the register unless told otherwise, and write what he types."""
    number = f"{secrets.randbelow(9 * 10**8) + 10**8:09d}"
    body = {
        "snils": make.valid_snils(number),
        "last_name": "Иванова",
        "first_name": "Анна",
        "middle_name": "Петровна",
        "birth_date": "1984-03-14",
    }
    record = body | {"cards": [WORKER_CARD | {"until": until}], "specialities": ["Терапия"]}
    if listed:
        world.register.put(record)
    contacts = {"phone": f"+7900{number[:7]}", "email": f"doctor{number}@example.ru"}
    return Applicant(body | contacts | said, record)


def already_registered(world: World) -> Applicant:
    """Make an applicant who has an account."""
    who = applicant(world)
    make.person(snils=who.body["snils"])
    return who


def phone_taken(world: World) -> Applicant:
    """Make an applicant whose phone is proven in somebody else's account."""
    return applicant(world, phone=make.person().phone)


APPLICANTS: dict[str, Callable[[World], Applicant]] = {
    "matched": applicant,
    "unknown": lambda world: applicant(world, listed=False),
    "wrong birth date": lambda world: applicant(world, birth_date="1984-03-15"),
    "wrong name": lambda world: applicant(world, first_name="Инна"),
    "dismissed": lambda world: applicant(world, until="2020-01-31"),
    "already registered": already_registered,
    "phone taken": phone_taken,
}


def start(world: World, who: Applicant) -> str:
    """Start a registration and return its flow."""
    answer = world.client.call("start_registration", who.body)
    assert answer.status == 202, answer.raw
    return str(answer.json["flow"])


def contact_codes(world: World, who: Applicant, flow: str) -> dict[str, str]:
    """Return the body that confirms both contacts with the newest codes."""
    phone_code, email_code = world.codes(who.phone)[-1], world.codes(who.email)[-1]
    return {"flow": flow, "phone_code": phone_code, "email_code": email_code}


def prove_contacts(world: World, who: Applicant) -> str:
    """Go up to the last step of a registration and return the flow."""
    flow = start(world, who)
    answer = world.client.call("confirm_registration_contacts", contact_codes(world, who, flow))
    assert answer.status == 200, answer.raw
    return flow


def completion(flow: str, **said: Any) -> dict[str, Any]:
    """Write the body of the last step."""
    return {"flow": flow, "password": make.PASSWORD, "policy_version": POLICY_VERSION} | said


def register(world: World, who: Applicant) -> make.Person:
    """Register somebody through all steps; he has a claimed account and no session yet."""
    answer = world.client.call("complete_registration", completion(prove_contacts(world, who)))
    assert answer.status == 202, answer.raw
    return registered(world, who)


def login_told(world: World, who: Applicant) -> str:
    """Return the login that the last message to the phone tells."""
    return world.sent(who.phone)[-1].split("логин: ")[1].split(". ")[0]


def registered(world: World, who: Applicant) -> make.Person:
    """Find the account of somebody who has just registered, by the login that he was told."""
    login = login_told(world, who)
    account = Account.get(Login.get(login).person_id)
    key = OwnerKey(account.person_id, account.wrapped_key)
    return make.Person(account.person_id, login, who.body["snils"], who.phone, who.email, key, totp="")


def letter(world: World, who: make.Person) -> str:
    """Return the number in the newest letter to a person whom кадры have confirmed."""
    return world.sent(who.email)[-1].split("Номер: ")[1].strip()


def activation(world: World, who: make.Person) -> dict[str, str]:
    """Have the code of the newest letter sent; returns both, as the activation takes them."""
    number = letter(world, who)
    answer = world.client.call("send_activation_code", {"activation": number})
    assert answer.status == 202, answer.raw
    return {"activation": number, "code": world.codes(who.phone)[-1]}


def confirmed(world: World) -> make.Person:
    """Make a worker whose identity кадры have just confirmed; letter sent, no password yet."""
    worker, officer = make.person(assurance="claimed"), make.hr()
    card = world.client.call("read_worker", by=officer, person_id=worker.person_id)
    contacts = {"phone": worker.phone, "email": worker.email}
    answer = world.client.call(
        "confirm_identity", contacts, by=officer, match=card.headers["ETag"], person_id=worker.person_id
    )
    assert answer.status == 200, answer.raw
    return worker


def device(who: make.Person) -> str:
    """Return the sign of a device from which a person has signed in before."""
    return ticket.seal("device", 3600, person=who.person_id, epoch=int(Account.get(who.person_id).epoch))


def proved(who: make.Person, *, strong: bool = True, by: Literal["esia", "oidc", "signature"] = "esia") -> str:
    """Return the ticket that a door which proves identity gives for a person."""
    proof = Proof(door=by, snils=who.snils, strong=strong, last_name="Орлова", first_name="Анна")
    said = msgspec.to_builtins(proof)
    return give("proved", who.person_id, nonce=secrets.token_hex(8), at=clock.epoch(), proof=said)


def ask_login(world: World, login: str, device: str | None = None) -> str:
    """Pass the first step of sign-in and return its ticket."""
    return str(world.client.call("start_sign_in", {"login": login, "device": device}).json["ticket"])


def ask_password(world: World, login: str, password: str = make.PASSWORD, device: str | None = None) -> str:
    """Pass the password and return its ticket."""
    body = {"ticket": ask_login(world, login, device), "password": password}
    answer = world.client.call("check_password", body)
    assert answer.status == 200, answer.raw
    return str(answer.json["ticket"])


def ask_code(world: World, ticket: str, who: make.Person, channel: str = "sms") -> str:
    """Have a code sent and return it."""
    answer = world.client.call("send_sign_in_code", {"ticket": ticket, "channel": channel})
    assert answer.status == 202, answer.raw
    return world.codes(who.phone if channel == "sms" else who.email)[-1]


def sign_in(world: World, who: make.Person, password: str = make.PASSWORD) -> str:
    """Sign in by password and SMS; returns the token and keeps it with the person."""
    ticket = ask_password(world, who.login, password)
    body = {"ticket": ticket, "kind": "sms", "code": ask_code(world, ticket, who)}
    answer = world.client.call("finish_sign_in", body)
    assert answer.status == 201, answer.raw
    who.token = str(answer.json["token"])
    return who.token


def sign_in_by_app(world: World, who: make.Person) -> str:
    """Sign in by password and app, in the next step of codes; returns the token and keeps it with the person."""
    clock.advance(30)
    body = {"ticket": ask_password(world, who.login), "kind": "totp", "code": make.totp_code(who)}
    answer = world.client.call("finish_sign_in", body)
    assert answer.status == 201, answer.raw
    who.token = str(answer.json["token"])
    return who.token


def another(code: str) -> str:
    """Return a six-digit code that differs from the given one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def at_hour_start() -> None:
    """Move to the first seconds of the next hour, so that counted tries stay within one."""
    clock.advance(3601 - clock.now().timestamp() % 3600)


def at_minute_start() -> None:
    """Move to the beginning of the next minute, so that counted calls stay within one."""
    clock.advance(60.5 - clock.now().timestamp() % 60)


def at_step_start() -> None:
    """Move to the beginning of the next step of one-time codes of apps."""
    clock.advance(30.5 - clock.now().timestamp() % 30)


def is_about(said: str | float, ahead: float = 0) -> bool:
    """Tell whether a moment, RFC 3339 or seconds since 1970, is so many seconds from now, give or take a few."""
    moment = datetime.fromisoformat(said).timestamp() if isinstance(said, str) else said
    return abs(moment - clock.epoch() - ahead) < 5


def together(count: int, act: Callable[[], T]) -> list[T]:
    """Do the same thing many times at once."""
    with ThreadPoolExecutor(16) as pool:
        return [one.result() for one in [pool.submit(act) for _ in range(count)]]


def overtake(patch: pytest.MonkeyPatch, act: Callable[[], Any], writes: type[Table] | None = None) -> None:
    """Do something once, between the reading and the writing of the next call (that writes an item of a kind)."""

    def overtaken(steps: list[Step]) -> None:
        if writes is None or any(isinstance(step.item, writes) for step in steps):
            patch.setattr(door, "commit", commit)
            mark = trips.current.set("")  # what happens meanwhile is not the work of the overtaken call
            try:
                act()
            finally:
                trips.current.reset(mark)
        commit(steps)

    patch.setattr(door, "commit", overtaken)


def count_hashings(patch: pytest.MonkeyPatch) -> list[str]:
    """Count every real Argon2 computation from now on; each still happens."""
    done: list[str] = []
    for name in ("hash_secret", "verify_secret"):
        patch.setattr(hasher, name, _counted(name, getattr(hasher, name), done))
    return done


def _counted(name: str, real: Callable[..., Any], done: list[str]) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        done.append(name)
        return real(*args, **named)

    return counted


def journal(person_id: str, operation: str) -> list[tuple[str, str]]:
    """Return kind and outcome of a person's journal records of one operation, oldest first."""
    return [(one.kind, one.outcome) for one in JournalRecord.query(person_id) if one.operation == operation]


def unknown_callers(operation: str) -> list[str]:
    """Return the outcomes that the security journal holds of one operation."""
    return sorted(str(one.outcome) for one in SecurityRecord.scan() if one.operation == operation)


def people() -> list[Account]:
    """Return every account that somebody could use; stand-ins of unknown logins are left out."""
    return [one for one in Account.scan() if one.login]


def shape(tree: Any) -> Any:
    """Return the names and kinds of a JSON tree, and the length of each text."""
    if isinstance(tree, dict):
        return {name: shape(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [shape(value) for value in tree]
    return len(tree) if isinstance(tree, str) else type(tree).__name__
