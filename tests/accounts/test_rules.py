"""Passwords are judged by every rule of the profile in force, and expire as it says."""

import math
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.rules import (
    DAY_SECONDS,
    LOGIN_RUN,
    days_until_expiry,
    is_expiry_near,
    is_password_expired,
    plain,
    weaknesses_of_password,
)
from chalicelib.accounts.schemas import common_passwords, context_words
from chalicelib.kit.options import PasswordPolicy, profiles

POLICIES = {one.name: one.password for one in profiles()}
DESCRIPTION, MODERN = POLICIES["description"], POLICIES["modern"]
GOOD = "Vезувий-2026!"
PHRASE = "сиреневый туман над водой"
LOGIN = "ivanova_ap"


def judged(password: str, login: str = LOGIN, policy: PasswordPolicy = DESCRIPTION, **changes: Any) -> list[str]:
    """Judge a password by a policy, with the lists of the release."""
    asked = msgspec.structs.replace(policy, **changes)
    return weaknesses_of_password(password, login, asked, context_words(), common_passwords())


@pytest.mark.parametrize("password", [GOOD, "Aa1!" + "xyzw" * 31, "Q7-zvx-2026-W", "Abxnefg 1№", "Zimnij-Sad-2026"])
def test_a_good_password_has_no_weaknesses(password: str) -> None:
    """Latin and Russian letters, any punctuation and any length up to the limit will do."""
    assert judged(password) == []


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("Вез-2u!", "короткий"),
        ("Aa1!" + "xyzw" * 31 + "x", "длинный"),
        ("везувий-2026!", "заглавные"),
        ("ВЕЗУВИЙ-2026!", "строчные"),
        ("Везувий-лава!", "цифру"),
        ("Везувий-лава!\u0662", "цифру"),
        ("Везувий2026", "специальный"),
        ("Везувий 2026", "специальный"),
        ("Везувий-2026!\n", "управляющие"),
        ("Везувий-\x002026!", "управляющие"),
        ("Везувий-\ud8002026!", "управляющие"),
        ("Везувий-ivA2026!", "логина"),
        ("Везувий-AvOn2026!", "логина"),
        ("Везувий-2026!a_A", "логина"),
        ("\u212aвезувий!2026-OVA", "логина"),
        ("Везувий-іvа2026!", "логина"),  # Cyrillic letters that look like Latin ones
        ("Мой-Zdrav-77!x", "ждут"),
        ("Медработник-77!x", "ждут"),
        ("Мeдpaбoтник-77!x", "ждут"),  # the same word with Latin letters that look like Russian ones
        ("7!GosUslugi-zx", "ждут"),
        ("Trustno1!", "подберут"),
        ("Qwertyuiop-1", "подберут"),
        ("Йцукенгшщз-1", "подберут"),
        ("Michael2026!", "подберут"),
        ("MichaelJordan1!", "подберут"),
        ("Аa1!Аa1!", "подберут"),
    ],
)
def test_each_broken_rule_has_its_sentence(password: str, complaint: str) -> None:
    """A password breaking one rule gets exactly that rule's sentence."""
    (sentence,) = judged(password)
    assert complaint in sentence


def test_all_broken_rules_are_told_at_once() -> None:
    """A person is not made to find the rules one by one."""
    assert len(judged("iva")) == 6
    assert len(judged("")) == 5


def test_a_decomposed_letter_is_no_special_character_and_one_character() -> None:
    """The mark of й typed as two characters neither passes for a special character nor lengthens the password."""
    (sentence,) = judged("Вулкании\u03062026")
    assert "специальный" in sentence
    assert [one for one in judged("и\u0306" * 7, common=False, mixed=False) if "короткий" in one]


def test_the_number_of_a_login_counts_as_part_of_it() -> None:
    """Digits of the login are its characters too, and two characters in a row are allowed."""
    assert len(judged("Везувий-P23!", "ivanova_ap23")) == 1
    assert judged("Везувий-23!iv", "ivanova_ap23") == []
    assert judged(GOOD, "ab") == []


@pytest.mark.parametrize("password", [PHRASE, "zimnij sad pod snegom", "три пингвина и чайник", "7777-8888-zimoj-tak"])
def test_the_modern_profile_asks_for_length_and_for_no_kinds_of_characters(password: str) -> None:
    """A phrase without capitals, digits and signs is good there, and not by the description's rules."""
    assert judged(password, policy=MODERN) == []
    assert judged(password) != []


