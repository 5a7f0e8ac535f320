"""Public keys of certificates: which kinds are good enough, and whether a signature is theirs. Imported when needed."""

import hashlib
from collections.abc import Callable
from typing import Any, Final, Literal

from asn1crypto import algos, core

from chalicelib.kit import gost
from chalicelib.kit.x509 import Key, Method, UnreadableError, reading

Kind = Literal["rsa", "ecdsa", "gost"]
_SHA2: Final = {
    f"2.16.840.1.101.3.4.2.{number}": name for number, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))
}
_STREEBOG: Final = {"1.2.643.7.1.1.2.2": 256, "1.2.643.7.1.1.2.3": 512}
_RSA, _PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"
_RSA_WITH: Final = {
    f"1.2.840.113549.1.1.{number}": name for number, name in ((11, "sha256"), (12, "sha384"), (13, "sha512"))
}
_ECDSA_WITH: Final = {
    f"1.2.840.10045.4.3.{number}": name for number, name in ((2, "sha256"), (3, "sha384"), (4, "sha512"))
}
_GOST_KEYS: Final = {"1.2.643.7.1.1.1.1": 256, "1.2.643.7.1.1.1.2": 512}
_GOST_WITH: Final = {"1.2.643.7.1.1.3.2": 256, "1.2.643.7.1.1.3.3": 512, **_GOST_KEYS}  # openssl writes the key's own
_CURVES: Final = {"secp256r1", "secp384r1", "secp521r1"}
_SHORTEST, _LONGEST = 2048, 8192


class WeakError(ValueError):
    """The algorithm, the hash or the key is not good enough, or is unknown."""


class _GostParameters(core.Sequence):
    _fields = [  # noqa: RUF012 - as asn1crypto asks
        ("curve", core.ObjectIdentifier),
        ("digest", core.ObjectIdentifier, {"optional": True}),
        ("cipher", core.ObjectIdentifier, {"optional": True}),
    ]


def digest(oid: str, data: bytes) -> bytes:
    """Hash data by the algorithm that an OID names; WeakError for all but SHA-2 and GOST R 34.11-2012."""
    if oid in _STREEBOG:
        return gost.digest(_STREEBOG[oid], data)
    if oid not in _SHA2:
        raise WeakError(oid)
    return hashlib.new(_SHA2[oid], data).digest()


def kind_of(key: Key) -> Kind:
    """Name a key's kind; WeakError for a key that is too short, on another curve or of another kind."""
    if key.oid in _GOST_KEYS:
        _gost_curve(key)
        return "gost"
    return "rsa" if _is_rsa(_loaded(key)) else "ecdsa"


def verifies(key: Key, method: Method, data: bytes, signature: bytes, digest_oid: str = "") -> bool:
    """Tell whether a signature of data was made by the owner of a key.

    `digest_oid` is the hash that a CMS signer names beside the method; both have to agree.
    """
    named = _SHA2.get(digest_oid, "")
    if key.oid in _GOST_KEYS:
        curve = _gost_curve(key)
        if _GOST_WITH.get(method.oid) != curve.bits or _STREEBOG.get(digest_oid, curve.bits) != curve.bits or named:
            raise WeakError(method.oid)
        return gost.verifies(curve, _octets(key.bits), data, signature)
    if digest_oid and not named:
        raise WeakError(digest_oid)
    return _verifies(_loaded(key), method, data, signature, named)


def _verifies(key: Any, method: Method, data: bytes, signature: bytes, named: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - GOST signatures do without
    from cryptography.hazmat.primitives.asymmetric import ec, padding  # noqa: PLC0415 - see above

    pad: Any = padding.PKCS1v15()
    if method.oid == _PSS:
        name, salt = _pss(method.parameters)
        pad = padding.PSS(mgf=padding.MGF1(_hash(name)), salt_length=salt)
    elif _is_rsa(key):
        name = named if method.oid == _RSA else _RSA_WITH.get(method.oid, "")
    else:
        name = _ECDSA_WITH.get(method.oid, "")
    if not name or (named and named != name) or (method.oid == _PSS and not _is_rsa(key)):
        raise WeakError(method.oid)
    check: Callable[..., None] = key.verify
    try:
        check(signature, data, *((pad, _hash(name)) if _is_rsa(key) else (ec.ECDSA(_hash(name)),)))
    except (InvalidSignature, ValueError):
        return False
    return True


def _pss(parameters: bytes) -> tuple[str, int]:
    with reading():
        read = algos.RSASSAPSSParams.load(parameters, strict=True)
        hashed, mask, salt = (
            read["hash_algorithm"].native,
            read["mask_gen_algorithm"].native,
            read["salt_length"].native,
        )
        name, other = hashed["algorithm"], mask["parameters"]["algorithm"]
    if name not in _SHA2.values() or other != name or mask["algorithm"] != "mgf1" or not 0 <= salt <= _SHORTEST // 8:
        raise WeakError(_PSS)
    return str(name), int(salt)


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - GOST signatures do without

    return getattr(hashes, name.upper())()


def _loaded(key: Key) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - GOST signatures do without
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - see above

    try:
        found = load_der_public_key(key.der)
    except UnsupportedAlgorithm:
        raise WeakError(key.oid) from None
    except ValueError as error:
        raise UnreadableError(str(error)) from None
    if isinstance(found, rsa.RSAPublicKey) and _SHORTEST <= found.key_size <= _LONGEST:
        return found
    if isinstance(found, ec.EllipticCurvePublicKey) and found.curve.name in _CURVES:
        return found
    raise WeakError(key.oid)


def _is_rsa(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - GOST signatures do without

    return isinstance(key, rsa.RSAPublicKey)


def _gost_curve(key: Key) -> gost.Curve:
    with reading():
        read = _GostParameters.load(key.parameters, strict=True)
        curve, hashed = gost.curve(read["curve"].dotted), read["digest"]
        bits = _GOST_KEYS[key.oid] if isinstance(hashed, core.Void) else _STREEBOG.get(hashed.dotted)
    if curve is None or not curve.bits == bits == _GOST_KEYS[key.oid]:
        raise WeakError(key.oid)
    return curve


def _octets(bits: bytes) -> bytes:
    with reading():
        return bytes(core.OctetString.load(bits, strict=True).native)
