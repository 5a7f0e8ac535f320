"""Rules of factors and the form of recovery codes, without a cloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.factors.rules import CHANNELS, usable_channels, version_of
from chalicelib.kit import recovery_codes
from chalicelib.kit.text import Code, FactorCode


@pytest.mark.parametrize(
    ("off", "recovered", "others", "usable"),
    [
        ([], None, False, ["sms", "email"]),
        (["sms"], None, False, ["email"]),
        (["sms", "email"], None, True, []),
        ([], "sms", False, ["email"]),
        ([], "email", True, ["sms"]),
        (["email"], "sms", False, ["sms"]),
        (["email"], "sms", True, []),
        ([], "sms,email", False, ["sms", "email"]),
        ([], "sms,email", True, []),
    ],
)
def test_the_recovered_channel_waits_until_nothing_else_is_left(
    off: list[str],
    recovered: str | None,
    others: bool,  # noqa: FBT001 - the case
    usable: list[str],
) -> None:
    """Access regained by a channel is not proven again by the same channel, unless there is no other way in."""
    assert usable_channels(off, recovered, others=others) == usable


@given(
    st.lists(st.sampled_from(CHANNELS), unique=True, max_size=1),
    st.sampled_from([None, "sms", "email", "sms,email"]),
    st.booleans(),
)
def test_there_is_always_a_way(off: list[str], recovered: str | None, others: bool) -> None:  # noqa: FBT001 - drawn
    """Whoever has a factor beside the recovered channel uses it, and nobody is left with none."""
    assert others or usable_channels(off, recovered, others=others)


def test_the_version_tells_states_apart() -> None:
    """It is a number that stays while nothing changes."""
    assert version_of(["a"], None) == version_of(["a"], None) != version_of(["b"], None)


def test_a_set_has_ten_codes_of_sixty_random_bits() -> None:
    """One digit says which; twelve letters of 32 are random."""
    codes = recovery_codes.make()
    assert len(codes) == 10
    assert all(recovery_codes.is_one(recovery_codes.plain(code)) for code in codes)
    assert [recovery_codes.place(code) for code in codes] == list(range(10))
    assert len(recovery_codes.ALPHABET) ** recovery_codes.LENGTH == 2**60
    seen = {letter for _ in range(200) for code in recovery_codes.make() for letter in recovery_codes.plain(code)[1:]}
    assert seen == set(recovery_codes.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "3-K7QF-2MXD-9PTA",
        "3K7QF2MXD9PTA",
        "3-k7qf-2mxd-9pta",
        " 3 k7qf 2mxd 9pta ",
        "3–K7QF–2MXD–9PTA",
        "З-К7QF-2МХD-9РТА",
        "з-к7qf-2мхd-9рта",
    ],
)
def test_look_alike_typing_is_forgiven(typed: str) -> None:
    """Case, spaces, dashes of any kind, and Cyrillic letters that look the same."""
    assert FactorCode.parse(typed) == "3K7QF2MXD9PTA"


@pytest.mark.parametrize(("typed", "meant"), [("O-IL00-0000-0000", "0110000000000"), ("123 456", "123456")])
def test_letters_that_are_never_printed_stand_for_digits(typed: str, meant: str) -> None:
    """I and L are one, O is nought; a spaced code of a message is read too."""
    assert FactorCode.parse(typed) == meant


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "3-K7QF-2MXD-9PT", "3-K7QF-2MXD-9PTAA", "A-K7QF-2MXD-9PTA"])
def test_what_is_neither_code_is_a_wrong_field(typed: str) -> None:
    """Short, long, without its number: told before anything is compared."""
    with pytest.raises(ValueError, match=r"[а-я]"):
        FactorCode.parse(typed)


@given(st.from_regex(Code.pattern))
def test_six_digits_stay_six_digits(code: str) -> None:
    """Whatever was a code before is one now."""
    assert FactorCode.parse(code) == code


@given(st.integers(0, 9), st.text(recovery_codes.ALPHABET, min_size=12, max_size=12))
def test_a_printed_code_is_read_as_itself(place: int, letters: str) -> None:
    """Reading is the inverse of printing."""
    printed = f"{place}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
    assert FactorCode.parse(printed) == f"{place}{letters}"
