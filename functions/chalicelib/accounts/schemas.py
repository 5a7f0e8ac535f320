"""What the domains share of an account: contacts, passwords, the statement of the register, and how people are shown."""

import gzip
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import Card, RegisteredWorker
from chalicelib.accounts.refusals import AccountClosed, HandOverUnfit, PhoneTaken
from chalicelib.accounts.rules import days_kept, weaknesses_of_password
from chalicelib.accounts.tables import ERASE_SHARDS, Account, Employment, HandOver, Purpose, Reservation
from chalicelib.kit import clock, codes, identifiers, journal, options, passwords, secret, ticket
from chalicelib.kit.access import Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.outbox import TellOwner as TellOwner  # noqa: PLC0414 - given on to the domains
from chalicelib.kit.problem import FieldError, wrong
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import NotFound, WrongFields
from chalicelib.kit.tables import Action, Get
from chalicelib.kit.text import OrganisationId, PersonId
from chalicelib.kit.transaction import Transaction
from chalicelib.kit.vault import OwnerKey


class Contacts(msgspec.Struct):
    """How a person is reached; phone and e-mail are confirmed by codes. Stored sealed."""

    phone: str
    email: str
    alternative_phone: str | None = None
    workplace_address: str | None = None
    telegram: str | None = None
    viber: str | None = None
    other_messenger: str | None = None


class Passport(msgspec.Struct):
    """Who a person is by the register. Stored sealed."""

    snils: str
    last_name: str
    first_name: str
    middle_name: str | None
    birth_date: date
    position: str
    organisation_name: str


class CodeIssued(msgspec.Struct):
    """Where a code went."""

    sent_to: Annotated[str, Meta(title="Куда отправлен код", description="Часть номера или адреса скрыта.")]
    expires_at: Annotated[str, Meta(title="До какого времени действует код")]


class Handing(Body):
    """To whom open work goes; other domains follow it."""

    hand_over_to: Annotated[PersonId | None, Meta(title="Кому передать незаконченные дела")] = None
    organisation_id: Annotated[
        OrganisationId | None, Meta(title="В какой организации", description="Где вы работаете вместе.")
    ] = None


class ClosedAccount(Answer):
    """The account is closed."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    closed_at: Annotated[str, Meta(title="Когда закрыт")]
    erase_at: Annotated[str, Meta(title="Когда данные будут стёрты")]
    detail: Annotated[str, Meta(title="Что теперь")]


POLICY_VERSION = "2026-11-25"  # the day from which docs/security-policy.md says it holds
NOT_ME_SECONDS = 7 * 24 * 3600
ACTIVATION_SECONDS = 72 * 3600
FEWEST_COMMON = 3000
DATA = Path(__file__).parent / "data"


def key_of(account: Account) -> OwnerKey:
    """Return the data key of an account's person."""
    return OwnerKey(account.person_id, account.wrapped_key)


def contacts_of(account: Account) -> Contacts:
    """Open the contacts of an account that has them."""
    return key_of(account).open("account/contacts", account.contacts or b"", Contacts)


def own_passport(employment: Employment) -> Passport:
    """Open what the register said of an employed person."""
    key = OwnerKey(employment.person_id, employment.wrapped_key)
    return key.open("employment/sealed", employment.sealed, Passport)


def new_phone(call: Call, account: Account, phone: str) -> None:
    """Put the change of a person's reserved phone number into the transaction; nothing when it stays."""
    sealed = account.contacts or (account.contact_change if account.activation else None)
    old = key_of(account).open("account/contacts", sealed, Contacts).phone if sealed else None
    if old == phone:
        return
    taken = Reservation(what=f"phone#{secret.look_up('phone', phone)}", person_id=account.person_id)
    call.transaction.put(taken, PhoneTaken)
    if old is not None:
        given_up = Reservation(what=f"phone#{secret.look_up('phone', old)}", person_id=account.person_id)
        call.transaction.delete(given_up)


