"""Signed tokens of outside identity providers (JWS, RFC 7515): read only after their signature was proved."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from chalicelib.kit import gost_raw

GOST: Final = "GOST3410_2012_256"
# Neither `none` nor a shared secret: only who holds the provider's private key can have made a token.
ALLOWED: Final = ("RS256", "PS256", "ES256")
LONGEST: Final = 16_000
SHORTEST: Final = 342
_PARTS: Final = 3


class Untrusted(Exception):  # noqa: N818 - said of the token
    """The token is malformed, or none of the keys has signed it."""


class UnknownKey(Untrusted):
    """The token is well formed, and its key is none of those known: its maker may have changed it."""


class NotYet(Untrusted):
    """By our clock the token has not been made yet."""


def claims_of(token: str, keys: Iterable[Any]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed: GOST points or keys of joserfc."""
    header, claims = _parts(token)
    if "crit" in header:
        raise Untrusted("The token demands what is not understood here.")
    if header.get("alg") not in (*ALLOWED, GOST):
        raise Untrusted("The token is not signed in an allowed way.")
    if not any(_signed(token, header, key) for key in keys):
        raise UnknownKey("No known key has signed the token.")
    return claims


def header_of(token: str) -> dict[str, Any]:
    """Return the unproved header of a token, to choose the key by."""
    return _parts(token)[0]


def key_of(certificate: bytes) -> Any:
    """Return the key of a certificate (DER) in the form that `claims_of` takes."""
    found = gost_raw.key_of(certificate)
    if isinstance(found, gost_raw.PublicKey):
        return found
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - only who checks tokens pays for it
        Encoding,
        PublicFormat,
        load_der_public_key,
    )
    from joserfc import jwk  # noqa: PLC0415 - see above

    key = load_der_public_key(found)
    return jwk.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), _kind(key))


def keys_named(tree: Mapping[str, Any], key_id: object) -> list[Any]:
    """Return the keys of a published set (JWKS) that may have signed a token which names `key_id`."""
    from joserfc import errors, jwk  # noqa: PLC0415 - see key_of

    found = []
    listed = tree.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("use", "sig") == "sig" and _is_strong(one):
            try:
                found.append((one.get("kid"), jwk.import_key(one)))
            except (errors.JoseError, ValueError):
                continue
    return [key for name, key in found if (name == key_id if key_id is not None else len(found) == 1)]


def _is_strong(key: Mapping[str, Any]) -> bool:
    """Tell whether a published key is on a curve, or has 2048 bits and more: 342 characters of base64url."""
    return key.get("kty") == "EC" or (key.get("kty") == "RSA" and len(str(key.get("n")).lstrip("A")) >= SHORTEST)


def _kind(key: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - see key_of

    return "RSA" if isinstance(key, RSAPublicKey) else "EC"


def _signed(token: str, header: dict[str, Any], key: Any) -> bool:
    if isinstance(key, gost_raw.PublicKey):
        signed, _, signature = token.rpartition(".")
        return header.get("alg") == GOST and gost_raw.verify(key, signed.encode(), _decode(signature))
    from joserfc import errors, jws  # noqa: PLC0415 - see key_of

    try:
        # ЕСИА writes members of its own into the header.
        jws.deserialize_compact(
            token, key, registry=jws.JWSRegistry(algorithms=list(ALLOWED), strict_check_header=False)
        )
    except (errors.JoseError, ValueError):
        return False
    return True


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pieces = token.split(".")
    if len(pieces) != _PARTS or len(token) > LONGEST:
        raise Untrusted("This is no signed token.")
    try:
        header, claims = json.loads(_decode(pieces[0])), json.loads(_decode(pieces[1]))
    except (ValueError, RecursionError):
        raise Untrusted("The token cannot be read.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Untrusted("The token cannot be read.")
    return header, claims


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Untrusted("The token cannot be read.") from None
