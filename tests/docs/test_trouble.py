"""Trouble pages name every refusal that their door may bring, and ЕСИА's own numbers as the code reads them."""

import re

import pytest
from conftest import ROOT

from chalicelib.kit import catalogue
from chalicelib.sign_in import rules
from docs.hooks import facts

NUMBER = re.compile(r"ESIA-(\d{6})")
NAMED = re.compile(r'\{\{ refusal\("([a-z-]+)"\) \}\}')
AFTER = ("start_proved_registration", "finish_sign_in")
DOORS = {
    "esia-errors": ("start_esia_sign_in", "prove_esia_identity", "offer_factors", "send_sign_in_code", *AFTER),
    "signature-errors": ("start_signature_sign_in", "prove_signature", *AFTER),
}
# The signature door asks for no second factor, so the last step of sign-in brings nothing of one there.
NEVER_HERE = {
    "esia-errors": set[str](),
    "signature-errors": {
        *("code-wrong", "too-many-tries", "factor-not-available", "factor-needed"),
        *("passkey-wrong", "passkey-cloned"),
    },
}


def text_of(page: str) -> str:
    """Return a trouble page as it is written."""
    return (ROOT / f"docs/help/{page}.md").read_text("utf-8")


@pytest.mark.parametrize("page", DOORS)
def test_a_trouble_page_names_every_refusal_of_its_door(page: str) -> None:
    """Nothing that the door may refuse is missing, and nothing that it cannot refuse is there."""
    facts.operations()
    refused = {one.code() for name in DOORS[page] for one in catalogue.operations[name].refuses}
    assert set(NAMED.findall(text_of(page))) == refused - NEVER_HERE[page]


def test_numbers_of_esia_stand_beside_what_they_mean() -> None:
    """Each number that the code knows is on the page once, in the row of its own refusal."""
    rows = [line for line in text_of("esia-errors").splitlines() if NUMBER.search(line)]
    shown = {number: NAMED.findall(row) for row in rows for number in NUMBER.findall(row)}
    known = {number: [kind.code()] for number, kind in rules._REFUSALS.items() if number.isdigit()}
    assert shown == known
    assert sum(len(NUMBER.findall(row)) for row in rows) == len(known)
