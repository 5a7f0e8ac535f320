"""The demonstration hospital: a few people of the sandbox register with confirmed accounts, for the local cabinet only."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from chalicelib.accounts.ports import RegisteredWorker
from chalicelib.administration.schemas import name_key
from chalicelib.administration.tables import Organisation
from chalicelib.kit import clock, ids, passwords, totp
from chalicelib.kit.access import Grant, Role
from chalicelib.kit.transaction import Transaction, commit
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.schemas import new_profile
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
    """Make the accounts; yields the lines that say how to sign in."""
    yield f"Демонстрационная больница {HOSPITAL}, пароль у всех {PASSWORD}, код входа ищите в /_local/outbox:"
    name = "Демонстрационная больница"
    Organisation(organisation_id=HOSPITAL, kind="hospital", name=name, name_key=name_key(name), ogrn=OGRN).save()
    workers = (msgspec.convert(one, RegisteredWorker) for one in reversed(sandbox.people()))
    fitting = (one for one in workers if _works_here(one))
    for (role, phone, email), worker in zip(PEOPLE, fitting, strict=False):
        login, shared = _make(worker, role, phone, email)
        yield f"  {login} — {role.label}, {worker.last_name} {worker.first_name}; ключ приложения с кодами {shared}"


def _works_here(worker: RegisteredWorker) -> bool:
    cards = worker.valid_cards(clock.today())
    return len(cards) == 1 and cards[0].organisation_id == HOSPITAL and worker.qualification is not None


def _make(worker: RegisteredWorker, role: Role, phone: str, email: str) -> tuple[str, str]:
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
    shared = totp.new_secret()
    account.assurance = "confirmed"
    account.totp = key.seal("account/totp", shared)
    if role is not Role.WORKER:
        grant = Grant(role=role, organisation_id=HOSPITAL if role.at_organisation else None)
        account.grants = [msgspec.to_builtins(grant), *account.grants]
        held = Transaction()
        give_into(held, grant, key.owner, login, key.owner)
        commit(held.steps)
    for item in (account, new_profile(key, said), *others):
        item.save()
    return login, shared
