"""Text types: the only strings that requests may hold. Each normalises to NFC, refuses control characters and says why.

A type's `pattern` is what is published in JSON Schema; `parse` may refuse more (check digits), never accept more.
"""

import base64
import re
import unicodedata
from typing import ClassVar, Self

from chalicelib.kit import identifiers, ids, recovery_codes


def _filled(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise ValueError("Поле не заполнено.")
    return stripped


def base64url(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def base64url_bytes(text: str) -> bytes:
    """Read base64url without padding; ValueError when it is another way of writing."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(raw) != text:
        raise ValueError("Значение записано не в base64url или повреждено.")
    return raw


def _base64url(text: str) -> str:
    try:
        base64url_bytes(text)
    except ValueError:
        raise ValueError("Значение записано не в base64url или повреждено.") from None
    return text


def _factor_code(text: str) -> str:
    meant = recovery_codes.plain(text)
    if recovery_codes.is_one(meant) or re.fullmatch(r"[0-9]{6}", meant):
        return meant
    raise ValueError("Введите шесть цифр из сообщения или приложения либо резервный код целиком.")


class Text(str):
    """One line of text without control characters."""

    __slots__ = ()
    label: ClassVar[str] = "Текст"
    hint: ClassVar[str] = "Одна строка."
    example: ClassVar[str] = "Текст"
    pattern: ClassVar[str] = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
    min_length: ClassVar[int] = 1
    max_length: ClassVar[int] = 200
    check: "ClassVar[staticmethod[[str], str]]" = staticmethod(_filled)  # gives the stored form, or says what is wrong

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take what a person typed; return the canonical form, or raise ValueError with a Russian sentence."""
        if not isinstance(value, str):
            raise ValueError("Здесь нужна строка.")  # noqa: TRY004 - a person's mistake, reported with the others
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("В строке есть недопустимые символы.") from None
        text = unicodedata.normalize("NFC", value)
        if not cls.min_length <= len(text) <= cls.max_length:
            raise ValueError(f"Длина должна быть от {cls.min_length} до {cls.max_length} символов.")
        if re.search(cls.pattern, text) is None:
            raise ValueError(f"Недопустимые символы или вид записи. {cls.hint}")
        return cls(cls.check(text))

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Return the JSON Schema of the type."""
        pattern = cls.pattern.replace(r"\A", "^").replace(r"\Z", "$")
        return {
            "type": "string",
            "title": cls.label,
            "description": cls.hint,
            "examples": [cls.example],
            "pattern": pattern,
            "minLength": cls.min_length,
            "maxLength": cls.max_length,
        }


class PersonName(Text):
    """A part of a person's name."""

    __slots__ = ()
    label = "Имя, фамилия или отчество"
    hint = "Буквы, пробел, дефис, апостроф и точка, как в паспорте."
    example = "Иванова"
    pattern = r"\A[ ]*[A-Za-zА-Яа-яЁёÀ-ɏ][A-Za-zА-Яа-яЁёÀ-ɏ '’.()-]*\Z"
    max_length = 60


class Snils(Text):
    """СНИЛС."""

    __slots__ = ()
    label = "СНИЛС"
    hint = "Одиннадцать цифр, например 112-233-445 95."
    example = "112-233-445 95"
    pattern = r"\A[0-9 -]{11,20}\Z"
    max_length = 20
    check = staticmethod(identifiers.snils)


class PersonInn(Text):
    """ИНН of a person."""

    __slots__ = ()
    label = "ИНН"
    hint = "Двенадцать цифр ИНН физического лица."
    example = "500100732259"
    pattern = r"\A[0-9 -]{12,20}\Z"
    max_length = 20
    check = staticmethod(identifiers.inn_person)


class Ogrn(Text):
    """ОГРН of an organisation."""

    __slots__ = ()
    label = "ОГРН организации"
    hint = "Тринадцать цифр."
    example = "1027700132195"
    pattern = r"\A[0-9 -]{13,20}\Z"
    max_length = 20
    check = staticmethod(identifiers.ogrn)


class Ogrnip(Text):
    """ОГРНИП of an individual entrepreneur."""

    __slots__ = ()
    label = "ОГРНИП"
    hint = "Пятнадцать цифр; заполняет только индивидуальный предприниматель."
    example = "304500518190930"
    pattern = r"\A[0-9 -]{15,24}\Z"
    max_length = 24
    check = staticmethod(identifiers.ogrnip)


class OrganisationOid(Text):
    """OID of an organisation in the state register of medical organisations."""

    __slots__ = ()
    label = "Номер организации (OID)"
    hint = "Числа через точку, как в реестре медицинских организаций."
    example = "1.2.643.5.1.13.13.12.2.77.9001"
    pattern = r"\A[0-2](\.(0|[1-9][0-9]{0,9})){3,30}\Z"
    min_length = 7
    max_length = 120


class OrderNumber(Text):
    """Number of an order, as its paper says."""

    __slots__ = ()
    label = "Номер приказа"
    hint = "До 40 букв и цифр, можно «№», «.», «-», «/» и пробел."
    example = "118-П/26"
    pattern = r"\A[0-9A-Za-zА-Яа-яЁё№./ -]{1,40}\Z"
    max_length = 40


class Licence(Text):
    """Registration number of a medical licence."""

    __slots__ = ()
    label = "Регистрационный номер лицензии"
    hint = "Как в реестре лицензий, например Л041-01137-77/00584930 (первая буква — русская «Л»)."
    example = "Л041-01137-77/00584930"
    pattern = r"\A[0-9A-Za-zА-Яа-я /-]{6,40}\Z"
    max_length = 40
    check = staticmethod(identifiers.licence)


class Phone(Text):
    """Mobile phone, stored as E.164."""

    __slots__ = ()
    label = "Мобильный телефон"
    hint = "Российский номер, например +7 900 123-45-67."
    example = "+79001234567"
    pattern = r"\A[0-9+() .-]{10,24}\Z"
    max_length = 24
    check = staticmethod(identifiers.phone)


class Email(Text):
    """E-mail address."""

    __slots__ = ()
    label = "Электронная почта"
    hint = "Адрес вида ivanova@example.ru."
    example = "ivanova@example.ru"
    pattern = r"\A[^\x00-\x20\x7f@]{1,64}@[^\x00-\x20\x7f@]{3,250}\Z"
    min_length = 5
    max_length = 254
    check = staticmethod(identifiers.email)


class PersonnelNumber(Text):
    """Personnel number given by the employer."""

    __slots__ = ()
    label = "Табельный номер"
    hint = "До 20 букв и цифр, можно «-» и «/»."
    example = "1042"
    pattern = r"\A[0-9A-Za-zА-Яа-я/-]{1,20}\Z"
    max_length = 20


class Login(Text):
    """Login as the person types it; what does not look like one is simply unknown."""

    __slots__ = ()
    label = "Логин"
    hint = "Латинские буквы, цифры и подчёркивание."
    example = "ivanova_ap"
    pattern = r"\A[A-Za-z0-9_]{1,60}\Z"
    max_length = 60
    check = staticmethod(str.lower)


class Password(Text):
    """A password: kept to the letter, spaces included."""

    __slots__ = ()
    label = "Пароль"
    hint = "Правила — на странице справки «Пароль»; отказ называет все нарушенные сразу."
    example = "Zimnij-Sad-2026"
    max_length = 128
    check = staticmethod(str)


class Code(Text):
    """A six-digit one-time code."""

    __slots__ = ()
    label = "Код подтверждения"
    hint = "Шесть цифр из сообщения или приложения."
    example = "123456"
    pattern = r"\A[0-9]{6}\Z"
    min_length = 6
    max_length = 6


class Token(Text):
    """An opaque value that the cabinet gave earlier."""

    __slots__ = ()
    label = "Значение, выданное кабинетом"
    hint = "Передайте его без изменений."
    example = "flw_0192f0c8"
    pattern = r"\A[A-Za-z0-9_.=-]+\Z"
    max_length = 2000


class Oid(Text):
    """The OID of a medical organisation."""

    __slots__ = ()
    label = "OID организации"
    hint = "Цифры через точку, как в федеральном реестре медицинских организаций."
    example = "1.2.643.5.1.13.13.12.2.77.9001"
    pattern = rf"\A{ids.OID}\Z"
    max_length = ids.LONGEST


class OrganisationId(Text):
    """The identifier of an organisation in the cabinet."""

    __slots__ = ()
    label = "Номер организации в кабинете"
    hint = "OID медицинской организации или номер вида org_…"
    example = "1.2.643.5.1.13.13.12.2.77.9001"
    pattern = rf"\A(?:org_[0-9a-f]{{32}}|{ids.OID})\Z"
    max_length = ids.LONGEST


class PersonId(Text):
    """The identifier of a person in the cabinet."""

    __slots__ = ()
    label = "Номер человека в кабинете"
    hint = "Номер вида psn_… из карточки или списка."
    example = "psn_0192f0c8a1b27c3d9e4f5a6b7c8d9e0f"
    pattern = r"\Apsn_[0-9a-f]{32}\Z"
    max_length = 36


class Signature(Text):
    """A detached signature as programs write it: base64, with or without the lines of PEM."""

    __slots__ = ()
    label = "Электронная подпись"
    hint = "Отсоединённая подпись (файл .sig или .p7s) в base64 или PEM, не больше 64 КБ."
    example = "MIIGqwYJKoZIhvcNAQcCoIIGnDCCBpgCAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcB"
    pattern = r"\A[A-Za-z0-9+/=# \r\n-]+\Z"
    max_length = 92_000


class FlowState(Text):
    """The value that an identity provider repeats, so that its answer is known to belong to a sign-in."""

    __slots__ = ()
    label = "Значение state из ответа"
    hint = "Параметр state адреса, на который вернула служба входа."
    example = "0b6f2f6e-6f1c-4c39-8b53-6f0f1b0a3f11"
    pattern = r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
    min_length = 36
    max_length = 36


class ProviderCode(Text):
    """The code that an identity provider returned; ЕСИА's is a whole signed token."""

    __slots__ = ()
    label = "Код из ответа службы входа"
    hint = "Параметр code адреса, на который вернула служба входа; действует несколько минут."
    example = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
    pattern = r"\A[A-Za-z0-9._~+/=-]+\Z"
    max_length = 8000


class ProviderError(Text):
    """The code of the error that an identity provider returned."""

    __slots__ = ()
    label = "Код ошибки из ответа службы входа"
    hint = "Номер вида ESIA-007004 из параметра error_description, а если его нет — параметр error."
    example = "ESIA-007004"
    pattern = r"\A[A-Za-z0-9_-]+\Z"
    max_length = 60


class FactorCode(Text):
    """What a person types to prove a factor: a six-digit code or a recovery code; look-alike letters are forgiven."""

    __slots__ = ()
    label = "Код"
    hint = "Шесть цифр из сообщения или приложения либо резервный код вида 3-K7QF-2MXD-9PTA."
    example = "123456"
    pattern = r"\A[0-9A-Za-zА-Яа-яЁё –—‑−-]{6,30}\Z"
    min_length = 6
    max_length = 30
    check = staticmethod(_factor_code)


class FactorName(Text):
    """How a person calls a factor."""

    __slots__ = ()
    label = "Название"
    hint = "До 40 символов, например «Рабочий телефон»."
    example = "Рабочий телефон"
    max_length = 40


class Base64Url(Text):
    """Bytes that a device gave."""

    __slots__ = ()
    label = "Ответ устройства"
    hint = "base64url без знаков «=»."
    example = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0"
    pattern = r"\A[A-Za-z0-9_-]+\Z"
    max_length = 8000
    check = staticmethod(_base64url)


class CredentialId(Base64Url):
    """The id of a passkey: at most 1,023 bytes."""

    __slots__ = ()
    label = "Номер ключа доступа"
    hint = "Поле id ответа браузера, base64url без знаков «=»."
    example = "ZmFrZS1jcmVkZW50aWFs"
    max_length = 1364


class HelpPage(Text):
    """The address of a page of the help centre, below its version."""

    __slots__ = ()
    label = "Страница справки"
    hint = "Адрес страницы от корня справки, например recovery/; у начальной — ./"
    example = "recovery/"
    pattern = r"\A(\./|([a-z0-9][a-z0-9-]{0,60}/){1,4})\Z"
    min_length = 2
    max_length = 200


class HelpVersion(Text):
    """A version of the help centre."""

    __slots__ = ()
    label = "Версия справки"
    hint = "Два числа через точку, как в выборе версии."
    example = "1.0"
    pattern = r"\A[0-9]{1,3}\.[0-9]{1,3}\Z"
    min_length = 3
    max_length = 7


class Month(Text):
    """A month of a year."""

    __slots__ = ()
    label = "Месяц"
    hint = "Год и месяц через дефис."
    example = "2026-11"
    pattern = r"\A20[0-9]{2}-(0[1-9]|1[0-2])\Z"
    min_length = 7
    max_length = 7
