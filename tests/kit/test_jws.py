"""A token counts only when a key that is known and fit for its algorithm has signed it."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwk
from joserfc import jws as library

from chalicelib.kit import jws
from infra.sandboxes.esia_keys import GostKey, RsaKey, token

RSA, GOST = RsaKey(), GostKey()
CLAIMS = {"sub": 1, "iss": "x"}


def keys() -> list[Any]:
    return [jws.key_of(RSA.certificate), jws.key_of(GOST.certificate)]


def written(header: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(one).encode() for one in (header, CLAIMS)] + [signature]
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts)


def test_both_algorithms_of_esia_are_read() -> None:
    """RS256 and GOST, whichever of the known keys has signed; the header's own members do not disturb."""
    assert [jws.claims_of(token(key, "id", CLAIMS), keys()) for key in (RSA, GOST)] == [CLAIMS, CLAIMS]


def test_an_unknown_key_is_refused() -> None:
    """A token of somebody else's key, and any token when no key is known."""
    for made in (token(RsaKey(), "id", CLAIMS), token(GostKey(), "id", CLAIMS)):
        with pytest.raises(jws.Untrusted):
            jws.claims_of(made, keys())
    with pytest.raises(jws.Untrusted):
        jws.claims_of(token(RSA, "id", CLAIMS), [])


def test_a_changed_claim_is_refused() -> None:
    """The signature covers every letter."""
    head, _, tail = token(RSA, "id", CLAIMS).split(".")
    other = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"sub": 2}).encode()).decode().rstrip("=")
    with pytest.raises(jws.Untrusted):
        jws.claims_of(f"{head}.{other}.{tail}", keys())


def test_no_signature_and_a_shared_secret_are_refused() -> None:
    """`none` in all spellings, and HS256 keyed with the public key, which everybody has."""
    public = RSA.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for alg in ("none", "None", "NONE", "", None, ["RS256"], 0):
        with pytest.raises(jws.Untrusted):
            jws.claims_of(written({"alg": alg}), keys())
    for secret in (public, RSA.certificate):
        text = written({"alg": "HS256"}).rpartition(".")[0]
        signed = hmac.digest(secret, text.encode(), hashlib.sha256)
        with pytest.raises(jws.Untrusted):
            jws.claims_of(written({"alg": "HS256"}, signed), keys())


def test_an_algorithm_that_does_not_fit_the_key_is_refused() -> None:
    """A GOST header over an RSA signature and the other way round."""
    for key, alg in ((RSA, jws.GOST), (GOST, "RS256")):
        text = written({"alg": alg}).rpartition(".")[0]
        with pytest.raises(jws.Untrusted):
            jws.claims_of(written({"alg": alg}, key.sign(text.encode())), keys())


def test_what_is_no_token_is_refused() -> None:
    """Cut, unreadable, too long, demanding: none is read, and none breaks the reader."""
    good = token(RSA, "id", CLAIMS)
    text = written({"alg": jws.GOST, "crit": ["exp"]}).rpartition(".")[0]
    demanding = written({"alg": jws.GOST, "crit": ["exp"]}, GOST.sign(text.encode()))
    deep = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    for text in (
        "",
        "a.b",
        "a.b.c",
        "....",
        good[:-40],
        good + "!",
        f"{good}.x",
        f"{deep}.{deep}.",
        demanding,
        "x" * 20000,
    ):
        with pytest.raises(jws.Untrusted):
            jws.claims_of(text, keys())


def test_published_keys_are_found_by_their_name() -> None:
    """A token's `kid` chooses; without one only a single key counts; secrets and keys for encryption never do."""
    made = [jwk.RSAKey.generate_key(2048, {"kid": name}) for name in ("one", "two")]
    public = [one.as_dict(private=False) for one in made]
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}
    sealing = public[1] | {"use": "enc", "kid": "sealing"}
    everything = {"keys": [*public, secret, sealing, {"kty": "RSA", "kid": "broken"}, 5]}
    assert len(jws.keys_named(everything, "one")) == 1
    assert [jws.keys_named(everything, name) for name in ("three", "shared", "sealing", "broken", None, ["one"])] == [
        []
    ] * 6
    assert len(jws.keys_named({"keys": public[:1]}, None)) == 1
    assert jws.keys_named({}, "one") == []
    text = library.serialize_compact({"alg": "RS256", "kid": "two"}, json.dumps(CLAIMS), made[1])
    assert jws.claims_of(text, jws.keys_named(everything, jws.header_of(text)["kid"])) == CLAIMS
    with pytest.raises(jws.Untrusted):
        jws.claims_of(text, jws.keys_named(everything, "one"))
