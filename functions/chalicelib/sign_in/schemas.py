"""What the steps of sign-in share: tickets between steps, and how factors are shown."""

from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed
from chalicelib.accounts.rules import is_only_worker
from chalicelib.accounts.schemas import end_holder
from chalicelib.accounts.tables import LIMITS, Account, Purpose, Reservation
from chalicelib.kit import clock, ids, secret, ticket
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.guesses import refuse_guesser
from chalicelib.kit.outbox import Effect, TellOwner
from chalicelib.kit.outside import System
from chalicelib.kit.records.tables import Breaker, Once
from chalicelib.kit.session import Door
from chalicelib.kit.tables import Get
from chalicelib.kit.tries.tables import MOST_IN_A_ROW
from chalicelib.sign_in.refusals import AccountNotConfirmed, FactorNeeded, NoLongerWorking, SignInExpired

TICKET_SECONDS = 900
RECHECK_SECONDS = 600
TRIED = (
    "В кабинет медработника пытались войти: пароль был верным, коды — нет. "
    "Если это не вы, задайте новый через «Восстановление доступа»."
)
PROVING: Final = frozenset({"esia", "oidc", "signature"})  # the doors that prove who a person is
GUESSED: dict[Purpose, str] = {
    "password": "К кабинету медработника подбирают пароль. Вход по нему с чужих устройств закрыт на час, ваш доступ цел.",
    "password_trusted": "К кабинету медработника подбирают пароль с вашего устройства. Вход по нему там закрыт на час.",
}
SHUT = (
    "К кабинету медработника сто раз подряд вводили неверный пароль. {where} он больше не принимается: задайте новый "
    "через «Восстановление доступа». Другие способы входа открыты."
)
Step = Literal["login", "password", "proved", "passkey", "signature"]


class TicketView(Answer):
    """The way to the next step."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция")]


class Proof(msgspec.Struct, kw_only=True):
    """Who a person is by another's word: ЕСИА, an identity provider, or the certificate of his signature.

    `strong`: two factors were used there, at `factor_at` where it is known. Contacts are given only where the other side
    has verified them.
    """

    door: Literal["esia", "oidc", "signature"]
    snils: str
    strong: bool
    last_name: str
    first_name: str
    middle_name: str | None = None
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None
    factor_at: int | None = None


class IdentityProved(Answer):
    """Who came is known; the session, or the registration, comes next."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция", description="finish_sign_in или start_proved_registration.")]
    factor_needed: Annotated[bool, Meta(title="Нужен ли ещё второй фактор", description="Какой: offer_factors.")]
    phone: Annotated[str | None, Meta(title="Телефон, подтверждённый там", description="Для формы регистрации.")]
    email: Annotated[str | None, Meta(title="Почта, подтверждённая там", description="Для формы регистрации.")]
    detail: Annotated[str, Meta(title="Что делать дальше")]


def identity_proved(call: Call, proof: Proof, asked: System | None = None) -> IdentityProved:
    """Find whose СНИЛС was proved (one read) and give the ticket to the session, or to the registration.

    `asked` is the outside system that has proved it: its good answer forgives earlier failures.
    """
    whose = Get(Reservation, f"snils#{secret.look_up('snils', proof.snils)}")
    if asked is None:
        (found,) = call.look(whose)
    else:
        found, asked.breaker = call.look(whose, Get(Breaker, asked.name))
        asked.forgive(call.transaction)
    said = msgspec.to_builtins(proof, str_keys=True)
    ticket = give("proved", found.person_id if found else "", nonce=ids.token(), at=clock.epoch(), proof=said)
    if found is None:
        following, needed = "start_proved_registration", False
        detail = "Кабинета с вашим СНИЛС ещё нет. Укажите телефон и почту, чтобы открыть его."
    else:
        following, needed = "finish_sign_in", not proof.strong
        detail = f"Личность подтверждена. {'Подтвердите вход вторым фактором.' if needed else 'Завершите вход.'}"
    known = {"phone": proof.phone, "email": proof.email}
    return IdentityProved(ticket=ticket, next=following, factor_needed=needed, **known, detail=detail)


def no_such_person(login: str) -> str:
    """Return the stand-in that an unknown login leads to: it looks like a person and opens nothing."""
    return f"psn_{secret.look_up('no-such-login', login)[:32]}"


def give(step: Step, person_id: str, **more: Any) -> str:
    """Seal a ticket that proves a passed step."""
    return ticket.seal(f"sign_in/{step}", TICKET_SECONDS, person=person_id, **more)


def take(step: Step, text: str) -> dict[str, Any]:
    """Open a ticket of a step; refuses any other."""
    values = ticket.unseal(f"sign_in/{step}", text)
    if values is None:
        raise SignInExpired
    return values


def refuse_other_epoch(account: Account, entry: "Entry") -> None:
    """Refuse a ticket from before the account's access was changed."""
    if entry.epoch is not None and int(account.epoch) != entry.epoch:
        raise SignInExpired


class Entry(msgspec.Struct, frozen=True):
    """Who came and by which door; `act` is what a factor has to be given for.

    `at` is when a proof was given; `strong` needs no second factor any more; `trusted` comes from a device that has signed in before.
    """

    person_id: str
    door: Door
    act: str
    epoch: int | None = None
    at: int | None = None
    strong: bool = False
    trusted: bool = False
    once: str | None = None
    factor_at: int | None = None


