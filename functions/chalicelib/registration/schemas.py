"""What the steps of registration share."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import Card, RegisteredWorker
from chalicelib.accounts.refusals import AccountClosed, PolicyNotAccepted, TooManyTries
from chalicelib.accounts.rules import refuse_impossible_birth_date
from chalicelib.accounts.schemas import (
    POLICY_VERSION,
    Contacts,
    employment_at,
    end_holder,
    refuse_weak_password,
)
from chalicelib.accounts.tables import Account, Login, Reservation
from chalicelib.kit import clock, codes, ids, passwords, secret, ticket
from chalicelib.kit.access import Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.outbox import Effect, Email, Sms
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.tables import Action, Get, Table
from chalicelib.kit.vault import OwnerKey
from chalicelib.registration.refusals import AccountExists, FlowEnded
from chalicelib.registration.rules import Outcome, code_text, login_base, login_of, outcome_text, proved_text
from chalicelib.registration.tables import RegistrationFlow, State

FLOW_SECONDS = 3600


class Invited(msgspec.Struct):
    """The invitation with which an applicant came."""

    place: str
    invitation_id: str
    organisation_id: str | None
    granted_by: str


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
    role: str = Role.WORKER.value
    proved_by: str | None = None
    takes_over: bool = False
    held: list[dict[str, Any]] = []
    invited: Invited | None = None


class FlowStep(Answer):
    """The state of a registration after a step."""

    flow: Annotated[str, Meta(title="Номер попытки", description="Передавайте его в следующих шагах.")]
    next: Annotated[str, Meta(title="Следующий шаг", description="Имя следующей операции или done.")]
    detail: Annotated[str, Meta(title="Что делать дальше")]
    expires_at: Annotated[str, Meta(title="До какого времени можно продолжить")]


class ActivationCode(Effect):
    """Somebody with a letter asks for the code that goes with it: a worker looks whether the letter is still good."""

    channel: ClassVar[str] = "activation"
    person_id: str
    nonce: str


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


def new_flow(said: Application, key: OwnerKey) -> tuple[RegistrationFlow, str, SentCodes]:
    """Make a flow for an application, sealed with the applicant's own new key; its token, and the codes to send."""
    flow_id, random = f"flw_{secrets.token_hex(16)}", secrets.token_hex(32)
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


def open_letter(text: str) -> ActivationCode | None:
    """Read the number of the letter that кадры's confirmation sent; None when it is damaged or too old."""
    values = ticket.unseal("activation", text)
    return ActivationCode(person_id=values["person"], nonce=values["nonce"]) if values else None


def awaits(account: Account, letter: ActivationCode) -> bool:
    """Tell whether an account waits for an activation by this letter, and by no later one."""
    return account.activation == letter.nonce and account.activation_until > clock.epoch()


def new_code(account: Account, letter: ActivationCode) -> tuple[str, Action]:
    """Make the code of a letter and the change that lets it wait; a code of before ends."""
    code, digest = codes.issue(_activation(letter))
    pending = {"activation": {"digest": digest, "until": clock.epoch() + codes.LIFE_SECONDS}}
    return code, Account.codes.set(account.live_codes() | pending)


def fits_code(account: Account, letter: ActivationCode, code: str) -> bool:
    """Compare a code with the one that waits, if it still does."""
    found = account.live_codes().get("activation")
    return found is not None and codes.fits(_activation(letter), code, found["digest"])


def _activation(letter: ActivationCode) -> str:
    return f"activation/{letter.person_id}/{letter.nonce}"


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
    if login is not None and not said.takes_over:
        said.login = said.login.rstrip("0123456789") + str(secrets.randbelow(99_000) + 1000)
    is_taken = snils is not None and not said.takes_over
    if said.outcome == "matched" and (is_taken or phone):
        said.outcome = "already-registered" if is_taken else "phone-taken"


def proved(proof: Any, body: Any, role: str) -> Application:
    """Make the application of a person whom a door has proved; `body` brings contacts, and a birth date no door told."""
    birth_date = proof.birth_date or body.birth_date
    if birth_date is None:
        raise WrongFields([wrong("/birth_date", "Укажите дату рождения: в сертификате подписи её нет.", "required")])
    refuse_impossible_birth_date(birth_date, clock.today())
    return Application(
        snils=proof.snils,
        last_name=proof.last_name,
        first_name=proof.first_name,
        middle_name=proof.middle_name,
        birth_date=birth_date,
        phone=body.phone,
        email=body.email,
        login=login_of(login_base(proof.last_name, proof.first_name, proof.middle_name), 1),
        outcome="matched",
        cards=[],
        role=role,
        proved_by=proof.door,
    )


def by_register(said: Application, worker: RegisteredWorker, day: date) -> Application:
    """Take over what the register holds of a proved person: his СНИЛС is the tie, the spelling is the register's."""
    names = ("last_name", "first_name", "middle_name", "birth_date")
    return msgspec.structs.replace(
        said, **{name: getattr(worker, name) for name in names}, cards=worker.valid_cards(day)
    )


def places_of(said: Application) -> tuple[Get[Reservation], Get[Login]]:
    """Name the items that tell whether an application's phone and login are free."""
    return Get(Reservation, f"phone#{secret.look_up('phone', said.phone)}"), Get(Login, said.login)


