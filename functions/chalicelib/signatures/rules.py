"""Whose a detached signature is and whether it holds: pure functions over bytes.

The check is technical. A chain over several authorities, revocation, time stamps and certified means are not judged.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.kit import identifiers
from chalicelib.kit.text import PersonName
from chalicelib.signatures.refusals import (
    CertificateExpired,
    CertificateNotForSigning,
    CertificateNotPersonal,
    CertificateNotTrusted,
    CertificateNotYetValid,
    SignatureAlgorithmRefused,
    SignatureNotDetached,
    SignatureTooLarge,
    SignatureUnreadable,
    SignatureWrong,
    SignerCertificateMissing,
    SignersNotOne,
)

if TYPE_CHECKING:
    from chalicelib.kit.cms import Named, Signed

MAX_BYTES: Final = 64 * 1024
# Begins every text that is signed to come in. Signing of documents refuses what begins so, sign-in takes nothing else:
# nobody signs himself into the cabinet by signing a document, or a document by signing in.
CHALLENGE_PREFIX: Final = "Вход в кабинет медицинского работника по электронной подписи\n"
_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9# ]{1,20})-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_COMMON, _SURNAME, _GIVEN, _ORGANISATION = "2.5.4.3", "2.5.4.4", "2.5.4.42", "2.5.4.10"
_SNILS, _INN, _OGRN = "1.2.643.100.3", "1.2.643.3.131.1.1", "1.2.643.100.1"


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says; times in seconds since 1970, both inclusive. Numbers with wrong check digits are None."""

    common_name: str
    last_name: str
    given_name: str
    snils: str | None
    inn: str | None
    ogrn: str | None
    issuer: str
    serial: str
    valid_from: int
    valid_to: int
    algorithm: Literal["rsa", "ecdsa", "gost"]
    fingerprint: str
    usages: tuple[str, ...]
    is_authority: bool
    der: bytes


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The person of a certificate."""

    snils: str
    last_name: str
    first_name: str
    middle_name: str | None


def challenge(address: str, at: int, nonce: str) -> str:
    """Write the text that is signed to come in: for what, where, when, and that it serves once."""
    when = datetime.fromtimestamp(at, ZoneInfo("Europe/Moscow")).strftime("%d.%m.%Y %H:%M:%S")
    return (
        f"{CHALLENGE_PREFIX}"
        "Подписав этот текст, вы входите в кабинет. Никакой документ этим не подписывается.\n"
        f"Адрес кабинета: {address}\n"
        f"Время: {when} (московское)\n"
        f"Номер: {nonce}\n"
        "Текст действует 15 минут и только один раз. Если вход начали не вы, не подписывайте его."
    )


def signature_bytes(text: str) -> bytes:
    """Return the bytes of a signature written in base64 or PEM."""
    framed = _PEM.fullmatch(text.strip())
    try:
        return base64.b64decode("".join((framed[2] if framed else text).split()), validate=True)
    except ValueError:
        raise SignatureUnreadable from None


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate; refuses what is none, and keys that are too weak or of unknown kinds."""
    from chalicelib.kit import keys, x509  # noqa: PLC0415 - they bring asn1crypto, 30 ms

    if len(der) > MAX_BYTES:
        raise SignatureTooLarge
    with _refusing():
        parts = x509.take_apart(der)
        algorithm = keys.kind_of(parts.key)
    names, issuer = parts.subject_names, parts.issuer_names
    return Certificate(
        common_name=_only(names, _COMMON),
        last_name=_only(names, _SURNAME),
        given_name=_only(names, _GIVEN),
        snils=_number(_only(names, _SNILS), 11, identifiers.snils),
        inn=_number(_only(names, _INN), 12, identifiers.inn_person),
        ogrn=_number(_only(names, _OGRN), 13, identifiers.ogrn),
        issuer=_only(issuer, _COMMON) or _only(issuer, _ORGANISATION),
        serial=f"{parts.serial:x}",
        valid_from=parts.valid_from,
        valid_to=parts.valid_to,
        algorithm=algorithm,
        fingerprint=hashlib.sha256(der).hexdigest(),
        usages=tuple(sorted(parts.usages)),
        is_authority=parts.is_authority,
        der=der,
    )


