"""Identity providers: ЕСИА and an OpenID gateway behind one port (docs/engineering/esia-contract.md)."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec

from chalicelib.kit import certificates, clock, jws, log, secret, settings
from chalicelib.kit.openid import Published
from chalicelib.kit.outside import Answer, System, Unavailable
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.signer import PureSigner, Signer
from chalicelib.sign_in import rules
from chalicelib.sign_in.refusals import (
    ProviderAnswerUntrusted,
    ProviderClocksDiffer,
    ProviderNotConnected,
    ProviderSignatureUnknown,
    ProviderUnavailable,
)
from chalicelib.sign_in.schemas import Proof

ProviderName = Literal["esia", "oidc"]
ESIA_SCOPE: Final = "openid fullname birthdate gender snils email mobile"
OIDC_SCOPE: Final = "openid profile email phone"
ESIA_ISSUER: Final = "http://esia.gosuslugi.ru/"
FLOW_SECONDS: Final = 900
MOST_CONTACTS: Final = 5
_GOOD: Final = 200


class Started(msgspec.Struct):
    """What the starter keeps of a sign-in; of all this only `state` and `nonce` travel through the browser's address."""

    provider: ProviderName
    state: str
    nonce: str
    verifier: str


class IdentityProvider(Protocol):
    """Who tells the cabinet who a person is."""

    system: System

    def authorization_address(self, started: Started) -> str:
        """Return the address at which the person proves himself."""

    def logout_address(self) -> str | None:
        """Return the address at which the person leaves the provider too."""

    def identity(self, started: Started, code: str) -> Proof:
        """Exchange the code that came back for a proof; refuses what is not proved."""


