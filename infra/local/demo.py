"""The demonstration hospital: a few people of the sandbox register with confirmed accounts, for the local cabinet only."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from chalicelib.accounts.ports import RegisteredWorker
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.administration.schemas import name_key
from chalicelib.administration.tables import Organisation
from chalicelib.kit import clock, ids, passwords, secret, totp
from chalicelib.kit.access import Grant, Role
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Transaction, commit
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.schemas import new_profile, open_profile
from chalicelib.profile.tables import Profile
from chalicelib.registration.rules import login_base, login_of
from chalicelib.registration.schemas import Application, account_items
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.roles.schemas import give_into

HOSPITAL: Final = "1.2.643.5.1.13.13.12.2.77.9001"
PASSWORD: Final = "Zimnij-Sad-2026"  # noqa: S105 - people made of air, on this computer alone
OGRN: Final = "1027700132195"
PEOPLE: Final = (
    (Role.HR, "+79030000001", "kadry@example.ru"),
    (Role.WORKER, "+79030000002", "vrach@example.ru"),
    (Role.ADMIN, "+79030000003", "admin@example.ru"),
    (Role.SECURITY, "+79030000004", "bezopasnost@example.ru"),
    (Role.SUPPORT, "+79030000005", "podderzhka@example.ru"),
)


def load(app: Any, pump: Any, sandbox: Any) -> Iterator[str]:  # noqa: ARG001 - what the local cabinet hands over
    """Make the hospital and its people, unless they are kept from before; yields the lines that say how to sign in."""
    if fetch((Get(Organisation, HOSPITAL),))[0] is None:
        _make_all(sandbox)
    yield f"Демонстрационная больница {HOSPITAL}, пароль у всех {PASSWORD}, код входа ищите в /_local/outbox:"
    for role, phone, _ in PEOPLE:
        yield from _way_in(role, phone)


def _make_all(sandbox: Any) -> None:
    """Make everything; the hospital comes last, so that what was begun and not ended is begun again."""
    workers = (msgspec.convert(one, RegisteredWorker) for one in reversed(sandbox.people()))
    fitting = (one for one in workers if _works_here(one))
    for (role, phone, email), worker in zip(PEOPLE, fitting, strict=False):
        _make(worker, role, phone, email)
    name = "Демонстрационная больница"
    Organisation(organisation_id=HOSPITAL, kind="hospital", name=name, name_key=name_key(name), ogrn=OGRN).save()


def _way_in(role: Role, phone: str) -> Iterator[str]:
    """Say how a person signs in, if the account still has the phone and the app that it was made with."""
    held = fetch((Get(Reservation, f"phone#{secret.look_up('phone', phone)}"),))[0]
    account = None if held is None else fetch((Get(Account, held.person_id),))[0]
    if account is None or account.totp is None:
        return
    said = open_profile(fetch((Get(Profile, account.person_id),))[0])
    shared = OwnerKey(account.person_id, account.wrapped_key).open("account/totp", account.totp, str)
    yield f"  {account.login} — {role.label}, {said.last_name} {said.first_name}; ключ приложения с кодами {shared}"


def _works_here(worker: RegisteredWorker) -> bool:
    cards = worker.valid_cards(clock.today())
    return len(cards) == 1 and cards[0].organisation_id == HOSPITAL and worker.qualification is not None


def _make(worker: RegisteredWorker, role: Role, phone: str, email: str) -> None:
    key = OwnerKey.new(ids.new("psn"))
    login = login_of(login_base(worker.last_name, worker.first_name, worker.middle_name), 1)
    said = Application(
        snils=worker.snils,
        last_name=worker.last_name,
        first_name=worker.first_name,
        middle_name=worker.middle_name,
        birth_date=worker.birth_date,
        phone=phone,
        email=email,
        login=login,
        outcome="matched",
        cards=worker.valid_cards(clock.today()),
    )
    flow = RegistrationFlow(flow_id=f"flw_{secrets.token_hex(16)}", applicant_id=key.owner, wrapped_key=key.wrapped)
    account, others = account_items(flow, said, passwords.digest(PASSWORD))
    account.assurance = "confirmed"
    account.totp = key.seal("account/totp", totp.new_secret())
    if role is not Role.WORKER:
        grant = Grant(role=role, organisation_id=HOSPITAL if role.at_organisation else None)
        account.grants = [msgspec.to_builtins(grant), *account.grants]
        held = Transaction()
        give_into(held, grant, key.owner, login, key.owner)
        commit(held.steps)
    for item in (account, new_profile(key, said), *others):
        item.save()