def entry_of(text: str) -> Entry:
    """Read the ticket with which a session may be opened: of the password, of a proof, of a passkey's challenge."""
    for step in ("password", "proved", "passkey"):
        values = ticket.unseal(f"sign_in/{step}", text)
        if values is not None:
            return _entry(step, values)
    raise SignInExpired


def _entry(step: str, values: dict[str, Any]) -> Entry:
    person_id, nonce = values.get("person", ""), values["nonce"]
    if step == "passkey":
        return Entry("", "passkey", f"sign_in/passkey/{nonce}", at=values["at"], strong=True, once=f"passkey#{nonce}")
    if step == "password":
        act = f"sign_in/{person_id}/{nonce}"
        return Entry(person_id, "password", act, values["epoch"], trusted=bool(values["trusted"]))
    proof = msgspec.convert(values["proof"], Proof)
    if not person_id:
        raise SignInExpired
    # The first word is where a code waits: one for the password does not push it out.
    act, once = f"proof/{person_id}/{nonce}", f"proved#{nonce}"
    factor_at = proof.factor_at if proof.strong else None
    return Entry(
        person_id, proof.door, act, None, values["at"], proof.strong, trusted=True, once=once, factor_at=factor_at
    )


def account_of(call: Call, entry: Entry) -> Account:
    """Read the account of who came, counting a try where a factor follows; refuses what its access has outlived."""
    account: Account | None
    if entry.strong:
        (account,) = call.look(Get(Account, entry.person_id))
    else:
        if not entry.trusted:
            refuse_guesser(call, "code")
        # A factor after a proof has tries of its own: neither who knows the password nor an open session uses them up.
        purpose: Purpose = "sign_in" if entry.door == "password" else "proof"
        account = Account.attempt(entry.person_id, purpose, epoch=entry.epoch)
    if account is None:
        raise SignInExpired
    return judged(call, account, entry)


def judged(call: Call, account: Account, entry: Entry) -> Account:
    """Return the account of who came; refuses what its access has outlived."""
    refuse_unproven(call, account, entry.door)
    if entry.at is not None and entry.at <= account.ended_at:
        raise SignInExpired
    refuse_shut(account, entry)
    return account


def refuse_without_factor(call: Call, entry: Entry) -> None:
    """Refuse who brings no factor before a try is counted; whose account was never proven is told that first."""
    if entry.door != "password":
        (account,) = call.look(Get(Account, entry.person_id))
        if account is not None:
            refuse_unproven(call, account, entry.door)
    raise FactorNeeded


def refuse_unproven(call: Call, account: Account, door: Door) -> None:
    """Refuse an account that was never proven to whoever has proved himself; its holder is out from then on."""
    is_unproven = account.assurance == "claimed" or account.contacts is None
    if account.closed_at or not is_unproven or door not in PROVING:
        return
    if account.contacts is not None or account.password_hash or account.sessions:
        end_holder(call, call.aftermath, account, Account.left())
    raise AccountNotConfirmed


def refuse_shut(account: Account, entry: Entry) -> None:
    """Refuse a closed or blocked account."""
    if account.closed_at:
        raise AccountClosed
    if account.blocked and (account.blocked["by"] != "suspicion" or entry.door == "password"):
        raise AccountBlocked


def refuse_dismissed(call: Call, account: Account, check: Effect) -> None:
    """Refuse a worker who works nowhere by the register, by whatever door; it is asked anew at most once in ten minutes.

    Who has other roles comes in by them.
    """
    if account.register_state != "not_working" or not is_only_worker(account.grants):
        return
    if call.now - account.matched_at > RECHECK_SECONDS:
        call.aftermath.send(check)
    raise NoLongerWorking


def spend(call: Call, entry: Entry) -> None:
    """Make a proof or an answered challenge serve once."""
    if entry.once is not None:
        call.transaction.put(Once(what=entry.once, expires=call.now + TICKET_SECONDS), SignInExpired)


def after_wrong_code(call: Call, account: Account, entry: Entry) -> None:
    """Tell the owner when the last try of the hour was wrong while the password was right.

    If it came from a strange device, the password door is shut until he proves himself; his other doors stay open.
    """
    if entry.door != "password" or account.sign_in_tries < LIMITS["sign_in"]:
        return
    call.aftermath.send(
        TellOwner(person_id=account.person_id, subject="Кто-то знает ваш пароль", text=TRIED, not_me=True)
    )
    if not entry.trusted:
        # Whatever changes the account at the same time, this stands; and it never loosens another's block.
        shut = Account.blocked.set(Account.blocked | {"by": "suspicion", "at": call.now})
        raised = [Account.epoch.set(Account.epoch + 1), Account.version.set(Account.version + 1)]
        call.aftermath.update(account, shut, *raised, edits=False)


def warn_of_guesses(call: Call, account: Account, purpose: Purpose) -> None:
    """Tell the owner of the last wrong password that is taken: of this hour, or of all."""
    text = GUESSED[purpose] if getattr(account, f"{purpose}_tries") == LIMITS[purpose] else ""
    if account.row(purpose) == MOST_IN_A_ROW:
        text = SHUT.format(where="С чужих устройств" if purpose == "password" else "С ваших устройств")
    if text:
        call.aftermath.send(TellOwner(person_id=account.person_id, subject="Подбирают пароль", text=text))
