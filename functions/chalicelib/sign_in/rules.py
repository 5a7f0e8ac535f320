"""Rules of sign-in by another's word: pure functions over what ЕСИА or an OpenID provider says."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from chalicelib.kit import identifiers, jws
from chalicelib.kit.problem import Refusal
from chalicelib.sign_in.refusals import (
    ForeignProviderAnswer,
    ProviderAccountUnconfirmed,
    ProviderBusy,
    ProviderClocksDiffer,
    ProviderCodeSpent,
    ProviderDataMissing,
    ProviderDeclined,
    ProviderFactorUnavailable,
    ProviderFailed,
    ProviderKnowsNoAddress,
    ProviderKnowsNoCertificate,
    ProviderKnowsNoEmployee,
    ProviderRefusesData,
)

SKEW_SECONDS: Final = 60
TOKEN_SECONDS: Final = 900  # how long ago a token may have been made
CONFIRMED: Final = "PR"
_NUMBER: Final = re.compile(r"ESIA-(\d{6})", re.ASCII)
# What a provider's code means to the person; one refusal where the remedy is one.
_REFUSALS: Final[Mapping[str, type[Refusal]]] = {
    "007002": ProviderKnowsNoCertificate,
    "007004": ProviderDeclined,
    "007005": ProviderKnowsNoCertificate,
    "007006": ProviderRefusesData,
    "007008": ProviderBusy,
    "007011": ProviderCodeSpent,
    "007013": ProviderRefusesData,
    "007014": ProviderKnowsNoCertificate,
    "007015": ProviderClocksDiffer,
    "007019": ProviderRefusesData,
    "007023": ProviderKnowsNoAddress,
    "007039": ForeignProviderAnswer,
    "007040": ForeignProviderAnswer,
    "007046": ProviderFactorUnavailable,
    "007053": ProviderKnowsNoCertificate,
    "007055": ProviderAccountUnconfirmed,
    "007194": ProviderKnowsNoEmployee,
    "access_denied": ProviderDeclined,
    "invalid_client": ProviderKnowsNoCertificate,
    "invalid_grant": ProviderCodeSpent,
    "invalid_scope": ProviderRefusesData,
    "temporarily_unavailable": ProviderBusy,
    "unauthorized_client": ProviderKnowsNoCertificate,
}
EXPLAINED: Final = (*dict.fromkeys(_REFUSALS.values()), ProviderFailed)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What an id_token has to say; ЕСИА knows no nonce."""

    issuer: str
    client_id: str
    nonce: str | None = None


def provider_code(*said: str) -> str:
    """Return the known code in what a provider said of an error: ЕСИА's number first; `unknown` for anything else."""
    numbers = [found.group(1) for one in said if (found := _NUMBER.search(one))]
    return next((one for one in (*numbers, *said) if one in _REFUSALS), "unknown")


def refusal_of(code: str) -> type[Refusal]:
    """Return the refusal that a provider's code means."""
    return _REFUSALS.get(code, ProviderFailed)


def timestamp(moment: datetime) -> str:
    """Write a moment as ЕСИА wants it: `2025.09.02 13:00:29 +0300`."""
    return moment.strftime("%Y.%m.%d %H:%M:%S %z")


def secret_text(asked: Mapping[str, str]) -> bytes:
    """Return what the client_secret signs, in ЕСИА's order; the code only where there is one."""
    order = ("client_id", "scope", "scope_org", "timestamp", "state", "redirect_uri", "code")
    return "".join(asked.get(name, "") for name in order).encode()