def end_sessions(transaction: Transaction, account: Account, *changes: Action, spared: str = "") -> list[str]:
    """End all sessions of an account but the spared one, together with other changes of it; returns those ended.

    The raised epoch stops sign-ins under way, the moment those of other doors.
    """
    kept = {name: until for name, until in account.sessions.items() if name == spared}
    ended = [name for name in account.sessions if name != spared]
    stopped = [Account.epoch.set(account.epoch + 1), Account.ended_at.set(clock.epoch())]
    transaction.update(account, *changes, *stopped, Account.session_ends.set(kept), Account.codes.set({}))
    for session_id in ended:
        transaction.delete(Session(handle=account.handle, session_id=session_id))
    return ended


def end_holder(call: Call, transaction: Transaction, account: Account, changes: list[Action]) -> None:
    """End all that whoever holds an account could use, and journal it: its person himself has come."""
    sealed = account.contacts or (account.contact_change if account.activation else None)
    if sealed:
        old = key_of(account).open("account/contacts", sealed, Contacts).phone
        given_up = Reservation(what=f"phone#{secret.look_up('phone', old)}", person_id=account.person_id)
        transaction.delete(given_up)
    end_sessions(transaction, account, *changes, *Account.awaited(None, None, 0))
    transaction.put(journal.by_person(account.person_id, "identity.confirmed", call.operation.name, call.trace_id))


def send_code(call: Call, account: Account, channel: str, act: str, subject: str) -> CodeIssued:
    """Send a code for an act such as `sign_in/psn_…/nonce` to a confirmed channel; it waits under the act's first word."""
    contacts, purpose = contacts_of(account), act.partition("/")[0]
    code, digest = codes.issue(act)
    until = call.now + codes.LIFE_SECONDS
    pending = {purpose: {"digest": digest, "until": until}}
    call.transaction.update(account, Account.codes.set(account.live_codes() | pending))
    text = f"{subject} в кабинете медработника: {code}. Действует 10 минут. Никому его не сообщайте."
    if channel == "sms":
        call.transaction.send(Sms(to=contacts.phone, text=text, purpose=purpose))
        shown = identifiers.mask_phone(contacts.phone)
    else:
        call.transaction.send(Email(to=contacts.email, subject=subject, text=text, purpose=purpose))
        shown = identifiers.mask_email(contacts.email)
    return CodeIssued(sent_to=shown, expires_at=clock.moment(until))