def verify_detached(cms_der: bytes, content: bytes) -> Certificate:
    """Return the certificate whose owner signed exactly this content; trust in the certificate is judged elsewhere."""
    from chalicelib.kit import cms, keys, x509  # noqa: PLC0415 - see read_certificate

    if len(cms_der) > MAX_BYTES:
        raise SignatureTooLarge
    with _refusing():
        signed = cms.take_apart(cms_der)
        if signed.signers != 1:
            raise SignersNotOne
        if not signed.is_detached:
            raise SignatureNotDetached
        certificate = read_certificate(_signer(signed))
        parts = x509.take_apart(certificate.der)
        fits = (
            signed.content_type == cms.DATA
            and all(_names(one, certificate.der, parts.serial) for one in signed.named)
            and hmac.compare_digest(keys.digest(signed.digest_oid, content), signed.message_digest)
            and keys.verifies(parts.key, signed.method, signed.attributes, signed.signature, signed.digest_oid)
        )
    if not fits:
        raise SignatureWrong
    return certificate


def refuse_untrusted(certificate: Certificate, authorities: Sequence[Certificate], now: int) -> None:
    """Refuse unless one of the trusted authorities issued the certificate, both hold now, and it is for signatures."""
    if now < certificate.valid_from:
        raise CertificateNotYetValid
    if now > certificate.valid_to:
        raise CertificateExpired
    if not any(_issued(certificate, one) for one in authorities if one.valid_from <= now <= one.valid_to):
        raise CertificateNotTrusted
    if not {"digital_signature", "non_repudiation"} & set(certificate.usages):
        raise CertificateNotForSigning


def holder_of(certificate: Certificate) -> Holder:
    """Return the person whom a certificate names; refuses without СНИЛС or name."""
    last, given = certificate.last_name, certificate.given_name
    if not last or not given:
        last, _, given = certificate.common_name.strip().partition(" ")
    first, _, middle = given.strip().partition(" ")
    try:
        last_name, first_name = str(PersonName.parse(last)), str(PersonName.parse(first))
        middle_name = str(PersonName.parse(middle)) if middle.strip() else None
    except ValueError:
        raise CertificateNotPersonal from None
    if certificate.snils is None:
        raise CertificateNotPersonal
    return Holder(snils=certificate.snils, last_name=last_name, first_name=first_name, middle_name=middle_name)


@contextmanager
def _refusing() -> Iterator[None]:
    from chalicelib.kit import asn1, keys  # noqa: PLC0415 - see read_certificate

    try:
        yield
    except asn1.UnreadableError:
        raise SignatureUnreadable from None
    except keys.WeakError:
        raise SignatureAlgorithmRefused from None


def _signer(signed: "Signed") -> bytes:
    from chalicelib.kit import x509  # noqa: PLC0415 - see read_certificate

    for der in signed.certificates:
        parts = x509.take_apart(der)
        if signed.key_id and parts.key_id == signed.key_id:
            return der
        if signed.issuer and (parts.issuer, parts.serial) == (signed.issuer, signed.serial):
            return der
    raise SignerCertificateMissing


def _names(named: "Named", der: bytes, serial: int) -> bool:
    """Tell whether a signing-certificate attribute means this certificate; its older form has SHA-1 for an index."""
    from chalicelib.kit import cms, keys  # noqa: PLC0415 - see read_certificate

    old = named.digest_oid == cms.SHA1
    made = hashlib.sha1(der, usedforsecurity=False).digest() if old else keys.digest(named.digest_oid, der)
    return hmac.compare_digest(made, named.digest) and named.serial in {None, serial}


def _issued(certificate: Certificate, authority: Certificate) -> bool:
    from chalicelib.kit import keys, x509  # noqa: PLC0415 - see read_certificate

    child, parent = x509.take_apart(certificate.der), x509.take_apart(authority.der)
    may = parent.is_authority and (not parent.usages or "key_cert_sign" in parent.usages)
    if not may or child.issuer != parent.subject:
        return False
    try:
        return keys.verifies(parent.key, child.method, child.signed, child.signature)
    except (
        ValueError
    ):  # a weak method, or one of another kind of key: an authority has several certificates of one name
        return False


def _only(names: dict[str, list[str]], oid: str) -> str:
    """Return the one value of a name's part; two values are as good as none."""
    found = names.get(oid, [])
    return found[0] if len(found) == 1 else ""


def _number(text: str, length: int, check: Callable[[str], str]) -> str | None:
    if not re.fullmatch(f"[0-9]{{{length}}}", text):
        return None
    try:
        return check(text)
    except ValueError:
        return None
