"""Identifiers a person types: each function returns the form to store or raises `ValueError` with a Russian sentence.

Usual spaces and dashes are forgiven; only ASCII digits are digits. The year of an accreditation is not judged here.
"""

import re
import unicodedata

_SPACES, _DASHES = " \u00a0", "-\u2010\u2011\u2013\u2014\u2212"
_SEPARATORS, _PHONE_SEPARATORS = (str.maketrans("", "", _SPACES + _DASHES + more) for more in ("", "()"))
_LICENCE_SEPARATORS = str.maketrans(dict.fromkeys(_SPACES) | dict.fromkeys(_DASHES, "-"))
_LAST_UNCHECKED_SNILS = 1_001_998
_INN_CHECKS = {10: (9,), 12: (10, 11)}  # where the check digits stand in a number of each length
_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)  # each check digit uses as many from the right as stand before it
_LICENCE = re.compile(r"Л[0-9]{3}-[0-9]{5}-[0-9]{2}/[0-9]{8}|(?:ЛО|ФС)-[0-9]{2}-[0-9]{2}-[0-9]{6}")
_PHONE = re.compile(r"(?:\+7|7|8)?([0-9]{10})")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|(?=xn--){_LABEL})")
_EMAIL_LENGTH = 254


def _digits(text: str, name: str, *lengths: int) -> str:
    """Return the digits of `text`, as many as one of `lengths`; `name` is what the sentence calls the number."""
    digits = text.translate(_SEPARATORS)
    if not re.fullmatch("[0-9]*", digits):
        raise ValueError(f"{name} состоит только из цифр: уберите буквы и другие знаки.")
    if len(digits) not in lengths:
        count = " или ".join(map(str, lengths))
        raise ValueError(f"{name} содержит {count} цифр: проверьте, не пропущена ли цифра и нет ли лишней.")
    return digits


def _weighted(digits: str, weights: tuple[int, ...] | range) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _register_number(text: str, name: str, length: int, first: str) -> str:
    """Return a number of a state register: its last digit is that of the rest modulo `length` - 2."""
    digits = _digits(text, name, length)
    if digits[0] not in first:
        raise ValueError(f"{name} начинается с {' или '.join(first)}: проверьте, не введён ли другой номер.")
    if int(digits[:-1]) % (length - 2) % 10 != int(digits[-1]):
        raise ValueError(f"Контрольная цифра {name} не сходится: сверьте номер с выпиской из реестра.")
    return digits


def snils(text: str) -> str:
    """Return the 11 digits of a typed СНИЛС or raise; the Pension Fund's check, which leaves out up to 001-001-998."""
    digits = _digits(text, "СНИЛС", 11)
    number, check = int(digits[:9]), int(digits[9:])
    if not number:
        raise ValueError("СНИЛС не может состоять из одних нулей: введите номер со свидетельства.")
    if number > _LAST_UNCHECKED_SNILS and check != _weighted(digits[:9], range(9, 0, -1)) % 101 % 100:
        raise ValueError("Контрольные цифры СНИЛС не сходятся: сверьте номер со свидетельством или кабинетом СФР.")
    return digits


def inn(text: str) -> str:
    """Return the 10 or 12 digits of a typed ИНН or raise; the Tax Service's check, as in python-stdnum."""
    digits = _digits(text, "ИНН", *_INN_CHECKS)
    if not digits.strip("0"):
        raise ValueError("ИНН не может состоять из одних нулей: введите номер со свидетельства.")
    for place in _INN_CHECKS[len(digits)]:
        if _weighted(digits[:place], _INN_WEIGHTS[-place:]) % 11 % 10 != int(digits[place]):
            raise ValueError("Контрольные цифры ИНН не сходятся: сверьте номер со свидетельством или кабинетом ФНС.")
    return digits


def inn_person(text: str) -> str:
    """Return the 12 digits of a person's typed ИНН or raise; checked as `inn` is."""
    return inn(_digits(text, "ИНН человека", 12))


def ogrn(text: str) -> str:
    """Return the 13 digits of an organisation's typed ОГРН or raise; modulo 11, last digit, as in python-stdnum."""
    return _register_number(text, "ОГРН", 13, "15")


def ogrnip(text: str) -> str:
    """Return the 15 digits of an entrepreneur's typed ОГРНИП or raise; modulo 13, last digit of the remainder."""
    return _register_number(text, "ОГРНИП", 15, "3")


def licence(text: str) -> str:
    """Return a typed licence number in capitals or raise; forms as in the unified register and before it (ЛО-, ФС-)."""
    number = text.translate(_LICENCE_SEPARATORS).upper()
    if re.search("[A-Z]", number):
        raise ValueError("В номере лицензии латинская буква: первая буква — русская «Л», смените раскладку.")
    if not _LICENCE.fullmatch(number):
        raise ValueError("Номер лицензии записан с ошибкой: введите его как в реестре, Л041-01137-77/00584930.")
    return number


def accreditation(text: str) -> str:
    """Return the typed number of an accreditation record as `7726 034054336` or raise; form of published records."""
    digits = _digits(text, "Номер записи об аккредитации", 13)
    if not digits.startswith("77"):
        raise ValueError("Номер записи об аккредитации начинается с 77: сверьте его с выпиской об аккредитации.")
    return f"{digits[:4]} {digits[4:]}"


def phone(text: str) -> str:
    """Return a typed Russian phone number in E.164, `+79001234567`, or raise; numbering plan of `phonenumbers`."""
    import phonenumbers  # noqa: PLC0415 - its tables are large: only a request with a phone number loads them

    if not (match := _PHONE.fullmatch(text.translate(_PHONE_SEPARATORS))):
        raise ValueError("Номер телефона записан с ошибкой: введите российский номер, например +7 900 123-45-67.")
    if not phonenumbers.is_valid_number_for_region(phonenumbers.parse(f"+7{match[1]}"), "RU"):
        raise ValueError("Такого номера нет среди российских: проверьте код и цифры, нужен номер на +7.")
    return f"+7{match[1]}"


def email(text: str) -> str:
    """Return a typed address, its domain lower-cased and in ASCII, or raise; RFC 5321 dot-atom, IDNA of `encodings`."""
    local, _, typed = text.strip(" ").rpartition("@")
    domain = unicodedata.normalize("NFC", typed.lower())
    try:
        stored = domain.encode("idna").decode("ascii")
        kept = stored.encode("ascii").decode("idna") == domain or domain.isascii()  # `ß` would become another domain
    except UnicodeError:
        stored, kept = "", False
    if not (kept and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(stored)):
        raise ValueError("Адрес почты записан с ошибкой: проверьте его, он должен быть похож на ivanova@mail.ru.")
    if len(address := f"{local}@{stored}") > _EMAIL_LENGTH:
        raise ValueError(f"Адрес почты слишком длинный: укажите адрес не длиннее {_EMAIL_LENGTH} знаков.")
    return address


def show_snils(digits: str) -> str:
    """Return a stored СНИЛС as people write it: `112-233-445 95`."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"


def show_phone(number: str) -> str:
    """Return a stored phone number as people write it: `+7 900 123-45-67`."""
    return f"{number[:2]} {number[2:5]} {number[5:8]}-{number[8:10]}-{number[10:]}"


def mask_phone(number: str) -> str:
    """Return a stored phone number with all but its last two digits hidden: `+7 ••• •••-••-67`."""
    return f"{number[:2]} ••• •••-••-{number[-2:]}"


def mask_email(address: str) -> str:
    """Return a stored address with its local part hidden but for the first letter: `i•••@mail.ru`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