@lru_cache(maxsize=1)
def context_words() -> tuple[str, ...]:
    """Return the words that everybody expects in a password of this cabinet."""
    said = json.loads((DATA / "context_words.json").read_text(encoding="utf-8"))
    return tuple(said["words"])


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Return the passwords that are tried first; infra/common_passwords.py makes the file.

    Without it, or with a short one, no password is taken at all: nothing passes unjudged.
    """
    listed = frozenset(gzip.decompress((DATA / "common_passwords.txt.gz").read_bytes()).decode().split("\n"))
    if len(listed) < FEWEST_COMMON:
        raise ValueError("The list of common passwords is too short: make it by `python -m infra.common_passwords`.")
    return listed


def refuse_weak_password(password: str, login: str) -> None:
    """Refuse a password that breaks the rules of the security profile in force, naming every broken one."""
    if faults := _faults_of_password(password, login):
        raise WrongFields(faults)


def _faults_of_password(password: str, login: str) -> list[FieldError]:
    policy = options.security().password
    weak = weaknesses_of_password(password, login, policy, context_words(), common_passwords())
    return [wrong("/password", sentence, "weak-password") for sentence in weak]


def new_password(account: Account, password: str, counted: Purpose) -> list[Action]:
    """Return the changes that give a new password to somebody who has just proved himself.

    A weak or former one is refused, and the tries counted for the proof are forgiven: nothing was guessed.
    """
    most = options.security().password.history
    former = _former_passwords(account)
    faults = _faults_of_password(password, account.login)
    if any(passwords.fits(password, one) for one in former[:most]):
        said = f"Этот пароль у вас уже был: новый не должен повторять {most} последних, считая нынешний."
        faults.append(wrong("/password", said, "former-password"))
    if faults:
        Account.change(account.person_id, actions=Account.no_tries(counted), when=Account.login.exists())
        raise WrongFields(faults)
    return [
        Account.password_hash.set(passwords.digest(password)),
        Account.password_changed_at.set(clock.epoch()),
        Account.password_history.set(former[: max(0, most - 1)]),
        *(one for purpose in {counted, "password", "password_trusted"} for one in Account.no_tries(purpose)),
    ]


def no_password(account: Account) -> list[Action]:
    """Return the changes that take the password away; it stays among the former ones, which do not come back."""
    return [Account.password_hash.remove(), Account.password_history.set(_former_passwords(account))]


def _former_passwords(account: Account) -> list[str]:
    present = [account.password_hash] if account.password_hash else []
    return [*present, *account.password_history]


def renew_match(
    transaction: Transaction, account: Account, employments: list[Employment], found: RegisteredWorker | None
) -> None:
    """Store what the register says now: whether and where a person works.

    Who works nowhere loses his sessions, who has left one of several places those that act there. A register that does
    not know a worker may be mistaken, so that alone ends nothing before it is seen a day later.
    """
    cards = {card.organisation_id: card for card in found.valid_cards(clock.today())} if found else {}
    was, day_ago = account.register_state, clock.epoch() - 24 * 3600
    if found is None and was == "working":
        transaction.update(
            account, Account.register_state.set("missing"), Account.matched_at.set(clock.epoch()), edits=False
        )
        return
    if found is None and was == "missing" and account.matched_at > day_ago:
        return
    changes = [
        Account.register_state.set("working" if cards else "not_working"),
        Account.matched_at.set(clock.epoch()),
        Account.workplaces.set(sorted(cards)),
    ]
    left = {one.organisation_id for one in employments} - cards.keys()
    if cards and left:
        _end_sessions_at(transaction, account, left, changes)
    elif cards:
        transaction.update(account, *changes, edits=False)
    else:
        end_sessions(transaction, account, *changes)
    _renew_employments(transaction, account, employments, found, cards)


def _end_sessions_at(transaction: Transaction, account: Account, left: set[str], changes: Sequence[Action]) -> None:
    """End the sessions that act as a worker of places which a person has left; sign-ins under way begin anew."""
    ended = [
        one
        for one in Session.of_person(account.handle).run(None, None)
        if one.grant["role"] == Role.WORKER and one.grant.get("organisation_id") in left
    ]
    kept = {name: until for name, until in account.sessions.items() if name not in {one.session_id for one in ended}}
    transaction.update(account, *changes, Account.session_ends.set(kept))
    for session in ended:
        transaction.delete(session)


def _renew_employments(
    transaction: Transaction,
    account: Account,
    employments: list[Employment],
    found: RegisteredWorker | None,
    cards: dict[str, Card],
) -> None:
    known = {one.organisation_id: one for one in employments}
    for organisation_id, row in known.items():
        if organisation_id in cards:
            transaction.update(row, Employment.matched_at.set(clock.epoch()), when=Employment.person_id.exists())
        else:
            transaction.delete(row)
    for organisation_id in cards.keys() - known.keys():
        if found is not None:
            transaction.put(employment_at(key_of(account), found, cards[organisation_id]))


def employment_at(key: OwnerKey, said: Any, card: Card) -> Employment:
    """Make the row that ties a person to an organisation; `said` is a registered worker or an application."""
    passport = Passport(
        snils=said.snils,
        last_name=said.last_name,
        first_name=said.first_name,
        middle_name=said.middle_name,
        birth_date=said.birth_date,
        position=card.position,
        organisation_name=card.organisation_name,
    )
    return Employment(
        person_id=key.owner,
        organisation_id=card.organisation_id,
        organisation_snils=f"{card.organisation_id}#{secret.look_up('snils', said.snils)}",
        wrapped_key=key.wrapped,
        sealed=key.seal("employment/sealed", passport),
        matched_at=clock.epoch(),
    )


def start_over(call: Call, account: Account, key: OwnerKey, contacts: Contacts) -> None:
    """End all that an account's former holder could use, and send the proven person the letter to set a password by.

    The code that goes with it lives ten minutes, so the person asks for it when he has opened the letter.
    """
    nonce = secrets.token_hex(16)
    until = call.now + ACTIVATION_SECONDS
    sealed = key.seal("account/contacts", contacts)
    end_sessions(call.transaction, account, *account.begun_again(key), *Account.awaited(sealed, nonce, until))
    token = ticket.seal("activation", ACTIVATION_SECONDS, person=account.person_id, nonce=nonce)
    letter = (
        f"Ваша личность подтверждена. Ваш логин: {account.login}. Чтобы задать пароль, в течение трёх суток введите "
        f"номер из этого письма, запросите по нему код в SMS и введите код. Номер: {token}"
    )
    call.transaction.send(Email(to=contacts.email, subject="Личность подтверждена", text=letter))


def refuse_not_open(account: Account) -> None:
    """Refuse an account that is closed, and the stand-in of a login that nobody has."""
    if account.login is None:
        raise NotFound
    if account.closed_at is not None:
        raise AccountClosed


def close(call: Call, account: Account, by: str, grants: list[Any], handing: Handing) -> ClosedAccount:
    """Put the end of an account into the transaction: no session, no way in, and the day on which its keys go."""
    days = days_kept(_retention(), account.assurance, clock.today().isoformat())
    erase_at = call.now + days * 86_400
    end_sessions(call.transaction, account, *_closed(account, by, erase_at, grants))
    _hand_over(call, account.person_id, handing)
    day = datetime.fromtimestamp(erase_at, UTC).strftime("%d.%m.%Y")
    text = f"Ваш кабинет медработника закрыт. До {day} его может вернуть администратор, потом данные будут стёрты."
    call.transaction.send(TellOwner(person_id=account.person_id, subject="Кабинет закрыт", text=text))
    return ClosedAccount(
        person_id=account.person_id,
        closed_at=clock.moment(call.now),
        erase_at=clock.moment(erase_at),
        detail=f"Кабинет закрыт, все сеансы завершены. До {day} его может вернуть администратор кабинета.",
    )


def _closed(account: Account, by: str, erase_at: int, grants: list[Any]) -> list[Action]:
    return [
        *Account.no_way_in(),
        Account.contact_change.remove(),
        Account.activation.remove(),
        Account.grants.set(grants),
        Account.closed_at.set(clock.epoch()),
        Account.closed_by.set(by),
        Account.erase_at.set(erase_at),
        Account.erase_shard.set(str(int(account.person_id[-1], 16) % ERASE_SHARDS)),
    ]


def _hand_over(call: Call, person_id: str, handing: Handing) -> None:
    to, where = handing.hand_over_to, handing.organisation_id
    if to is None and where is None:
        return
    if to is None or where is None:
        missing = "/hand_over_to" if to is None else "/organisation_id"
        raise WrongFields([wrong(missing, "Укажите и коллегу, и организацию.", "required")])
    if to == person_id:
        raise HandOverUnfit
    for one in (person_id, to):
        works = Get(Employment, one, where)
        call.transaction.check(works, Employment.person_id.exists(), HandOverUnfit)
    present = Account.login.exists() & Account.closed_at.does_not_exist()
    call.transaction.check(Get(Account, to), present, HandOverUnfit)
    call.transaction.put(HandOver(person_id=person_id, organisation_id=where, to_person_id=to, at=call.now))


@lru_cache(maxsize=1)
def _retention() -> list[dict[str, Any]]:
    data = json.loads((Path(__file__).parent / "data/retention.json").read_text(encoding="utf-8"))
    rules: list[dict[str, Any]] = data["rules"]
    return rules
