"""What the operations of the profile share: the sealed data, its views, and the names that people read."""

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import RegisteredWorker
from chalicelib.accounts.refusals import CodeWrong
from chalicelib.accounts.schemas import Contacts, contacts_of, key_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, codes, ids
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.outbox import Effect, Email, Sms
from chalicelib.kit.transaction import Transaction
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.refusals import ContactChangeMissing
from chalicelib.profile.rules import (
    LicenceState,
    ProfileData,
    Qualification,
    Remark,
    Result,
    is_own_licence,
    is_review_due,
    judge,
    status_after,
)
from chalicelib.profile.tables import Confirmation, Profile

Status = Literal["not_checked", "on_check", "needs_correction", "confirmed"]

STATUS_NAMES: Final[dict[str, str]] = {
    "not_checked": "Не проверено",
    "on_check": "На проверке",
    "needs_correction": "Требует исправления",
    "confirmed": "Подтверждено",
}
RESULT_NAMES: Final[dict[str, str]] = {
    "confirmed": "Данные подтверждены",
    "needs_clarification": "Требуется уточнение",
    "input_error": "Ошибка ввода",
}


class CheckProfile(Effect):
    """Have a profile checked with the register, outside the request."""

    channel: ClassVar[str] = "check"
    person_id: str


class SendToRegister(Effect):
    """Have confirmed changes flow to the register (PRO-09); values are read at delivery, so that the newest arrive."""

    channel: ClassVar[str] = "register"
    person_id: str
    fields: list[str]


class CheckView(Answer):
    """How the last check ended: exactly one of three results."""

    result: Annotated[Result, Meta(title="Результат проверки")]
    result_name: Annotated[str, Meta(title="Название результата", examples=list(RESULT_NAMES.values()))]
    checked_at: Annotated[str, Meta(title="Когда проверено")]
    remarks: Annotated[list[Remark], Meta(title="Поля, на которые нужно посмотреть")]


class ProfileView(Answer):
    """The whole profile."""

    snils: Annotated[str, Meta(title="СНИЛС")]
    last_name: Annotated[str, Meta(title="Фамилия")]
    first_name: Annotated[str, Meta(title="Имя")]
    middle_name: Annotated[str | None, Meta(title="Отчество")]
    birth_date: Annotated[date, Meta(title="Дата рождения")]
    inn: Annotated[str | None, Meta(title="ИНН")]
    personnel_number: Annotated[str | None, Meta(title="Табельный номер")]
    speciality: Annotated[str | None, Meta(title="Специальность")]
    qualification: Annotated[Qualification | None, Meta(title="Квалификационная категория")]
    licence_number: Annotated[str | None, Meta(title="Регистрационный номер лицензии")]
    licence_state: Annotated[LicenceState, Meta(title="Состояние номера лицензии")]
    organisation_ogrn: Annotated[str | None, Meta(title="ОГРН организации")]
    ogrnip: Annotated[str | None, Meta(title="ОГРНИП")]
    status: Annotated[Status, Meta(title="Статус профиля")]
    status_name: Annotated[str, Meta(title="Название статуса", examples=list(STATUS_NAMES.values()))]
    last_check: Annotated[CheckView | None, Meta(title="Последняя проверка")]


def new_profile(key: OwnerKey, said: Any) -> Profile:
    """Make the first profile from what a person said (an application or a passport)."""
    data = ProfileData(
        snils=said.snils,
        last_name=said.last_name,
        first_name=said.first_name,
        middle_name=said.middle_name,
        birth_date=said.birth_date,
    )
    return Profile(person_id=key.owner, wrapped_key=key.wrapped, sealed=key.seal("profile/sealed", data))


def open_profile(profile: Profile) -> ProfileData:
    """Open the sealed data of a profile."""
    key = OwnerKey(profile.person_id, profile.wrapped_key)
    return key.open("profile/sealed", profile.sealed, ProfileData)


