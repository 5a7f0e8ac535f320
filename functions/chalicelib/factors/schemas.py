"""What a person confirms his acts with: how factors are listed, how one is used, and how they are changed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong
from chalicelib.accounts.schemas import TellOwner, contacts_of, key_of
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable, PasskeyCloned, PasskeyWrong
from chalicelib.factors.rules import CHANNELS, FIXED_IDS, usable_channels, version_of
from chalicelib.kit import clock, codes, identifiers, ids, passkeys, passwords, recovery_codes, totp
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.passkeys import Assertion, PasskeyRequest
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Action, Get
from chalicelib.kit.text import base64url, base64url_bytes
from chalicelib.kit.webauthn import Cloned, Credential, Unfit, check_assertion

FactorKind = Literal["sms", "email", "totp", "passkey", "recovery"]
KINDS = (
    "sms, email — код в сообщении; totp — код приложения; passkey — ключ доступа (отпечаток, лицо, PIN или токен); "
    "recovery — резервный код."
)
SPENT_SECONDS = 3600  # longer than any act waits for its proof
APP_NAME = "Приложение с кодами"
PASSKEY_NAME = "Ключ доступа"
TOLD_SUBJECT = "Изменены способы подтверждения"
# The public example key of RFC 6979: what is signed by nobody's key is checked against it, and opens nothing.
NOBODY = Credential(
    "",
    "pQECAyYgASFYIGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2IlggeQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk",
    0,
)
NEW_CODES = "Прежние резервные коды больше не действуют, сохраните новые: они показываются один раз."


class Factor(Answer):
    """A second factor that the person may use now."""

    kind: Annotated[FactorKind, Meta(title="Способ", description=KINDS)]
    title: Annotated[str, Meta(title="Название способа")]
    passkey: Annotated[
        PasskeyRequest | None, Meta(title="Запрос к устройству", description="Только у ключа доступа, иначе null.")
    ]


class FactorView(Answer):
    """One of a person's factors, as he manages it."""

    factor_id: Annotated[str, Meta(title="Номер способа")]
    kind: Annotated[FactorKind, Meta(title="Способ", description=KINDS)]
    title: Annotated[str, Meta(title="Название способа")]
    name: Annotated[str | None, Meta(title="Название, которое дали вы", description="У приложения и ключей.")]
    enabled: Annotated[bool, Meta(title="Включён ли способ")]
    added_at: Annotated[str | None, Meta(title="Когда подключён")]
    used_at: Annotated[str | None, Meta(title="Когда использован", description="Известно только у ключей доступа.")]
    codes_left: Annotated[int | None, Meta(title="Сколько резервных кодов осталось")]


class FactorsView(Answer):
    """All factors of a person."""

    items: list[FactorView]


class FactorsChanged(Answer):
    """The factors after a change, and the recovery codes that replace the former ones."""

    items: list[FactorView]
    recovery_codes: Annotated[
        list[str], Meta(title="Новые резервные коды", description="Показываются один раз; прежние не действуют.")
    ]
    detail: Annotated[str, Meta(title="Что теперь")]


class Passkey(msgspec.Struct, kw_only=True):
    """A passkey as the account keeps it; `spent` holds challenges that were answered, until they are out of date."""

    credential: str
    key: str
    count: int
    name: str
    added_at: int
    used_at: int = 0
    spent: dict[str, int] = {}


def passkeys_of(account: Account) -> dict[str, Passkey]:
    """Return the passkeys of an account by factor id, oldest first."""
    found = msgspec.convert(account.passkeys or {}, dict[str, Passkey])
    return dict(sorted(found.items()))


def kinds_of(account: Account) -> list[FactorKind]:
    """Return the kinds of factors that the person may use now."""
    others: list[FactorKind] = []
    if account.totp is not None:
        others.append("totp")
    if account.passkeys:
        others.append("passkey")
    if codes_left(account):
        others.append("recovery")
    if account.contacts is None:  # taken over by its person, who has not named his contacts yet
        return others
    return [*usable_channels(_off(account), account.recovered_by, others=bool(others)), *others]


def factors_of(account: Account, act: str | None = None) -> list[Factor]:
    """List the factors that may be used now, with addresses half hidden; an act lets a passkey be asked at once."""
    titles = _titles(account)
    return [
        Factor(
            kind=kind,
            title=titles[kind],
            passkey=passkey_request(account, act) if kind == "passkey" and act is not None else None,
        )
        for kind in kinds_of(account)
    ]


def passkey_challenge(act: str) -> str:
    """Return what a passkey has to sign to prove an act: base64url."""
    return passkeys.challenge(act)


def passkey_request(account: Account, act: str) -> PasskeyRequest:
    """Return what a device with one of the account's passkeys is asked for to prove an act."""
    known = [one.credential for one in passkeys_of(account).values()]
    return passkeys.request_options(act, known, verified=False)


