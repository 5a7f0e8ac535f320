"""Logins are made of names and come apart again; names are compared kindly."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.registration.rules import (
    LAST_LOGIN_NUMBER,
    LOGIN_BASE_LENGTH,
    login_base,
    login_of,
    same_person_names,
    split_login,
)

NAMES = st.text(max_size=60) | st.text("абвгдеёжзийклмнопрстуфхцчшщъыьэюя -АЩЯ", max_size=60)


@pytest.mark.parametrize(
    ("last", "first", "middle", "base"),
    [
        ("Иванова", "Анна", "Петровна", "ivanova_ap"),
        ("ИВАНОВА", "АННА", "ПЕТРОВНА", "ivanova_ap"),
        ("Ким", "Олег", None, "kim_o"),
        ("Ким", "Олег", "", "kim_o"),
        ("Щукина", "Жанна", "Яковлевна", "shchukina_zhia"),
        ("Подъячий", "Юлия", "Хасановна", "podiachii_iukh"),
        ("Цой", "Чингиз", "Шамилевич", "tsoi_chsh"),
        ("Соловьёв-Эрг", "Ёлка", "Ынова", "solovev_erg_ey"),
        ("Римский – Корсаков", "Николай", None, "rimskii_korsakov_n"),
        ("Салтыков\u2011Щедрин", "М", None, "saltykov_shchedrin_m"),
        ("Müller", "Émile", None, "muller_e"),
        ("О'Нил 2", "Анна 3", None, "onil_a"),
        ("李", "明", None, "worker"),
        ("Ъ", "Анна", None, "worker_a"),
        ("", "", None, "worker"),
        ("---", "-Анна-Мария", None, "worker_a"),
        ("ﬁалка", "ℍ", None, "fialka_h"),
    ],
)
def test_login_is_formed_from_the_name(last: str, first: str, middle: str | None, base: str) -> None:
    """The surname and the initials are transliterated as in a passport; what has no Latin form is left out."""
    assert login_base(last, first, middle) == base


def test_decomposed_letters_give_the_same_login() -> None:
    """A name typed with separate marks (й as и with a breve) gives the login of the usual spelling."""
    assert login_base(unicodedata.normalize("NFD", "Соловьёв-Цой"), "Й", None) == "solovev_tsoi_i"


def test_long_surname_is_cut_and_keeps_its_initials() -> None:
    """A surname too long for a login is cut, never its initials."""
    base = login_base("Щ" * 60, "Щ", "Щ")
    assert len(base) == LOGIN_BASE_LENGTH
    assert base.endswith("_shchshch")


@given(NAMES, NAMES, st.none() | NAMES, st.integers(1, LAST_LOGIN_NUMBER))
def test_every_login_comes_apart_into_base_and_number(last: str, first: str, middle: str | None, number: int) -> None:
    """Any name gives a well-formed base, and a login with any number splits back, in capitals too."""
    base = login_base(last, first, middle)
    assert re.fullmatch("[a-z]([a-z0-9_]*[a-z])?", base)
    assert len(base) <= LOGIN_BASE_LENGTH
    login = login_of(base, number)
    assert split_login(login) == (base, number)
    assert split_login(login.upper()) == (base, number)


def test_first_login_has_no_number() -> None:
    """The first worker's login is the base itself, the second one's ends with 2."""
    assert login_of("ivanova_ap", 1) == "ivanova_ap"
    assert login_of("ivanova_ap", 2) == "ivanova_ap2"
    assert split_login("Ivanova_AP") == ("ivanova_ap", 1)


@pytest.mark.parametrize(
    ("base", "number"),
    [("ivanova_ap", 0), ("ivanova_ap", -1), ("ivanova_ap", LAST_LOGIN_NUMBER + 1), ("ap2", 1), ("Ivan", 2), ("", 2)],
)
def test_login_that_would_not_come_apart_is_not_made(base: str, number: int) -> None:
    """A base or a number that splitting could not give back is refused."""
    with pytest.raises(ValueError, match=r"."):
        login_of(base, number)


@pytest.mark.parametrize(
    "login",
    [
        "",
        "2",
        "_ivanova",
        "2ivanova",
        "ivanova_",
        "ivanova_2",
        "ivanova_ap1",
        "ivanova_ap02",
        "ivanova_ap0",
        "ivanova_ap1000000",
        "ivanova_ap\n",
        "ivanova_ap2\n",
        "ivanova_ap\x00",
        " ivanova_ap",
        "ivanova ap",
        "ivanova-ap",
        "ivanova.ap",
        "ivanova_аp",
        "іvanova_ap",
        "ivanova_ap\u0662",
        "ivanova_ap\uff12",
        "\u212aim_o",
        "иванова_ап",
        "a" * (LOGIN_BASE_LENGTH + 1),
    ],
)
def test_anything_but_a_login_is_refused(login: str) -> None:
    """Look-alike letters, other digits, stray signs and numbers never given out are no logins."""
    with pytest.raises(ValueError, match="Логин состоит из латинских букв"):
        split_login(login)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Королёва", "КОРОЛЕВА"),
        ("  Анна   Мария ", "анна мария"),
        ("Римский - Корсаков", "Римский-Корсаков"),
        ("Римский —Корсаков", "римский\u2011корсаков"),
        ("Королёва", "Короле\u0308ва"),
        ("", " "),
    ],
)
def test_spellings_of_one_name_are_the_same(a: str, b: str) -> None:
    """Case, ё, extra spaces and the look of a hyphen do not make another person."""
    assert same_person_names(a, b)
    assert same_person_names(b, a)


@pytest.mark.parametrize(("a", "b"), [("Иванова", "Иванов"), ("Анна Мария", "АннаМария"), ("Анна", ""), ("Юй", "Юи")])
def test_other_names_are_not_the_same(a: str, b: str) -> None:
    """A different letter or a missing space makes another name."""
    assert not same_person_names(a, b)