class Esia:
    """ЕСИА as it is since 2025: `/v2/ac`, `/v3/te`, raw GOST signatures."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._url = _wanted("esia", "url").rstrip("/")
        self._client_id = _wanted("esia", "client_id")
        self._certificate = _wanted("esia", "certificate")
        self._provider = _wanted("esia", "provider_certificates").split()
        self._signer: Signer = PureSigner("esia_signing", self._url, self._certificate)

    def authorization_address(self, started: Started) -> str:
        """Return the address of ЕСИА's page, signed."""
        asked = self._signed(started.state) | {"response_type": "code", "access_type": "online", **_challenge(started)}
        return f"{self._url}/aas/oauth2/v2/ac?{urlencode(asked)}"

    def logout_address(self) -> str | None:
        """Return ЕСИА's own address of leaving; it calls the way back `redirect_url`."""
        back = {"client_id": self._client_id, "redirect_url": f"{settings.public_url()}/"}
        return f"{self._url}/idp/ext/Logout?{urlencode(back)}"

    def identity(self, started: Started, code: str) -> Proof:
        """Exchange a code that ЕСИА gave for this sign-in, prove the tokens, ask for the person and the contacts."""
        keys = [certificates.key(one) for one in self._provider]
        about_code = jws.claims_of(code, keys)
        rules.refuse_foreign_code(about_code, started.state)
        state, bound = str(uuid4()), {"code_verifier": started.verifier}
        asked = self._signed(state, code=code) | {"grant_type": "authorization_code", "token_type": "Bearer", **bound}
        tokens = _tokens(self.system, self.system.form(f"{self._url}/aas/oauth2/v3/te", asked))
        if tokens.get("state") != state:
            raise jws.Untrusted("The tokens came with another state.")
        claims = self._proved(str(tokens.get("id_token")), keys)
        person, contacts = self._person(str(claims["sub"]), str(tokens.get("access_token")))
        return Proof(
            door="esia",
            strong=rules.is_strong(claims, about_code),
            factor_at=rules.factor_at(claims),
            **rules.esia_person(person, contacts),
        )

    def _signed(self, state: str, **code: str) -> dict[str, str]:
        asked = {
            "client_id": self._client_id,
            "scope": ESIA_SCOPE,
            "timestamp": rules.timestamp(clock.now()),
            "state": state,
            "redirect_uri": _return_address("esia"),
            **code,
        }
        signature = base64.urlsafe_b64encode(self._signer.sign(rules.secret_text(asked))).decode().rstrip("=")
        fingerprint = certificates.fingerprint(self._certificate)
        return asked | {"client_secret": signature, "client_certificate_hash": fingerprint}

    def _proved(self, token: str, keys: list[Any]) -> dict[str, Any]:
        issuer = settings.outside_setting("esia", "issuer") or ESIA_ISSUER
        claims = jws.claims_of(token, keys)
        rules.refuse_wrong_claims(claims, rules.Expected(issuer=issuer, client_id=self._client_id), clock.epoch())
        rules.refuse_unconfirmed(claims)
        return claims

    def _person(self, oid: str, token: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        base, bearer = f"{self._url}/rs/prns/{quote(oid, safe='')}", {"Authorization": f"Bearer {token}"}
        person = _good(self.system.get(base, **bearer))
        listed = _good(self.system.get(f"{base}/ctts?embed=(elements)", **bearer)).get("elements")
        found = []
        for one in listed[:MOST_CONTACTS] if isinstance(listed, list) else ():
            # Where it is a link, the token goes nowhere but to this person's own data.
            if isinstance(one, str) and one.startswith(f"{base}/ctts/"):
                found.append(_good(self.system.get(one, **bearer)))
            elif isinstance(one, dict):
                found.append(one)
        return person, found


class Oidc:
    """A gateway that speaks OpenID Connect: discovery, PKCE, nonce, published keys, a claim that says who is confirmed."""

    def __init__(self, system: System) -> None:
        self.system = system
        if settings.outside_setting("esia", "url"):  # a deployment has one provider: a gateway stands in ЕСИА's place
            raise ProviderNotConnected
        self._issuer = _wanted("oidc", "url")
        self._client_id = _wanted("oidc", "client_id")
        self._confirmed = (_wanted("oidc", "confirmed_claim"), _wanted("oidc", "confirmed_value"))
        self._published = Published(system, self._issuer)

    def authorization_address(self, started: Started) -> str:
        """Return the address of the gateway's page."""
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": _return_address("oidc"),
            "scope": settings.outside_setting("oidc", "scope") or OIDC_SCOPE,
            "state": started.state,
            "nonce": started.nonce,
            **_challenge(started),
        }
        return f"{self._published.needed('authorization_endpoint')}?{urlencode(asked)}"

    def logout_address(self) -> str | None:
        """Return the gateway's address of leaving, if it has one."""
        address = self._published.endpoint("end_session_endpoint")
        back = {"client_id": self._client_id, "post_logout_redirect_uri": f"{settings.public_url()}/"}
        return None if address is None else f"{address}?{urlencode(back)}"

    def identity(self, started: Started, code: str) -> Proof:
        """Exchange the code with the verifier, prove the token, read the claims."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _return_address("oidc"),
            "code_verifier": started.verifier,
        }
        pair = ":".join(quote(one, safe="") for one in (self._client_id, secret.outside_key("oidc")))
        key = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = self.system.form(self._published.needed("token_endpoint"), asked, Authorization=key)
        tokens = _tokens(self.system, answer)
        claims = self._published.proved(str(tokens.get("id_token")))
        expected = rules.Expected(issuer=self._issuer, client_id=self._client_id, nonce=started.nonce)
        rules.refuse_wrong_claims(claims, expected, clock.epoch())
        claims = self._completed(claims, str(tokens.get("access_token")))
        rules.refuse_unconfirmed_at_gateway(claims, *self._confirmed)
        return Proof(
            door="oidc",
            strong=rules.is_strong(claims),
            factor_at=rules.factor_at(claims),
            **rules.oidc_person(claims),
        )

    def _completed(self, claims: dict[str, Any], token: str) -> dict[str, Any]:
        """Add what the gateway tells of the same person only when asked."""
        address = self._published.endpoint("userinfo_endpoint")
        if {"snils", self._confirmed[0]} <= claims.keys() or address is None:
            return claims
        said = _good(self.system.get(address, Authorization=f"Bearer {token}"))
        if said.get("sub") != claims["sub"]:
            raise jws.Untrusted("What is said of the person is of somebody else.")
        return said | claims


_UNTRUSTED: Final[dict[type[jws.Untrusted], type[Refusal]]] = {
    jws.UnknownKey: ProviderSignatureUnknown,
    jws.NotYet: ProviderClocksDiffer,
}
_PROVIDERS: Final[dict[ProviderName, type[Esia] | type[Oidc]]] = {"esia": Esia, "oidc": Oidc}


@contextmanager
def asking(name: ProviderName, breaker: Breaker | None, trace_id: str) -> Iterator[IdentityProvider]:
    """Give a provider to be asked in this request; what it does not say, or does not prove, is refused."""
    system = System(name, breaker, trace_id)
    if system.rest():
        raise ProviderUnavailable(retry_after=system.rest())
    try:
        yield _PROVIDERS[name](system)
    except Unavailable:
        raise ProviderUnavailable from None
    except jws.Untrusted as untrusted:
        log.event("provider-untrusted", trace_id, system=name, reason=str(untrusted))
        raise _UNTRUSTED.get(type(untrusted), ProviderAnswerUntrusted) from None


def declined(name: str, trace_id: str, *said: str) -> Refusal:
    """Return what a provider's error means to the person; its code is logged, for some only the operator can mend."""
    code = rules.provider_code(*said)
    log.event("provider-refused", trace_id, system=name, code=code)
    return rules.refusal_of(code)()


def _challenge(started: Started) -> dict[str, str]:
    """Return what binds a code to its starter (PKCE, RFC 7636): only who holds the verifier can exchange it."""
    digest = hashlib.sha256(started.verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return {"code_challenge": challenge, "code_challenge_method": "S256"}


def _tokens(system: System, answer: Answer) -> dict[str, Any]:
    status, said = answer
    if status != _GOOD:
        told = (str(said.get(name, "")) for name in ("error_description", "error"))
        raise declined(system.name, system.trace_id, *told)
    return said


def _good(answer: Answer) -> dict[str, Any]:
    if answer[0] != _GOOD:
        raise jws.Untrusted("The data of the person were refused.")
    return answer[1]


def _wanted(system: ProviderName, name: str) -> str:
    value = settings.outside_setting(system, name)
    if not value:
        raise ProviderNotConnected
    return value


def _return_address(system: ProviderName) -> str:
    """Return the static page to which a provider sends the person back."""
    return settings.outside_setting(system, "return_address") or f"{settings.public_url()}/esia/return.html"
