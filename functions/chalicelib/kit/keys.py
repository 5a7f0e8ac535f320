"""Public keys of certificates: which kinds are good enough, and whether a signature is theirs. Imported when needed."""

import hashlib
from typing import Any, ClassVar, Final, Literal

from asn1crypto import algos, core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chalicelib.kit import gost
from chalicelib.kit.asn1 import Method, UnreadableError, reading
from chalicelib.kit.x509 import Key

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
    _fields: ClassVar = [
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
    return "rsa" if isinstance(_loaded(key), rsa.RSAPublicKey) else "ecdsa"


def verifies(key: Key, method: Method, data: bytes, signature: bytes, digest_oid: str = "") -> bool:
    """Tell whether a signature of data was made by the owner of a key.

    `digest_oid` is the hash that a CMS signer names beside the method; both have to agree.
    """
    if key.oid in _GOST_KEYS:
        curve = _gost_curve(key)
        if _GOST_WITH.get(method.oid) != curve.bits or (digest_oid and _STREEBOG.get(digest_oid) != curve.bits):
            raise WeakError(method.oid)
        return gost.verifies(curve, _octets(key.bits), data, signature)
    named = _SHA2.get(digest_oid, "")
    if digest_oid and not named:
        raise WeakError(digest_oid)
    loaded = _loaded(key)
    is_rsa = isinstance(loaded, rsa.RSAPublicKey)
    name, salt = _hash_and_salt(method, named) if is_rsa else (_ECDSA_WITH.get(method.oid, ""), None)
    if not name or (named and named != name):
        raise WeakError(method.oid)
    hashed = getattr(hashes, name.upper())()
    pad = padding.PKCS1v15() if salt is None else padding.PSS(padding.MGF1(hashed), salt)
    return _accepts(loaded, signature, data, *((pad, hashed) if is_rsa else (ec.ECDSA(hashed),)))


def _accepts(key: Any, *signed: Any) -> bool:
    try:
        key.verify(*signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _hash_and_salt(method: Method, named: str) -> tuple[str, int | None]:
    if method.oid == _PSS:
        return _pss(method.parameters)
    return named if method.oid == _RSA else _RSA_WITH.get(method.oid, ""), None


def _pss(parameters: bytes) -> tuple[str, int]:
    with reading():
        read = algos.RSASSAPSSParams.load(parameters, strict=True)
        name, mask = read["hash_algorithm"].native["algorithm"], read["mask_gen_algorithm"].native
        salt = read["salt_length"].native
        agree = mask["algorithm"] == "mgf1" and mask["parameters"]["algorithm"] == name
    if name not in _SHA2.values() or not agree or not 0 <= salt <= _LONGEST // 8:
        raise WeakError(_PSS)
    return str(name), int(salt)


def _loaded(key: Key) -> Any:
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