def seal_profile(profile: Profile, data: ProfileData) -> bytes:
    """Seal changed data of a profile."""
    return OwnerKey(profile.person_id, profile.wrapped_key).seal("profile/sealed", data)


def view(profile: Profile, data: ProfileData) -> ProfileView:
    """Show a profile."""
    return ProfileView(
        **msgspec.structs.asdict(data),
        status=profile.status,  # type: ignore[arg-type] # only the four are ever written
        status_name=STATUS_NAMES[profile.status],
        last_check=check_view(profile),
    )


def check_view(profile: Profile) -> CheckView | None:
    """Show the last check of a profile, if there was one."""
    if profile.result is None:
        return None
    return CheckView(
        result=profile.result,  # type: ignore[arg-type] # only the three are ever written
        result_name=RESULT_NAMES[profile.result],
        checked_at=clock.moment(profile.checked_at or 0),
        remarks=msgspec.convert(profile.remarks, list[Remark]),
    )


class Statement(msgspec.Struct):
    """What an electronic confirmation states. Stored sealed; never changes."""

    number: str
    made_at: str
    data: ProfileData


def settle(
    transaction: Transaction,
    profile: Profile,
    data: ProfileData,
    worker: RegisteredWorker | None,
    *,
    confirm_again: bool = True,
) -> Result:
    """Judge a profile and put all that follows into a transaction: status, confirmation, changes for the register.

    Without `confirm_again`, a profile that is confirmed already gets no second confirmation.
    """
    is_news = confirm_again or profile.status != "confirmed"
    result, remarks = judge(data, worker, clock.today())
    profile.status, profile.result = status_after(result), result
    profile.remarks, profile.checked_at = msgspec.to_builtins(remarks), clock.epoch()
    changes = [
        Profile.status.set(profile.status),
        Profile.result.set(result),
        Profile.remarks.set(profile.remarks),
        Profile.checked_at.set(profile.checked_at),
    ]
    if result == "confirmed":
        if is_news:
            transaction.put(_confirmation(profile, data))
        if is_own_licence(data, worker):
            data.licence_state = "confirmed"
            changes.append(Profile.sealed.set(seal_profile(profile, data)))
        if profile.changed_fields:
            transaction.send(SendToRegister(person_id=profile.person_id, fields=profile.changed_fields))
        changes.append(Profile.changed_fields.set([]))
    transaction.update(profile, *changes, when=profile.is_unedited(), edits=False)
    return result


def present_values(profile: Profile, account: Account, names: list[str]) -> tuple[str, dict[str, str | None]]:
    """Return the СНИЛС and the present values of named fields, as the register takes them."""
    data, contacts = open_profile(profile), contacts_of(account) if account.contacts else None
    values = {name: getattr(contacts if name in {"phone", "email"} else data, name, None) for name in names}
    return data.snils, {name: None if value is None else str(value) for name, value in values.items()}


def _confirmation(profile: Profile, data: ProfileData) -> Confirmation:
    number = ids.new("cnf")
    statement = Statement(number=number, made_at=clock.stamp(clock.now()), data=data)
    key = OwnerKey(profile.person_id, profile.wrapped_key)
    return Confirmation(
        person_id=profile.person_id,
        confirmation_id=number,
        wrapped_key=profile.wrapped_key,
        sealed=key.seal(f"confirmation/{number}", statement),
        made_at=clock.epoch(),
    )


class ContactsView(Answer):
    """Contacts, with a reminder to look them through once a quarter."""

    phone: Annotated[str, Meta(title="Мобильный телефон")]
    email: Annotated[str, Meta(title="Электронная почта")]
    alternative_phone: Annotated[str | None, Meta(title="Другой телефон")]
    workplace_address: Annotated[str | None, Meta(title="Фактический адрес места работы")]
    telegram: Annotated[str | None, Meta(title="Telegram")]
    viber: Annotated[str | None, Meta(title="Viber")]
    other_messenger: Annotated[str | None, Meta(title="Другой мессенджер")]
    reviewed_at: Annotated[str, Meta(title="Когда контакты проверены")]
    review_due: Annotated[bool, Meta(title="Пора проверить контакты", description="Прошло 90 дней с проверки.")]


