"""GOST R 34.10-2012 (256 bit) raw signatures and Streebog-256 in pure Python: technical means, not certified ones.

Signatures are s‖r, big-endian, as `openssl dgst -sign` writes them. The library wants r‖s and the digest reversed.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

SIZE: Final = 32
_TAGGED: Final = 2
_GOST_KEY: Final = bytes.fromhex("2a85030701010101")  # 1.2.643.7.1.1.1.1
# The curves of 256 bits, by the content of their OID; CryptoPro's names are older names of the same curves.
_CURVES: Final = {
    bytes.fromhex(oid): name
    for oid, name in (
        ("2a8503070102010101", "A"),
        ("2a8503070102010102", "B"),
        ("2a8503070102010103", "C"),
        ("2a8503070102010104", "D"),
        ("2a850302022301", "B"),
        ("2a850302022302", "C"),
        ("2a850302022303", "D"),
        ("2a850302022400", "B"),
        ("2a850302022401", "D"),
    )
}


class PublicKey(NamedTuple):
    """A point of one of the curves A, B, C or D: x‖y, big-endian."""

    curve: str
    point: bytes


def streebog(data: bytes) -> bytes:
    """Return Streebog-256 of data, in the order in which it is printed."""
    from gostcrypto import gosthash  # noqa: PLC0415 - its tables are large: only those who hash pay for them

    return bytes(gosthash.new("streebog256", data=bytearray(data)).digest())


def sign(curve: str, private: bytes, data: bytes) -> bytes:
    """Sign data with a private key (32 bytes, big-endian)."""
    signature = bytes(_arithmetic(curve).sign(bytearray(private), bytearray(streebog(data)[::-1])))
    return signature[SIZE:] + signature[:SIZE]


def verify(key: PublicKey, data: bytes, signature: bytes) -> bool:
    """Tell whether a signature fits; anything malformed does not."""
    if len(signature) != 2 * SIZE:
        return False
    turned = bytearray(signature[SIZE:] + signature[:SIZE])
    return bool(_arithmetic(key.curve).verify(bytearray(key.point), bytearray(streebog(data)[::-1]), turned))


def public_of(curve: str, private: bytes) -> PublicKey:
    """Return the public key of a private one."""
    return PublicKey(curve, bytes(_arithmetic(curve).public_key_generate(bytearray(private))))


def key_of(certificate: bytes) -> "PublicKey | bytes":
    """Return the public key in a certificate (DER): a GOST point, or the DER of another kind of key. ValueError if none."""
    try:
        info = _key_info(certificate)
        algorithm, text = _children(_body(info))
        kind, *parameters = _children(_body(algorithm))
        if _body(kind) != _GOST_KEY:
            return info
        curve = _CURVES[_body(next(_children(_body(parameters[0]))))]
        little = _body(_body(text)[1:])  # the bits hold an octet string with x‖y, little-endian
    except (LookupError, StopIteration, ValueError):
        raise ValueError("This is no certificate with a key that is known here.") from None
    return PublicKey(curve, little[SIZE - 1 :: -1] + little[: SIZE - 1 : -1])


def _key_info(certificate: bytes) -> bytes:
    """Find SubjectPublicKeyInfo: the seventh part of what is signed, the version (tagged, optional) counted."""
    from asn1crypto import parser  # noqa: PLC0415 - see streebog

    signed = next(_children(_body(certificate)))
    parts = list(_children(_body(signed)))
    tagged = parser.parse(parts[0])[0] == _TAGGED
    return parts[6 if tagged else 5]


def _children(content: bytes) -> Iterator[bytes]:
    from asn1crypto import parser  # noqa: PLC0415 - see streebog

    while content:
        length = parser.peek(content)
        yield content[:length]
        content = content[length:]


def _body(element: bytes) -> bytes:
    from asn1crypto import parser  # noqa: PLC0415 - see streebog

    return bytes(parser.parse(element)[4])


def _arithmetic(curve: str) -> Any:
    from gostcrypto import gostsignature  # noqa: PLC0415 - see streebog

    parameters = gostsignature.CURVES_R_1323565_1_024_2019[f"id-tc26-gost-3410-2012-256-paramSet{curve}"]
    return gostsignature.new(gostsignature.MODE_256, parameters)