@pytest.mark.parametrize(
    "password",
    [
        "Zimnij-Sad-26!",
        "passwordpassword",
        "qwertyuiop123456789",
        "aaaaaaaaaaaaaaaa",
        "moj-kabinet-vsegda",
        "michael198412311999",
    ],
)
def test_the_modern_profile_refuses_the_short_and_the_expected(password: str) -> None:
    """Fewer than fifteen characters, joined common passwords, one character, the cabinet's own words."""
    assert judged(password, policy=MODERN) != []


@given(st.sampled_from(sorted(POLICIES)), st.data())
def test_no_listed_password_passes_whatever_stands_around_it(name: str, data: st.DataObject) -> None:
    """Any of the list, in any case, with digits and signs before and after, is refused by both profiles."""
    listed = data.draw(st.sampled_from(LISTED))
    around = st.text("0123456789!-.%", max_size=8)
    password = (
        data.draw(around) + data.draw(st.sampled_from([listed, listed.upper(), listed.title()])) + data.draw(around)
    )
    assert any("подберут" in one for one in judged(password, "", POLICIES[name]))


LISTED = sorted(one for one in common_passwords() if len(one) >= 4 and one.isalpha())


def test_the_list_is_long_enough_for_both_profiles() -> None:
    """Of the frequent passwords well over 3,000 meet each profile's length: as they are, or as two joined."""
    assert sum(len(one) >= DESCRIPTION.shortest for one in common_passwords()) > 10_000
    doubled = [one * 2 for one in sorted(common_passwords()) if len(one) * 2 >= MODERN.shortest]
    assert len(doubled) > 3000
    assert all(judged(one, "", MODERN) for one in doubled[::50])


@given(st.text("abcdef_", min_size=LOGIN_RUN, max_size=12), st.data(), st.booleans())
def test_any_run_of_the_login_is_found(login: str, data: st.DataObject, backwards: bool) -> None:  # noqa: FBT001
    """Wherever a run stands in the login or the password, in any case and direction, it is found."""
    start = data.draw(st.integers(0, len(login) - LOGIN_RUN))
    run = login[start : start + LOGIN_RUN].upper()
    password = "Везувий" + (run[::-1] if backwards else run) + "-2026!"
    assert any("логина" in sentence for sentence in judged(password, login))
    assert not any("логина" in sentence for sentence in judged(password, login, login_parts=False))


@given(st.text(max_size=140), st.sampled_from(sorted(POLICIES)))
def test_length_is_counted_in_composed_characters(text: str, name: str) -> None:
    """However a password was typed, its judgement is that of its composed form, and the bounds are exact."""
    policy, composed = POLICIES[name], unicodedata.normalize("NFC", text)
    said = judged(text, policy=policy)
    assert said == judged(composed, policy=policy)
    assert any("короткий" in one for one in said) == (len(composed) < policy.shortest)
    assert any("длинный" in one for one in said) == (len(composed) > policy.longest)


@given(st.text())
def test_look_alike_letters_are_one_letter(text: str) -> None:
    """Folding changes nothing when it is done twice."""
    assert plain(plain(text)) == plain(text)


@given(st.integers(1, 10**9), st.integers(0, 200 * DAY_SECONDS))
def test_a_password_expires_on_its_last_second(changed_at: int, age: int) -> None:
    """Days left, the warning and the end agree with each other at any age."""
    now = changed_at + age
    left = days_until_expiry(changed_at, DESCRIPTION, now)
    assert left == max(0, math.ceil((90 * DAY_SECONDS - age) / DAY_SECONDS))
    assert is_password_expired(changed_at, DESCRIPTION, now) == (age >= 90 * DAY_SECONDS) == (left == 0)
    assert is_expiry_near(changed_at, DESCRIPTION, now) == (age >= 76 * DAY_SECONDS)


def test_without_a_term_a_password_never_expires_and_one_of_unknown_age_is_expired_where_there_is_one() -> None:
    """The modern profile has no term; the description's takes no unknown age on trust."""
    now = 1_800_000_000
    assert days_until_expiry(0, MODERN, now) is None
    assert not is_password_expired(0, MODERN, now)
    assert not is_expiry_near(0, MODERN, now)
    assert is_password_expired(0, DESCRIPTION, now)