def open_proved_flow(
    call: Call, said: Application, account: Account | None, taken: Reservation | None, login: Login | None
) -> FlowStep:
    """Start the flow of a proved person; an account that somebody else opened with his data is taken over."""
    key = OwnerKey.new(account.person_id if account else ids.new("psn"))
    if account is not None:
        _take_over(call, account, key)
        said.takes_over, said.login, said.held = True, account.login, account.grants
    elif login is not None:
        said.login += str(secrets.randbelow(998) + 2)
    if taken is not None and taken.person_id != key.owner:
        said.outcome = "phone-taken"
    flow, token, sent = new_flow(said, key)
    call.transaction.put(flow)
    send_codes(call, said, sent)
    detail = "Введите коды из SMS и письма. Если сообщение не пришло за 10 минут, начните заново."
    return flow_step(flow, token, "confirm_registration_contacts", detail)


def _take_over(call: Call, account: Account, key: OwnerKey) -> None:
    """End all that the former holder of an unproven account could use; the person himself has come."""
    if account.closed_at:
        raise AccountClosed
    if account.assurance == "confirmed" and account.contacts is not None:
        raise AccountExists
    end_holder(call, call.transaction, account, account.begun_again(key))


def hash_of(password: str | None, said: Application) -> str | None:
    """Hash the chosen password; who has been proved by a door comes in by it, and may set a password later."""
    if password is None and said.proved_by:
        return None
    if password is None:
        raise WrongFields([wrong("/password", "Придумайте пароль.", "required")])
    refuse_weak_password(password, said.login)
    return passwords.digest(password)


def tell_outcome(call: Call, said: Application) -> None:
    """Have the applicant told, on the channels that he has proven, how his registration ended."""
    text = proved_text(said.outcome, said.login) if said.proved_by else outcome_text(said.outcome, said.login)
    call.transaction.send(Sms(to=said.phone, text=text))
    call.transaction.send(Email(to=said.email, subject="Регистрация в кабинете", text=text))


def write_account(
    call: Call, flow: RegistrationFlow, said: Application, account: Account, others: Sequence[Table]
) -> None:
    """Put a new account with all that belongs to it into the transaction, or make a taken over one usable."""
    if not said.takes_over:
        for item in (account, *others):
            call.transaction.put(item)
        return
    names = ["contacts", "contacts_reviewed_at", "grants", "consent_version", "matched_at", "password_changed_at"]
    names += ["password_hash"] if account.password_hash else []
    if said.cards:
        names.append("workplaces")
    else:  # whether he works where he worked, the register says at his first sign-in
        account.matched_at = 0
    changes = [getattr(Account, name).set(getattr(account, name)) for name in names]
    changes += [Account.register_state.set("working"), Account.contacts_version.set(Account.contacts_version + 1)]
    still_his = (Account.wrapped_key == flow.wrapped_key) & Account.contacts.does_not_exist()
    still_his = still_his & (Account.grants == said.held)  # a role withdrawn meanwhile does not come back
    call.transaction.update(account, *changes, when=still_his, refusal=FlowEnded, edits=False)
    for item in others:
        if isinstance(item, Reservation) and item.what.startswith("phone#"):
            call.transaction.put(item)
        elif not isinstance(item, Login | Reservation):  # those of his login and СНИЛС have been his all the time
            call.transaction.replace(item)


def send_codes(call: Call, said: Application, sent: SentCodes) -> None:
    """Have both codes of a flow delivered."""
    call.transaction.send(Sms(to=said.phone, text=code_text(sent.phone), purpose="registration"))
    letter = Email(to=said.email, subject="Код для регистрации", text=code_text(sent.email), purpose="registration")
    call.transaction.send(letter)


def account_items(flow: RegistrationFlow, said: Application, password_hash: str | None) -> tuple[Account, list[Table]]:
    """Make a new account, and the names and employments that go with it; it is confirmed if the identity was proved."""
    key = OwnerKey(flow.applicant_id, flow.wrapped_key)
    snils_hash = secret.look_up("snils", said.snils)
    cards = {card.organisation_id: card for card in said.cards}
    new = {"role": said.role, "organisation_id": None}
    account = Account(
        person_id=key.owner,
        handle=secrets.token_hex(16),
        login=said.login,
        assurance="confirmed" if said.proved_by else "claimed",
        password_hash=password_hash,
        password_changed_at=clock.epoch(),
        wrapped_key=key.wrapped,
        contacts=key.seal("account/contacts", Contacts(phone=said.phone, email=said.email)),
        contacts_reviewed_at=clock.epoch(),
        grants=said.held if said.invited else [*said.held, *([new] if new not in said.held else [])],
        consent_version=POLICY_VERSION,
        matched_at=clock.epoch(),
        workplaces=sorted(cards),
    )
    return account, [
        Login(login=said.login, person_id=key.owner),
        Reservation(what=f"snils#{snils_hash}", person_id=key.owner),
        Reservation(what=f"phone#{secret.look_up('phone', said.phone)}", person_id=key.owner),
        *(employment_at(key, said, card) for card in cards.values()),
    ]