class ContactsChanged(ContactsView):
    """The contacts after a change, and the recovery codes that replace those of the former phone or mailbox."""

    recovery_codes: Annotated[
        list[str],
        Meta(title="Новые резервные коды", description="Показываются один раз; пусто, если их не было."),
    ]


class ContactChange(msgspec.Struct):
    """A change of contacts that waits for its codes. Stored sealed."""

    contacts: Contacts
    digests: dict[str, str]
    until: int


def changes_factors(before: Contacts, after: Contacts) -> bool:
    """Tell whether a change of contacts changes what the person confirms his acts with."""
    return (before.phone, before.email) != (after.phone, after.email)


def contacts_view(account: Account, contacts: Contacts) -> ContactsView:
    """Show contacts to their owner."""
    return ContactsView(
        **msgspec.structs.asdict(contacts),
        reviewed_at=clock.moment(account.contacts_reviewed_at),
        review_due=is_review_due(account.contacts_reviewed_at, clock.epoch()),
    )


def send_change_codes(call: Call, before: Contacts, after: Contacts, channel: str) -> dict[str, str]:
    """Send the codes that a change needs; returns their digests by the name of the field that takes the code."""
    digests: dict[str, str] = {}

    def send(name: str, where: str, address: str) -> None:
        code, digests[name] = codes.issue(f"contacts/{call.actor.person_id}/{name}")
        text = (
            f"Код для изменения контактов в кабинете медработника: {code}. Действует 10 минут. Никому его не сообщайте."
        )
        if where == "sms":
            call.transaction.send(Sms(to=address, text=text, purpose="contacts"))
        else:
            call.transaction.send(
                Email(to=address, subject="Код для изменения контактов", text=text, purpose="contacts")
            )

    send("code", channel, before.phone if channel == "sms" else before.email)
    if after.phone != before.phone:
        send("phone_code", "sms", after.phone)
    if after.email != before.email:
        send("email_code", "email", after.email)
    return digests


def seal_contact_change(account: Account, contacts: Contacts, digests: dict[str, str], until: int) -> bytes:
    """Seal a change until its codes come."""
    return key_of(account).seal("account/contact_change", ContactChange(contacts, digests, until))


def open_contact_change(account: Account, now: int) -> ContactChange:
    """Open the change that waits; refuses when there is none or its codes are too old."""
    if account.contact_change is None:
        raise ContactChangeMissing
    change = key_of(account).open("account/contact_change", account.contact_change, ContactChange)
    if change.until <= now:
        raise ContactChangeMissing
    return change


def refuse_wrong_codes(person_id: str, change: ContactChange, *typed: str | None) -> None:
    """Refuse unless every code that the change needs is right; `typed` is in the order code, phone_code, email_code."""
    said = dict(zip(("code", "phone_code", "email_code"), typed, strict=True))
    fits = [
        codes.fits(f"contacts/{person_id}/{name}", said[name] or "", digest) for name, digest in change.digests.items()
    ]
    if not all(fits):
        raise CodeWrong


def tell_about_change(call: Call, before: Contacts, after: Contacts) -> None:
    """Tell the former contacts of the change, and let the register know of a new phone or mailbox."""
    text = "Контактные данные в вашем кабинете медработника изменены. Если это не вы, сразу обратитесь в поддержку."
    call.transaction.send(Sms(to=before.phone, text=text))
    call.transaction.send(Email(to=before.email, subject="Контактные данные изменены", text=text))
    fields = [name for name in ("phone", "email") if getattr(after, name) != getattr(before, name)]
    if fields:
        call.transaction.send(SendToRegister(person_id=call.actor.person_id, fields=fields))
