"""Certificates taken apart (RFC 5280, RFC 9215): plain facts, no judgement. Imported only where one is read.

The shapes are the kit's own because asn1crypto's fail on the keys of GOST R 34.10-2012.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from asn1crypto import core
from asn1crypto import x509 as shapes

from chalicelib.kit.asn1 import Algorithm, Method, UnreadableError, method_of, reading

KEY_USAGE, BASIC, KEY_ID = "2.5.29.15", "2.5.29.19", "2.5.29.14"
_UNDERSTOOD: Final = {KEY_USAGE, BASIC, "2.5.29.37", "2.5.29.32", "2.5.29.17"}  # … purposes, policies, other names


class _Key(core.Sequence):
    _fields: ClassVar = [("algorithm", Algorithm), ("public_key", core.OctetBitString)]


class _Extension(core.Sequence):
    _fields: ClassVar = [
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("extn_value", core.OctetString),
    ]


class _Extensions(core.SequenceOf):
    _child_spec = _Extension


class _Tbs(core.Sequence):
    _fields: ClassVar = [
        ("version", core.Integer, {"explicit": 0, "default": 0}),
        ("serial_number", core.Integer),
        ("signature", Algorithm),
        ("issuer", shapes.Name),
        ("validity", shapes.Validity),
        ("subject", shapes.Name),
        ("key", _Key),
        ("issuer_unique_id", core.OctetBitString, {"implicit": 1, "optional": True}),
        ("subject_unique_id", core.OctetBitString, {"implicit": 2, "optional": True}),
        ("extensions", _Extensions, {"explicit": 3, "optional": True}),
    ]


class _Certificate(core.Sequence):
    _fields: ClassVar = [("tbs", _Tbs), ("method", Algorithm), ("signature", core.OctetBitString)]


@dataclass(frozen=True)
class Key:
    """A public key: algorithm, parameters, the bits, and the whole as DER."""

    oid: str
    parameters: bytes
    bits: bytes
    der: bytes


@dataclass(frozen=True)
class Parts:
    """The facts of one certificate; names are DER where they are compared, dictionaries by OID where they are read."""

    signed: bytes
    method: Method
    signature: bytes
    key: Key
    serial: int
    issuer: bytes
    subject: bytes
    issuer_names: dict[str, list[str]]
    subject_names: dict[str, list[str]]
    valid_from: int
    valid_to: int
    usages: frozenset[str]
    is_authority: bool
    key_id: bytes


def take_apart(der: bytes) -> Parts:
    """Read a certificate; UnreadableError when it is none."""
    with reading():
        whole = _Certificate.load(der, strict=True)
        tbs, key = whole["tbs"], whole["tbs"]["key"]
        method, extensions = method_of(whole["method"]), _extensions(tbs["extensions"])
        kind = method_of(key["algorithm"])
        if method != method_of(tbs["signature"]):
            raise UnreadableError("The certificate names two methods of its signature.")
        return Parts(
            signed=tbs.dump(),
            method=method,
            signature=whole["signature"].native,
            key=Key(kind.oid, kind.parameters, key["public_key"].native, key.dump()),
            serial=tbs["serial_number"].native,
            issuer=tbs["issuer"].dump(),
            subject=tbs["subject"].dump(),
            issuer_names=_names(tbs["issuer"]),
            subject_names=_names(tbs["subject"]),
            valid_from=int(tbs["validity"]["not_before"].native.timestamp()),
            valid_to=int(tbs["validity"]["not_after"].native.timestamp()),
            usages=frozenset(shapes.KeyUsage.load(extensions.get(KEY_USAGE, b"\x03\x01\x00")).native),
            is_authority=bool(shapes.BasicConstraints.load(extensions.get(BASIC, b"\x30\x00"))["ca"].native),
            key_id=core.OctetString.load(extensions.get(KEY_ID, b"\x04\x00")).native,
        )


def _extensions(found: Any) -> dict[str, bytes]:
    if isinstance(found, core.Void):
        return {}
    read = {one["extn_id"].dotted: one["extn_value"].native for one in found}
    unknown = [one for one in found if one["critical"].native and one["extn_id"].dotted not in _UNDERSTOOD]
    if len(read) < len(found) or unknown:
        raise UnreadableError("An extension stands twice, or must be understood and is not.")
    return read


def _names(name: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in name.chosen:
        for pair in part:
            found.setdefault(pair["type"].dotted, []).append(str(pair["value"].native))
    return found