def refuse_wrong_claims(claims: Mapping[str, Any], expected: Expected, now: int) -> None:
    """Refuse an id_token that is not for us, not from whom we asked, not of now or not of this sign-in."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    authorised = claims.get("azp", None if len(audiences) > 1 else expected.client_id)
    since, made, until = (_moment(claims, name) for name in ("nbf", "iat", "exp"))
    faults = {
        "The token is of another issuer.": claims.get("iss") != expected.issuer,
        "The token is for another client.": expected.client_id not in audiences or authorised != expected.client_id,
        "The token has ended, or names no end.": until is None or until <= now - SKEW_SECONDS,
        "The token is old, or tells no time.": made is None or made < now - TOKEN_SECONDS,
        "The token begins at no time.": "nbf" in claims and since is None,
        "The token is of another sign-in.": expected.nonce is not None and claims.get("nonce") != expected.nonce,
        "The token names nobody.": not isinstance(claims.get("sub"), int | str) or str(claims["sub"]) == "",
    }
    for reason, is_wrong in faults.items():
        if is_wrong:
            raise jws.Untrusted(reason)
    if max(made or 0, since or 0) > now + SKEW_SECONDS:
        raise jws.NotYet("The token is of a moment that has not come.")


def refuse_foreign_code(claims: Mapping[str, Any], state: str) -> None:
    """Refuse a code that ЕСИА gave for another sign-in; `claims` are the proved ones of the code."""
    if claims.get("urn:esia:client:state") != state:
        raise ForeignProviderAnswer


def refuse_unconfirmed(claims: Mapping[str, Any]) -> None:
    """Refuse an account of ЕСИА whose owner has not been identified in person, or a token of something else."""
    subject = claims.get("urn:esia:sbj")
    said = subject if isinstance(subject, dict) else {}
    if str(said.get("urn:esia:sbj:oid", "")) != str(claims["sub"]):
        raise jws.Untrusted("The token names two people.")
    if said.get("urn:esia:sbj:lvl") != CONFIRMED or said.get("urn:esia:sbj:typ", "P") != "P":
        raise ProviderAccountUnconfirmed


def refuse_unconfirmed_at_gateway(claims: Mapping[str, Any], name: str, value: str) -> None:
    """Refuse an account of which the gateway does not say, by the claim agreed with it, that its owner was identified."""
    said = claims.get(name)
    if (str(said).lower() if isinstance(said, bool) else said) != value:
        raise ProviderAccountUnconfirmed


def factor_at(claims: Mapping[str, Any]) -> int | None:
    """Return when the person proved himself to the provider: a session open there for hours is no fresh proof here."""
    said = claims.get("auth_time")
    return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else None


def is_strong(*tokens: Mapping[str, Any]) -> bool:
    """Tell whether two factors, or a signature, were used at the provider; `tokens` were all proved."""
    return any(_is_strong(one) for one in tokens)


def esia_person(person: Mapping[str, Any], contacts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what ЕСИА knows of a person as parts of a proof; contacts only if verified there."""
    verified = {one.get("type"): one.get("value") for one in contacts if one.get("vrfStu") == "VERIFIED"}
    return _person(
        person.get("snils"),
        (person.get("lastName"), person.get("firstName"), person.get("middleName")),
        _day(person.get("birthDate"), "%d.%m.%Y"),
        verified.get("MBT"),
        verified.get("EML"),
    )


def oidc_person(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an OpenID provider claims of a person as parts of a proof; contacts only if verified there."""
    return _person(
        claims.get("snils"),
        (claims.get("family_name"), claims.get("given_name"), claims.get("middle_name")),
        _day(claims.get("birthdate"), "%Y-%m-%d"),
        claims.get("phone_number") if claims.get("phone_number_verified") is True else None,
        claims.get("email") if claims.get("email_verified") is True else None,
    )


def _person(
    snils: object, names: tuple[Any, Any, Any], born: date | None, phone: object, email: object
) -> dict[str, Any]:
    number = _canonical(identifiers.snils, snils)
    last, first, middle = (one.strip() if isinstance(one, str) else "" for one in names)
    if number is None or not last or not first:
        raise ProviderDataMissing
    return {
        "snils": number,
        "last_name": last,
        "first_name": first,
        "middle_name": middle or None,
        "birth_date": born,
        "phone": _canonical(identifiers.phone, phone),
        "email": _canonical(identifiers.email, email),
    }


def _canonical(form: Any, value: object) -> str | None:
    try:
        return str(form(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _day(text: object, form: str) -> date | None:
    try:
        return datetime.strptime(str(text), form).date()  # noqa: DTZ007 - a date of birth has no zone
    except ValueError:
        return None


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_strong(claims: Mapping[str, Any]) -> bool:
    methods, level = claims.get("amr"), claims.get("acr")
    listed = methods if isinstance(methods, list) else [methods]
    named = {one for one in listed if isinstance(one, str)}
    second = level.get("2fa") if isinstance(level, dict) else None
    two_ways = "pwd" in named and bool(named & {"otp", "sms", "hwk", "swk"})
    return bool(named & {"DS", "mfa"}) or two_ways or (isinstance(second, str) and second not in {"", "none"})
