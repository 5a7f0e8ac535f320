"""Rules of the journal: cells that are safe to open, and checks that can be."""

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.journal.rules import refuse_impossible_check, safe
from chalicelib.kit.refusals import WrongFields

TODAY = date(2026, 11, 22)
SIGNS = "=+-@＝＋－＠"


@given(st.text(max_size=40))
@example("  =1+1")
@example("\x00=1+1")
@example("\u200b=1+1")
@example("\r\n@SUM(A1)")
def test_no_text_becomes_a_formula_or_breaks_a_file(text: str) -> None:
    """Whatever a device calls itself: nothing invisible stands before a sign that starts a formula."""
    made = safe(text)
    assert not made.lstrip().startswith(tuple(SIGNS))
    assert not made.startswith(("\t", "\r", "\n"))
    assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} and one not in "\t\r\n" for one in made)


@pytest.mark.parametrize("text", ["", "Firefox", "a=b", "'quoted", 'Ёлка; "х"'])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    """Signs in the middle, quotes and semicolons are the writers' to handle."""
    assert safe(text) == text


def test_all_faults_of_a_check_are_named_at_once() -> None:
    """One's own organisation, an order of tomorrow and a swapped period."""
    days = (date(2026, 11, 23), date(2026, 11, 2), date(2026, 11, 1))
    with pytest.raises(WrongFields) as refused:
        refuse_impossible_check("1.2.3.4", "1.2.3.4", *days, TODAY)
    assert [one.pointer for one in refused.value.errors] == ["/organisation_id", "/order_date", "/until"]


def test_an_order_of_today_over_one_day_is_possible() -> None:
    """The edges are inside."""
    refuse_impossible_check("1.2.3.4", "1.2.3.5", TODAY, TODAY, TODAY, TODAY)