def used_factor(
    account: Account,
    kind: FactorKind,
    code: str | None,
    act: str,
    *,
    assertion: Assertion | None = None,
    alone: bool = False,
) -> list[Action]:
    """Check a factor for an act such as `sign_in/psn_…/nonce`; returns the changes that make it single-use.

    They hold only in `transaction.update` under the account's version (`edits=True`), which lets one of two parallel
    uses through. A code by SMS or e-mail was issued for the same act and waits under the act's first word. A passkey
    that proves a person by itself is used `alone`: the device must have checked finger, face or PIN.
    """
    if not alone and kind not in kinds_of(account):
        raise FactorNotAvailable
    if kind == "passkey":
        return _used_passkey(account, act, assertion, alone=alone)
    if code is None:
        raise CodeWrong
    if kind == "totp":
        return _used_totp(account, code)
    if kind == "recovery":
        return _used_recovery(account, code)
    pending: dict[str, Any] = account.live_codes()
    found = pending.pop(act.partition("/")[0], None)
    if found is None or not codes.fits(act, code, found["digest"]):
        raise CodeWrong
    return [Account.codes.set(pending)]


def given_factor(call: Call, account: Account, kind: FactorKind, said: Any, act: str) -> list[Action]:
    """Check the factor that a body brings in `code` or `assertion`; of a copied passkey its owner is told."""
    try:
        return used_factor(account, kind, said.code, act, assertion=said.assertion)
    except PasskeyCloned:
        warn_of_clone(call, account)
        raise


def refuse_unavailable(account: Account, kind: FactorKind) -> None:
    """Refuse a factor that the person may not use now, before a code is sent for it."""
    if kind not in kinds_of(account):
        raise FactorNotAvailable


def passkey_sign_in(call: Call, act: str, assertion: Assertion | None) -> tuple[Account, list[Action]]:
    """Find whose passkey signed the challenge of a sign-in, by the device's own word, and have it prove him.

    Whoever the device names, unknown, without a key or with another one, gets the same answer for the same work.
    """
    person_id = _named(act, assertion)
    (found,) = call.look(Get(Account, person_id))
    account = found or Account(person_id=person_id)
    try:
        return account, used_factor(account, "passkey", None, act, assertion=assertion, alone=True)
    except PasskeyCloned:
        warn_of_clone(call, account)
        raise


def _named(act: str, assertion: Assertion | None) -> str:
    """Return who the device says to be; an answer for another challenge reads nobody's account."""
    if assertion is None:
        raise PasskeyWrong(reason="ответ устройства не передан")
    if passkeys.challenge(act).encode() not in base64url_bytes(assertion.client_data):
        raise PasskeyWrong(reason="ответ устройства устарел или относится к другому запросу")
    person_id = base64url_bytes(assertion.user_handle or "").decode("ascii", "replace")
    if not person_id.startswith("psn_") or not ids.is_one(person_id):
        raise PasskeyWrong(reason="устройство не назвало владельца ключа")
    return person_id


def warn_of_clone(call: Call, account: Account) -> None:
    """Tell the owner that a copy of his passkey may be in use."""
    text = (
        "Кто-то пытался воспользоваться копией вашего ключа доступа к кабинету медработника. "
        "Войдите другим способом и удалите этот ключ."
    )
    told = TellOwner(person_id=account.person_id, subject="Копия ключа доступа", text=text, not_me=True)
    call.aftermath.send(told)


def codes_left(account: Account) -> int:
    """Count the recovery codes that were not used."""
    return sum(one is not None for one in account.recovery_codes or [])


def tag_of(account: Account) -> int:
    """Return the version of what a person sees of his factors; signing in does not change it."""
    named = [[factor_id, one.name] for factor_id, one in passkeys_of(account).items()]
    app = [account.totp_name, int(account.totp_added_at)] if account.totp is not None else None
    return version_of(named, app, sorted(_off(account)), bool(account.recovery_codes))


def views_of(call: Call, account: Account) -> list[FactorView]:
    """Show an account's factors to its owner, and set the entity tag of the answer."""
    call.tag(tag_of(account))
    titles = _titles(account)
    found = [_view(FIXED_IDS[one], one, titles, enabled=one not in _off(account)) for one in CHANNELS if one in titles]
    if account.totp is not None:
        name, added = account.totp_name or APP_NAME, int(account.totp_added_at)
        found.append(_view(FIXED_IDS["totp"], "totp", titles, name=name, added_at=added))
    for factor_id, one in passkeys_of(account).items():
        facts = {"name": one.name, "added_at": one.added_at, "used_at": one.used_at}
        found.append(_view(factor_id, "passkey", titles, **facts))
    if account.recovery_codes:
        found.append(_view(FIXED_IDS["recovery"], "recovery", titles, codes_left=codes_left(account)))
    return found


