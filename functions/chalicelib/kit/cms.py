"""Detached signatures taken apart (CMS, RFC 5652): plain facts, no judgement. Imported only where one is read."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from asn1crypto import cms, core, tsp

from chalicelib.kit.asn1 import Method, UnreadableError, method_of, reading

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_2: Final = "1.2.840.113549.1.9.16.2.47"
DATA: Final = "1.2.840.113549.1.7.1"
SHA1: Final = "1.3.14.3.2.26"


class _Values(core.SetOf):
    _child_spec = core.Any


class _Attribute(core.Sequence):
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("values", _Values)]


class _Attributes(core.SetOf):
    _child_spec = _Attribute


@dataclass(frozen=True)
class Named:
    """The certificate that a signature names among what it signs: a hash, and the serial number where it is given."""

    digest_oid: str
    digest: bytes
    serial: int | None


@dataclass(frozen=True)
class Signed:
    """The facts of one signature; `signers` says how many there are, the rest is the first one's."""

    is_detached: bool
    signers: int
    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    key_id: bytes
    digest_oid: str
    method: Method
    signature: bytes
    attributes: bytes
    content_type: str
    message_digest: bytes
    named: tuple[Named, ...]


def take_apart(der: bytes) -> Signed:
    """Read a SignedData; UnreadableError when it is none or its signer signs no attributes."""
    with reading():
        whole = cms.ContentInfo.load(der, strict=True)
        if whole["content_type"].native != "signed_data":
            raise UnreadableError("Not a SignedData.")
        signed = whole["content"]
        signer = signed["signer_infos"][0]
        sid, held = signer["sid"], signed["certificates"]
        by_name = sid.name == "issuer_and_serial_number"
        attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
        return Signed(
            is_detached=isinstance(signed["encap_content_info"]["content"], core.Void)
            and signed["encap_content_info"]["content_type"].dotted == DATA,
            signers=len(signed["signer_infos"]),
            certificates=tuple(
                one.chosen.dump() for one in (() if isinstance(held, core.Void) else held) if one.name == "certificate"
            ),
            issuer=sid.chosen["issuer"].dump() if by_name else b"",
            serial=sid.chosen["serial_number"].native if by_name else 0,
            key_id=b"" if by_name else sid.chosen.native,
            digest_oid=method_of(signer["digest_algorithm"]).oid,
            method=method_of(signer["signature_algorithm"]),
            signature=signer["signature"].native,
            attributes=attributes,
            **_said(_Attributes.load(attributes, strict=True)),
        )


def _said(attributes: Any) -> dict[str, Any]:
    """Read the signed attributes that are judged; each stands once and has one value."""
    values: dict[str, bytes] = {}
    for one in attributes:
        (value,) = one["values"]
        if one["type"].dotted in values:
            raise UnreadableError("A signed attribute stands twice.")
        values[one["type"].dotted] = value.dump()
    return {
        "content_type": core.ObjectIdentifier.load(values[CONTENT_TYPE], strict=True).dotted,
        "message_digest": core.OctetString.load(values[MESSAGE_DIGEST], strict=True).native,
        "named": tuple(_named(values)),
    }


def _named(values: dict[str, bytes]) -> list[Named]:
    found = []
    for oid, kind in (
        (_SIGNING_CERTIFICATE, tsp.SigningCertificate),
        (_SIGNING_CERTIFICATE_2, tsp.SigningCertificateV2),
    ):
        if oid not in values:
            continue
        first = kind.load(values[oid], strict=True)["certs"][0]
        by = SHA1 if oid == _SIGNING_CERTIFICATE else method_of(first["hash_algorithm"]).oid
        place = first["issuer_serial"]
        serial = None if isinstance(place, core.Void) else place["serial_number"].native
        found.append(Named(by, first["cert_hash"].native, serial))
    return found
