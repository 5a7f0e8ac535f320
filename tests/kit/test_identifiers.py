"""What a person types as an identifier is stored in one form, or refused with one Russian sentence."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kit.identifiers import (
    accreditation,
    email,
    inn,
    inn_person,
    licence,
    mask_email,
    mask_phone,
    ogrn,
    ogrnip,
    phone,
    show_phone,
    show_snils,
    snils,
)

Take = Callable[[str], str]

LONG_DOMAIN = ".".join(["a" * 60] * 4)
VALID = [
    (snils, "112-233-445 95", "11223344595"),
    (snils, "  11223344595 ", "11223344595"),
    (snils, "112–233–445\u00a095", "11223344595"),
    (snils, "087-654-303 00", "08765430300"),
    (snils, "19702774500", "19702774500"),
    (snils, "30025146900", "30025146900"),
    (snils, "21204338300", "21204338300"),
    (snils, "001-001-998 00", "00100199800"),
    (snils, "000-000-600 06", "00000060006"),
    (inn, "7830002293", "7830002293"),
    (inn, "7707 083893", "7707083893"),
    (inn, "500100732259", "500100732259"),
    (inn, "585204118212", "585204118212"),
    (inn_person, "5001 0073 2259", "500100732259"),
    (ogrn, "1151232294620", "1151232294620"),
    (ogrn, "1138218667113", "1138218667113"),
    (ogrn, "1 02 77 00 13219 5", "1027700132195"),
    (ogrnip, "315850060115169", "315850060115169"),
    (ogrnip, "304500518190930", "304500518190930"),
    (ogrnip, "304500757491182", "304500757491182"),
    (ogrnip, "304500711471041", "304500711471041"),
    (licence, "Л041-01137-77/00584930", "Л041-01137-77/00584930"),
    (licence, " л041–01107–72 / 00337579", "Л041-01107-72/00337579"),
    (licence, "Л041-01154-31/00551666", "Л041-01154-31/00551666"),
    (licence, "ЛО-77-01-019845", "ЛО-77-01-019845"),
    (licence, "фс-77-01-012345", "ФС-77-01-012345"),
    (accreditation, "7726 034054336", "7726 034054336"),
    (accreditation, "7722 028773075", "7722 028773075"),
    (accreditation, "7723030743999", "7723 030743999"),
    (phone, "+7 900 123-45-67", "+79001234567"),
    (phone, "8 (900) 123-45-67", "+79001234567"),
    (phone, "8(495)123-45-67", "+74951234567"),
    (phone, "79001234567", "+79001234567"),
    (phone, "900 123 45 67", "+79001234567"),
    (email, "ivanova@mail.ru", "ivanova@mail.ru"),
    (email, "  Anna.Ivanova+work@Clinic-1.MAIL.ru ", "Anna.Ivanova+work@clinic-1.mail.ru"),
    (email, "info@Почта.рф", "info@xn--80a1acny.xn--p1ai"),
    (email, "info@xn--80a1acny.xn--p1ai", "info@xn--80a1acny.xn--p1ai"),
    (email, "info@и\u0306од.рф", "info@xn--d1ajp.xn--p1ai"),
    (email, "a" * 64 + "@mail.ru", "a" * 64 + "@mail.ru"),
    (email, f"abcdefg@{LONG_DOMAIN}.ru", f"abcdefg@{LONG_DOMAIN}.ru"),
]
INVALID = [
    (snils, "112-233-445 96"),
    (snils, "001-001-999 00"),
    (snils, "087-654-303 01"),
    (snils, "1122334459"),
    (snils, "112233445950"),
    (snils, "00000000000"),
    (snils, "000-000-000 05"),
    (snils, ""),
    (inn, "7830002290"),
    (inn, "1234567890"),
    (inn, "500100732250"),
    (inn, "500100732269"),
    (inn, "0000000000"),
    (inn, "000000000000"),
    (inn, "78300022930"),
    (inn_person, "7830002293"),
    (ogrn, "1151232294621"),
    (ogrn, "1138218667110"),
    (ogrn, "2151232294620"),
    (ogrn, "0000000000000"),
    (ogrn, "315850060115169"),
    (ogrnip, "315850060115160"),
    (ogrnip, "415850060115169"),
    (ogrnip, "1151232294620"),
    (licence, "L041-01137-77/00584930"),
    (licence, "ЛO-77-01-019845"),
    (licence, "Л041-1177-91/00366739"),
    (licence, "Л041-01137-77-00584930"),
    (licence, ""),
    (accreditation, "7726 34054336"),
    (accreditation, "7826 034054336"),
    (phone, "+7 000 123-45-67"),
    (phone, "+7 701 123-45-67"),
    (phone, "+1 650 253-00-00"),
    (phone, "+375 29 123-45-67"),
    (phone, "+8 900 123-45-67"),
    (phone, "911 765-43-2"),
    (phone, "8 900 123-45-67 доб. 12"),
    (phone, "8 800 FLOWERS"),
    (phone, ""),
    (email, ""),
    (email, "petrova"),
    (email, "@yandex.ru"),
    (email, "petrova@"),
    (email, "petrova@localhost"),
    (email, "iva nova@mail.ru"),
    (email, "иванова@mail.ru"),
    (email, ".petrova@mail.ru"),
    (email, "petrova.@mail.ru"),
    (email, "anna..petrova@mail.ru"),
    (email, "anna@petrova@mail.ru"),
    (email, "petrova@mail..ru"),
    (email, "petrova@.mail.ru"),
    (email, "petrova@mail.ru."),
    (email, "petrova@-mail.ru"),
    (email, "petrova@mail-.ru"),
    (email, "petrova@ma_il.ru"),
    (email, "petrova@127.0.0.1"),
    (email, "petrova@faß.de"),
    (email, "petrova@mail。ru"),
    (email, "petrova@xn--99999999.ru"),
    (email, "petrova@\ud800.ru"),
    (email, "a" * 65 + "@mail.ru"),
    (email, f"abcdefgh@{LONG_DOMAIN}.ru"),
    (email, f"petrova@{'a' * 64}.ru"),
]
ONE_OF_EACH = list({take: typed for take, typed, _ in VALID}.items())


def refusal(take: Take, typed: str) -> str:
    """Return the sentence with which `take` refuses what was typed."""
    with pytest.raises(ValueError, match=r"^[А-ЯЁ][^.]*.*\.$") as caught:
        take(typed)
    return str(caught.value)


@pytest.mark.parametrize(("take", "typed", "stored"), VALID)
def test_correct_identifier_is_stored_in_one_form(take: Take, typed: str, stored: str) -> None:
    """What a person types becomes the canonical form, and that form is taken again unchanged."""
    assert take(typed) == stored
    assert take(stored) == stored


@pytest.mark.parametrize(("take", "typed"), INVALID)
def test_wrong_identifier_is_refused_with_a_russian_sentence(take: Take, typed: str) -> None:
    """A wrong form, length, check digit or range is refused, and the refusal tells what to do."""
    assert ":" in refusal(take, typed)


@pytest.mark.parametrize(("take", "typed"), ONE_OF_EACH)
@pytest.mark.parametrize("tail", ["\n", "\r\n", "\x00", "\t", "\u200b", "\u202e"])
def test_control_character_is_refused(take: Take, typed: str, tail: str) -> None:
    """A line break, a NUL or an invisible character is refused at the end, at the start and inside."""
    for spoiled in (typed + tail, tail + typed, typed[:3] + tail + typed[3:]):
        refusal(take, spoiled)


@pytest.mark.parametrize(("take", "typed"), [pair for pair in ONE_OF_EACH if pair[0] is not email])
@pytest.mark.parametrize("zero", ["\u0660", "\u06f0", "\uff10", "\u0966"])
def test_digits_of_another_script_are_refused(take: Take, typed: str, zero: str) -> None:
    """Arabic, Persian, full-width and Devanagari digits do not stand for ASCII ones, all or even one of them."""
    foreign = re.sub("[0-9]", lambda digit: chr(ord(zero) + int(digit[0])), typed)
    refusal(take, foreign)
    last = max(place for place, character in enumerate(typed) if character.isdigit())
    refusal(take, typed[:last] + foreign[last:])


def test_latin_letter_in_licence_has_its_own_sentence() -> None:
    """A person who typed a Latin letter is told that the first letter is the Russian one."""
    assert "русская «Л»" in refusal(licence, "L041-01137-77/00584930")
    assert "русская «Л»" not in refusal(licence, "Л041-1177-91/00366739")


def test_refusal_does_not_repeat_what_was_typed() -> None:
    """A refusal can be logged: it holds none of the digits or letters typed."""
    for take, typed in INVALID:
        if len(typed) > 4:
            assert typed not in refusal(take, typed)


@given(st.integers(1_001_999, 999_999_999))
def test_generated_snils_passes_and_its_wrong_check_fails(number: int) -> None:
    """Every number above the exempt ones passes with the one check it has, and with no other."""
    digits = f"{number:09}"
    total = sum((9 - place) * int(digit) for place, digit in enumerate(digits))
    check = 0 if total % 101 == 100 else total % 101
    assert snils(show_snils(f"{digits}{check:02}")) == f"{digits}{check:02}"
    refusal(snils, f"{digits}{(check + 1) % 100:02}")


@given(st.integers(1, 1_001_998), st.integers(0, 99))
def test_early_snils_is_not_checked(number: int, check: int) -> None:
    """Numbers up to 001-001-998 pass with any check digits."""
    assert snils(f"{number:09}{check:02}") == f"{number:09}{check:02}"


@given(st.integers(1, 999_999_999))
def test_generated_inn_of_organisation_passes_and_its_wrong_check_fails(number: int) -> None:
    """Exactly one of the ten last digits makes a correct ИНН of an organisation."""
    assert len(passing(inn, f"{number:09}", 1)) == 1


@given(st.integers(1, 9_999_999_999))
def test_generated_inn_of_person_passes_and_its_wrong_check_fails(number: int) -> None:
    """Exactly one of the hundred pairs of last digits makes a correct ИНН of a person."""
    assert len(passing(inn_person, f"{number:010}", 2)) == 1


@given(st.sampled_from("15"), st.integers(0, 10**11 - 1))
def test_generated_ogrn_passes_and_its_wrong_check_fails(first: str, number: int) -> None:
    """The remainder modulo 11 makes a correct ОГРН, and no other last digit does."""
    body = f"{first}{number:011}"
    assert passing(ogrn, body, 1) == [body + str(int(body) % 11)[-1]]


@given(st.integers(0, 10**13 - 1))
def test_generated_ogrnip_passes_and_its_wrong_check_fails(number: int) -> None:
    """The last digit of the remainder modulo 13 makes a correct ОГРНИП, and no other last digit does."""
    body = f"3{number:013}"
    assert passing(ogrnip, body, 1) == [body + str(int(body) % 13)[-1]]


def passing(take: Take, body: str, places: int) -> list[str]:
    """Return those numbers beginning with `body` and ending with any `places` digits that `take` accepts."""
    accepted = []
    for ending in range(10**places):
        number = f"{body}{ending:0{places}}"
        try:
            accepted.append(take(number))
        except ValueError:
            continue
    return accepted


@pytest.mark.parametrize("take", [take for take, _ in ONE_OF_EACH])
@settings(deadline=None)  # the first phone number loads the numbering plan
@given(text=st.text(max_size=40) | st.text("0123456789 -+()@.ab/Л\n", max_size=20))
def test_any_text_is_refused_or_has_a_stable_form(take: Take, text: str) -> None:
    """Whatever is typed, the answer is a `ValueError` or a form that is its own canonical form."""
    try:
        stored = take(text)
    except ValueError:
        return
    assert take(stored) == stored


@given(st.from_regex(r"[A-Za-z0-9._+-]{1,20}@[a-zа-яё0-9.-]{1,20}\.(ru|рф)", fullmatch=True))
def test_address_taken_is_ascii_and_stable(typed: str) -> None:
    """An address that is taken is stored in ASCII and is taken again unchanged."""
    try:
        stored = email(typed)
    except ValueError:
        return
    assert stored.isascii()
    assert email(stored) == stored


def test_identifiers_are_shown_as_people_write_them() -> None:
    """Stored forms are shown with their usual spaces and dashes, and are taken back as shown."""
    assert show_snils("11223344595") == "112-233-445 95"
    assert snils(show_snils("11223344595")) == "11223344595"
    assert show_phone("+79001234567") == "+7 900 123-45-67"
    assert phone(show_phone("+79001234567")) == "+79001234567"


def test_masks_hide_all_but_a_hint() -> None:
    """A masked phone keeps two digits, a masked address one letter and the domain."""
    assert mask_phone("+79001234567") == "+7 ••• •••-••-67"
    assert mask_email("ivanova@mail.ru") == "i•••@mail.ru"
    assert mask_email("i@mail.ru") == "i•••@mail.ru"
