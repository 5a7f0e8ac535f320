"""The OpenID gateway: an independent provider signs people in, and everything forged is refused."""

import base64
import hashlib
import json
import os
import urllib.parse
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import esia_door
import make
import pytest
from conftest import World
from joserfc import jwk
from oidc_gateway import CLIENT_ID, PERSON, Gateway

from chalicelib.kit import clock, ticket
from chalicelib.kit.records.tables import Breaker, Once

pytestmark = pytest.mark.filterwarnings("ignore")  # the independent provider uses what its libraries call old
SETTINGS = {"CLIENT_ID": CLIENT_ID, "CONFIRMED_CLAIM": "trusted", "CONFIRMED_VALUE": "true"}
RETURN = "http://localhost:8080/esia/return.html"


@pytest.fixture
def gateway(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Give a gateway of our own making, connected."""
    made = Gateway()
    connect(monkeypatch, made.issuer)
    yield made
    made.stop()


def connect(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    """Set an issuer up as the cabinet's gateway, in the place of ЕСИА."""
    monkeypatch.delenv("CABINET_ESIA_URL")
    for name, value in SETTINGS.items() | {("URL", issuer)}:
        monkeypatch.setenv(f"CABINET_OIDC_{name}", value)


@contextmanager
def esia_connected(world: World) -> Iterator[None]:
    """Connect ЕСИА for a while, which takes the gateway's place."""
    with patch.dict(os.environ, {"CABINET_ESIA_URL": world.esia.url}):
        yield


def test_a_gateway_stands_in_the_place_of_esia_only(world: World, gateway: Gateway) -> None:
    """Where ЕСИА is connected no gateway is asked, nor listened to: nobody is known by two providers."""
    started, asked = begin(world)
    body = {"flow": started["flow"], "state": asked["state"], "code": "some-code"}
    with esia_connected(world):
        assert world.client.call("start_esia_sign_in", {"provider": "oidc"}).code == "provider-not-connected"
        assert world.client.call("prove_esia_identity", body).code == "provider-not-connected"
    assert gateway.forms == []


def begin(world: World) -> tuple[dict[str, Any], dict[str, str]]:
    """Start a sign-in; returns the answer and the parameters of its address."""
    answer = world.client.call("start_esia_sign_in", {"provider": "oidc"})
    assert answer.status == 201, answer.raw
    query = urllib.parse.urlsplit(answer.json["address"]).query
    return answer.json, dict(urllib.parse.parse_qsl(query))


def come_back(world: World, gateway: Gateway, code: str = "some-code") -> make.Answer:
    """Start, let the gateway know the nonce, and come back with a code."""
    started, asked = begin(world)
    gateway.nonce = asked["nonce"]
    body = {"flow": started["flow"], "state": asked["state"], "code": code}
    return world.client.call("prove_esia_identity", body)


def proof_of(answer: make.Answer) -> dict[str, Any]:
    """Open the proof in an answer."""
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = (ticket.unseal("sign_in/proved", answer.json["ticket"]) or {})["proof"]
    return found


def test_an_independent_provider_signs_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through discovery, page, code, tokens and keys of somebody else's making to a session; a second use fails."""
    with warnings.catch_warnings(record=True):  # its libraries warn of each other
        import oidc_provider_mock
    user = oidc_provider_mock.User(sub="7f3c", claims={**PERSON, "amr": ["pwd", "otp"]})
    person = make.person(snils="99507968293", signed_in=False)
    with oidc_provider_mock.run_server_in_thread(user_claims=[user]) as server:
        issuer = f"http://localhost:{server.server_port}"
        connect(monkeypatch, issuer)
        started, asked = begin(world)
        assert started["address"].startswith(f"{issuer}/oauth2/authorize?")
        assert (started["logout_address"] or "").startswith(f"{issuer}/oauth2/end_session?client_id=")
        status, _, location = esia_door.open_page(started["address"], {"sub": "7f3c"})
        back = esia_door.returned(location)
        assert (status, back["state"], location.startswith(RETURN)) == (302, asked["state"], True)
        body = {"flow": started["flow"], "state": back["state"], "code": back["code"]}
        came = world.client.call("prove_esia_identity", body)
        proof = proof_of(came)
        again = world.client.call("prove_esia_identity", body)
        _, _, location = esia_door.open_page(begin(world)[0]["address"], {"action": "deny"})
    person.token = world.client.call("finish_sign_in", {"ticket": came.json["ticket"]}).json["token"]
    session = world.client.call("read_session", by=person)
    assert (session.status, session.json["door"], session.json["identity"]) == (200, "oidc", "confirmed")
    assert again.code in {"provider-code-spent", "provider-flow-ended"}
    assert esia_door.returned(location)["error"] == "access_denied"
    assert (proof["door"], proof["snils"], proof["strong"]) == ("oidc", "99507968293", True)
    assert (proof["last_name"], proof["birth_date"]) == ("Лукошкина", "1984-03-14")
    assert (proof["phone"], proof["email"]) == ("+79165550001", "vera@example.ru")


def test_a_stolen_code_opens_nothing_in_a_sign_in_of_the_thief(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The independent provider looks at no verifier: the nonce of the victim's sign-in in its token is what holds."""
    with warnings.catch_warnings(record=True):  # its libraries warn of each other
        import oidc_provider_mock
    user = oidc_provider_mock.User(sub="7f3c", claims=dict(PERSON))
    with oidc_provider_mock.run_server_in_thread(user_claims=[user]) as server:
        connect(monkeypatch, f"http://localhost:{server.server_port}")
        victim, thief = begin(world)[0], begin(world)[0]
        _, _, location = esia_door.open_page(victim["address"], {"sub": "7f3c"})
        stolen = esia_door.returned(location)["code"]
        refused = world.client.call("prove_esia_identity", esia_door.answered(thief, stolen))
    assert (refused.status, refused.code) == (502, "provider-answer-untrusted")
    assert not list(Once.scan())


def test_a_stolen_code_needs_the_verifier_of_its_own_sign_in(world: World, gateway: Gateway) -> None:
    """A gateway that keeps to PKCE gives the thief no token, and the victim his."""
    (victim, asked), (thief, _) = begin(world), begin(world)
    gateway.nonce, gateway.challenge = asked["nonce"], asked["code_challenge"]
    refused = world.client.call("prove_esia_identity", esia_door.answered(thief, "stolen-code"))
    assert (refused.status, refused.code) == (409, "provider-code-spent")
    assert world.client.call("prove_esia_identity", esia_door.answered(victim, "stolen-code")).status == 200


def test_a_gateway_that_leads_to_esia_gets_no_code(world: World, gateway: Gateway) -> None:
    """Mix-up: ЕСИА takes no address with the gateway's state in it, and a code with another state is sent nowhere."""
    started, asked = begin(world)
    with esia_connected(world):
        lure = esia_door.start(world)["address"]
    forged = lure.replace(esia_door.returned(lure)["state"], asked["state"])
    assert "ESIA-007053" in esia_door.enter(world, forged)["error_description"]
    back = esia_door.enter(world, lure)
    body = {"flow": started["flow"], "state": back["state"], "code": back["code"]}
    assert world.client.call("prove_esia_identity", body).code == "foreign-provider-answer"
    assert gateway.forms == []


def test_the_address_and_the_exchange_hold_what_binds_them(world: World, gateway: Gateway) -> None:
    """PKCE by S256, a nonce, the state; the verifier only goes to the gateway itself, with the cabinet's key."""
    started, asked = begin(world)
    gateway.nonce = asked["nonce"]
    assert (asked["code_challenge_method"], asked["response_type"], asked["redirect_uri"]) == ("S256", "code", RETURN)
    assert started["logout_address"] is None
    body = {"flow": started["flow"], "state": asked["state"], "code": "some-code"}
    assert world.client.call("prove_esia_identity", body).status == 200
    (form,) = gateway.forms
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert base64.b64decode(form["key"].removeprefix("Basic ")).decode() == f"{CLIENT_ID}:sandbox"
    assert (form["code"], form["redirect_uri"]) == ("some-code", RETURN)


WRONG: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://other.example"},
    "no issuer": {"iss": None},
    "audience": {"aud": "other"},
    "audiences without azp": {"aud": [CLIENT_ID, "other"]},
    "audiences with another azp": {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "azp": {"azp": "other"},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "no end": {"exp": None},
    "end as text": {"exp": "9999999999"},
    "no time": {"iat": None},
    "true as time": {"iat": True},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG.keys())
def test_a_token_that_is_not_for_us_is_refused(world: World, gateway: Gateway, claims: dict[str, Any]) -> None:
    """Well signed, but from another, for another, or of another sign-in."""
    gateway.claims = claims
    answer = come_back(world, gateway)
    assert (answer.status, answer.code) == (502, "provider-answer-untrusted")
    assert not list(Once.scan())


@pytest.mark.parametrize(
    ("name", "seconds", "good"),
    [
        *(("exp", -61, False), ("exp", -30, True), ("iat", 90, False), ("iat", 30, True), ("iat", -1000, False)),
        *(("nbf", 90, False), ("nbf", 30, True), ("nbf", -5000, True)),
    ],
)
def test_clocks_may_differ_by_a_minute(world: World, gateway: Gateway, name: str, seconds: int, *, good: bool) -> None:
    """A minute either way is forgiven, more is not; an old token is no new sign-in."""
    gateway.claims = {name: clock.epoch() + seconds}
    assert (come_back(world, gateway).status == 200) == good


def test_several_audiences_are_good_when_we_are_the_party(world: World, gateway: Gateway) -> None:
    """With azp naming the cabinet."""
    gateway.claims = {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}
    assert come_back(world, gateway).status == 200


def test_no_signature_or_a_shared_secret_is_refused(world: World, gateway: Gateway) -> None:
    """`none`; HS256 keyed with the published key; an algorithm off the list."""
    public = gateway.key.as_pem(private=False)
    for header, signing in (
        ({"alg": "none"}, b""),
        ({"alg": "HS256", "kid": "now"}, public),
        ({"alg": "HS256", "kid": "now"}, public.strip()),
        ({"alg": "RS512", "kid": "now"}, gateway.key),
    ):
        gateway.header, gateway.signing = header, signing
        assert come_back(world, gateway).code == "provider-answer-untrusted"


def test_an_unknown_key_is_refused_and_a_new_one_is_fetched(world: World, gateway: Gateway) -> None:
    """A `kid` that is not published is asked for once more; then its token is good, or refused."""
    assert come_back(world, gateway).status == 200
    fresh = jwk.RSAKey.generate_key(2048, {"kid": "next"})
    gateway.header, gateway.signing = {"alg": "RS256", "kid": "next"}, fresh
    gateway.asked.clear()
    assert come_back(world, gateway).code == "provider-signature-unknown"
    assert gateway.asked.count("/jwks") == 1
    gateway.published.append(fresh.as_dict(private=False))
    assert come_back(world, gateway).status == 200
    gateway.header["kid"] = "now"  # names the old key, signed by the new one
    assert come_back(world, gateway).code == "provider-signature-unknown"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://other.example"},
        {"authorization_endpoint": "ftp://127.0.0.1/authorize"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_foreign_discovery_document_is_refused(world: World, gateway: Gateway, discovery: dict[str, Any]) -> None:
    """Another issuer, or addresses that cannot be meant: nobody is sent there."""
    gateway.discovery = discovery
    answer = world.client.call("start_esia_sign_in", {"provider": "oidc"})
    assert (answer.status, answer.code) == (502, "provider-answer-untrusted")


def test_what_the_token_does_not_say_is_asked_of_the_same_person(world: World, gateway: Gateway) -> None:
    """The СНИЛС may come from userinfo, if its subject is the token's."""
    gateway.claims = {"snils": None}
    gateway.userinfo = {"sub": "user-1", "snils": "977-329-138 65"}
    assert proof_of(come_back(world, gateway))["snils"] == "97732913865"
    gateway.userinfo = {"sub": "user-2", "snils": "977-329-138 65"}
    assert come_back(world, gateway).code == "provider-answer-untrusted"
    gateway.userinfo = {"sub": "user-1"}
    assert come_back(world, gateway).code == "provider-data-missing"


@pytest.mark.parametrize("said", [None, False, "false", "True", 1, "", ["true"]])
def test_an_account_that_the_gateway_does_not_call_confirmed_is_refused(
    world: World, gateway: Gateway, said: object
) -> None:
    """Only the agreed value of the agreed claim lets in; a claim that is not there says nothing."""
    gateway.claims, gateway.userinfo = {"trusted": said}, {"sub": "user-1"}
    answer = come_back(world, gateway)
    assert (answer.status, answer.code) == (403, "provider-account-unconfirmed")
    assert not list(Once.scan())


def test_the_confirmation_may_be_a_text_and_come_with_the_person(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim's name and value are settings, and userinfo may bring it."""
    monkeypatch.setenv("CABINET_OIDC_CONFIRMED_CLAIM", "level")
    monkeypatch.setenv("CABINET_OIDC_CONFIRMED_VALUE", "PR")
    gateway.userinfo = {"sub": "user-1", "level": "PR"}
    assert come_back(world, gateway).status == 200
    gateway.userinfo = {"sub": "user-1", "level": "P"}
    assert come_back(world, gateway).code == "provider-account-unconfirmed"


@pytest.mark.parametrize("name", ["CONFIRMED_CLAIM", "CONFIRMED_VALUE"])
def test_without_an_agreed_claim_the_gateway_is_not_connected(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nobody is sent away to come back as anybody."""
    monkeypatch.setenv(f"CABINET_OIDC_{name}", "")
    assert gateway.issuer
    assert world.client.call("start_esia_sign_in", {"provider": "oidc"}).code == "provider-not-connected"


def test_unverified_contacts_and_single_factors_count_for_nothing(world: World, gateway: Gateway) -> None:
    """Only what the gateway has verified is taken; one factor is not two."""
    gateway.claims = {"phone_number_verified": False, "email_verified": None, "amr": ["otp"], "acr": "level2"}
    proof = proof_of(come_back(world, gateway))
    assert (proof["phone"], proof["email"], proof["strong"]) == (None, None, False)
    gateway.claims = {"email_verified": "true", "amr": "mfa"}
    proof = proof_of(come_back(world, gateway))
    assert (proof["email"], proof["strong"]) == (None, True)


def test_a_spent_code_and_a_silent_gateway_are_told_apart(world: World, gateway: Gateway) -> None:
    """invalid_grant says that the code is spent; no answer says to come again."""
    gateway.status = 400
    assert come_back(world, gateway).code == "provider-code-spent"
    gateway.status = 500
    assert come_back(world, gateway).code == "provider-unavailable"


def test_a_gateway_that_cannot_be_reached_is_told_at_the_start(world: World, gateway: Gateway) -> None:
    """Without its discovery document nobody is sent away; five failures, and it is left alone for half a minute."""
    gateway.stop()
    for _ in range(5):
        answer = world.client.call("start_esia_sign_in", {"provider": "oidc"})
        assert (answer.status, answer.code) == (503, "provider-unavailable")
    assert Breaker.get("oidc").open_until > clock.epoch()
    with esia_connected(world):
        assert world.client.call("start_esia_sign_in", {"provider": "esia"}).status == 201


def test_the_gateway_s_pass_does_not_open_esia(world: World, gateway: Gateway) -> None:
    """The provider stands in the pass: a code of ЕСИА goes to the gateway that was asked, and to nobody else."""
    started, asked = begin(world)
    with esia_connected(world):
        stolen = esia_door.proof(world)
    gateway.status = 400
    body = {"flow": started["flow"], "state": asked["state"], "code": stolen["code"]}
    assert world.client.call("prove_esia_identity", body).code == "provider-code-spent"
    assert gateway.forms[-1]["code"] == stolen["code"]
    with esia_connected(world):
        assert world.client.call("prove_esia_identity", stolen).status == 200


def test_what_is_published_is_asked_for_once_in_five_minutes(world: World, gateway: Gateway) -> None:
    """Discovery and keys are kept for a while, then read again."""
    for _ in range(2):
        assert come_back(world, gateway).status == 200
    assert [gateway.asked.count(one) for one in ("/.well-known/openid-configuration", "/jwks")] == [1, 1]
    clock.advance(301)
    assert come_back(world, gateway).status == 200
    assert [gateway.asked.count(one) for one in ("/.well-known/openid-configuration", "/jwks")] == [2, 2]


def test_nothing_of_a_person_or_secret_is_logged(
    world: World, gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, СНИЛС, codes and keys stay out of the log."""
    assert come_back(world, gateway, "a-very-secret-code").status == 200
    logged = capsys.readouterr().out
    assert "answered" in logged
    for value in ("a-very-secret-code", "99507968293", "995-079", "Лукошкина", "sandbox", json.dumps("opaque")):
        assert value not in logged