def new_recovery_codes(account: Account) -> list[str]:
    """Make a new set of recovery codes on a loaded account, which keeps their hashes; returns what is shown once."""
    shown = recovery_codes.make()
    account.recovery_codes = [passwords.digest(recovery_codes.plain(one)) for one in shown]
    return shown


def change_factors(
    call: Call, account: Account, told: str, detail: str, values: Mapping[str, Any], *, renew: bool = True
) -> FactorsChanged:
    """Put a change of factors into the transaction: new values (None clears), new recovery codes, word to the owner."""
    shown = new_recovery_codes(account) if renew else []
    changes = []
    for name, value in {**values, "recovery_codes": account.recovery_codes if renew else []}.items():
        setattr(account, name, value)
        attribute = getattr(Account, name)
        changes.append(attribute.remove() if value is None else attribute.set(value))
    call.transaction.update(account, *changes)
    text = f"{told} Если это не вы, сразу обратитесь в поддержку."
    call.transaction.send(TellOwner(person_id=account.person_id, subject=TOLD_SUBJECT, text=text, not_me=True))
    if renew:
        detail = f"{detail} {NEW_CODES}"
    return FactorsChanged(items=views_of(call, account), recovery_codes=shown, detail=detail)


def own_factor(call: Call, account: Account, factor_id: str) -> FactorView:
    """Return the factor that a request names, of the version that it names; a channel that is off is none."""
    found = [one for one in views_of(call, account) if one.factor_id == factor_id and one.enabled]
    if not found:
        raise NotFound
    call.match_version(tag_of(account))
    return found[0]


def _used_totp(account: Account, code: str) -> list[Action]:
    shared = key_of(account).open("account/totp", account.totp or b"", str)
    step = totp.matching_step(shared, code, account.totp_step)
    if step is None:
        raise CodeWrong
    return [Account.totp_step.set(step)]


def _used_recovery(account: Account, code: str) -> list[Action]:
    """Compare with the one stored hash that the code names; without it the same work is done."""
    meant, stored = recovery_codes.plain(code), list(account.recovery_codes or [])
    place = recovery_codes.place(meant) if recovery_codes.is_one(meant) else len(stored)
    if not passwords.fits(meant, stored[place] if place < len(stored) else None):
        raise CodeWrong
    stored[place] = None
    return [Account.recovery_codes.set(stored)]


def _used_passkey(account: Account, act: str, said: Assertion | None, *, alone: bool) -> list[Action]:
    own, challenge, now = passkeys_of(account), passkey_challenge(act), clock.epoch()
    if said is None:
        raise PasskeyWrong(reason="ответ устройства не передан")
    if said.user_handle not in {None, base64url(account.person_id.encode())}:
        raise PasskeyWrong(reason="он принадлежит другому человеку")
    used = next((one for one in own.values() if one.credential == said.id), None)
    if used is None and not alone:
        raise PasskeyWrong(reason="он не подключён к этому кабинету")
    if any(challenge in one.spent for one in own.values()):
        raise PasskeyWrong(reason="этим ответом устройства уже воспользовались")
    known = Credential(used.credential, used.key, used.count) if used else NOBODY
    try:
        count = check_assertion(act, known, said, verified=alone)
    except Unfit as unfit:
        raise PasskeyWrong(reason=str(unfit)) from None
    except Cloned:
        raise PasskeyCloned from None
    if used is None:
        raise PasskeyWrong(reason="подпись не подходит к этому ключу")
    used.count, used.used_at = count, now
    used.spent = {one: until for one, until in used.spent.items() if until > now} | {challenge: now + SPENT_SECONDS}
    return [Account.passkeys.set(msgspec.to_builtins(own))]


def _off(account: Account) -> set[str]:
    """Return the channels that bring no codes: those that the person does not want, and all while he has no contacts."""
    return set(CHANNELS if account.contacts is None else account.factors_off or [])


def _titles(account: Account) -> dict[str, str]:
    channels = {}
    if account.contacts is not None:
        contacts = contacts_of(account)
        channels["sms"] = f"Код по SMS на {identifiers.mask_phone(contacts.phone)}"
        channels["email"] = f"Код письмом на {identifiers.mask_email(contacts.email)}"
    return channels | {
        "totp": "Код из приложения",
        "passkey": "Ключ доступа: отпечаток, лицо, PIN или токен",
        "recovery": f"Резервный код (осталось {codes_left(account)})",
    }


def _view(factor_id: str, kind: FactorKind, titles: dict[str, str], **facts: Any) -> FactorView:
    moments = {name: clock.moment(facts[name]) if facts.get(name) else None for name in ("added_at", "used_at")}
    said = {"name": None, "enabled": True, "codes_left": None} | facts | moments
    return FactorView(factor_id=factor_id, kind=kind, title=titles[kind], **said)
