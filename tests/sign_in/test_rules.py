"""What ЕСИА and a gateway say, read by pure rules."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.kit import jws
from chalicelib.sign_in import rules
from chalicelib.sign_in.refusals import ProviderAccountUnconfirmed, ProviderDataMissing

SUBJECT = {"urn:esia:sbj:typ": "P", "urn:esia:sbj:oid": 7, "urn:esia:sbj:lvl": "PR"}
PERSON = {"snils": "112-233-445 95", "lastName": " Иванова ", "firstName": "Анна", "birthDate": "14.03.1984"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (("ESIA-007011: Код", "invalid_request"), "007011"),
        (("", "access_denied"), "access_denied"),
        (("ESIA-007004: …", "access_denied"), "007004"),
        (("ESIA-000000", "access_denied"), "access_denied"),
        (("007004",), "007004"),
        (("<script>",), "unknown"),
        (("ESIA-٠٠٧٠٠٤",), "unknown"),
        ((), "unknown"),
    ],
)
def test_only_known_codes_are_taken(said: tuple[str, ...], code: str) -> None:
    """ЕСИА's number goes first; what is not known is not repeated anywhere."""
    assert rules.provider_code(*said) == code


def test_the_time_is_written_as_esia_writes_it() -> None:
    """Dots in the date, a space, the zone without a colon."""
    moment = datetime(2025, 9, 2, 13, 0, 29, tzinfo=timezone(timedelta(hours=3)))
    assert rules.timestamp(moment) == "2025.09.02 13:00:29 +0300"
    assert rules.timestamp(moment.astimezone(UTC)) == "2025.09.02 10:00:29 +0000"


def test_the_signed_text_keeps_esia_s_order() -> None:
    """Client, scope, scope_org, time, state, address, and the code at the end; whatever else is asked is not signed."""
    asked = {"redirect_uri": "R", "state": "S", "timestamp": "T", "scope": "O", "client_id": "C", "grant_type": "x"}
    assert rules.secret_text(asked) == b"COTSR"
    assert rules.secret_text(asked | {"scope_org": "G", "code": "K"}) == b"COGTSRK"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"urn:esia:sbj:lvl": "P"}, ProviderAccountUnconfirmed),
        ({"urn:esia:sbj:lvl": "KD"}, ProviderAccountUnconfirmed),
        ({"urn:esia:sbj:lvl": None}, ProviderAccountUnconfirmed),
        ({"urn:esia:sbj:typ": "S"}, ProviderAccountUnconfirmed),
        ({"urn:esia:sbj:oid": 8}, jws.Untrusted),
    ],
)
def test_only_a_confirmed_person_passes(changed: dict[str, Any], refusal: type[Exception]) -> None:
    """Level PR, a person, and the same one as the subject of the token."""
    rules.refuse_unconfirmed({"sub": 7, "urn:esia:sbj": SUBJECT})
    with pytest.raises(refusal):
        rules.refuse_unconfirmed({"sub": 7, "urn:esia:sbj": SUBJECT | changed})
    with pytest.raises(jws.Untrusted):
        rules.refuse_unconfirmed({"sub": 7, "urn:esia:sbj": "PR"})


@pytest.mark.parametrize(
    ("claims", "strong"),
    [
        ({"amr": "DS"}, True),
        ({"amr": ["DS"]}, True),
        ({"amr": "PWD", "acr": {"2fa": "otp"}}, True),
        ({"amr": ["mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": "PWD"}, False),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["otp"]}, False),
        ({"amr": ["pwd", "pwd"]}, False),
        ({"acr": {"2fa": "none"}}, False),
        ({"acr": {"2fa": ""}}, False),
        ({"acr": {"2fa": True}}, False),
        ({"acr": "2fa"}, False),
        ({"amr": 5, "acr": []}, False),
        ({"amr": [["DS"]]}, False),
        ({}, False),
    ],
)
def test_two_factors_or_a_signature_are_strong(claims: dict[str, Any], *, strong: bool) -> None:
    """A password alone is not, nor is a second factor alone; odd forms count for nothing."""
    assert rules.is_strong({}, claims) is strong


def test_a_person_of_esia_is_read() -> None:
    """СНИЛС with dashes, a Russian date; the landline and what is not verified are left out, odd numbers too."""
    contacts = [
        {"type": "MBT", "value": "+7(916)5550001", "vrfStu": "VERIFIED"},
        {"type": "EML", "value": "A@EXAMPLE.RU", "vrfStu": "NOT_VERIFIED"},
        {"type": "PHN", "value": "+7(495)1234567", "vrfStu": "VERIFIED"},
    ]
    found = rules.esia_person(PERSON, contacts)
    assert found == {
        "snils": "11223344595",
        "last_name": "Иванова",
        "first_name": "Анна",
        "middle_name": None,
        "birth_date": date(1984, 3, 14),
        "phone": "+79165550001",
        "email": None,
    }
    odd: list[dict[str, Any]] = [
        {"type": "MBT", "value": "+7(000)0000000", "vrfStu": "VERIFIED"},
        {"type": "EML", "value": 5, "vrfStu": "VERIFIED"},
    ]
    found = rules.esia_person(PERSON | {"birthDate": "31.02.1984"}, odd)
    assert (found["phone"], found["email"], found["birth_date"]) == (None, None, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"snils": None},
        {"snils": "112-233-445 96"},
        {"snils": 5},
        {"lastName": ""},
        {"firstName": " "},
        {"firstName": 1},
    ],
)
def test_without_snils_or_name_there_is_no_proof(changed: dict[str, Any]) -> None:
    """Missing, of a wrong form, with wrong control digits."""
    with pytest.raises(ProviderDataMissing):
        rules.esia_person(PERSON | changed, [])


def test_a_person_of_a_gateway_is_read() -> None:
    """Contacts count when their own claim says that they are verified, and says it as true."""
    said = {
        "snils": "11223344595",
        "family_name": "Ли",
        "given_name": "Ян",
        "birthdate": "1990-01-02",
        "email": "a@example.ru",
    }
    assert rules.oidc_person(said)["email"] is None
    assert rules.oidc_person(said | {"email_verified": "true"})["email"] is None
    assert rules.oidc_person(said | {"email_verified": True})["email"] == "a@example.ru"
    assert rules.oidc_person(said)["birth_date"] == date(1990, 1, 2)
