"""Signatures made by an independent program are read, checked and judged; nothing else passes."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import papers_of_signature as papers
import pytest
from asn1crypto import cms, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kit import keys
from chalicelib.kit.problem import Refusal
from chalicelib.signatures import refusals
from chalicelib.signatures.rules import (
    CHALLENGE_PREFIX,
    MAX_BYTES,
    Certificate,
    challenge,
    holder_of,
    read_certificate,
    refuse_untrusted,
    signature_bytes,
    verify_detached,
)

TEXT = "Проверочный текст\nв две строки"
NOW = int(time.time())
SNILS = "11223344595"


def check(signature: bytes, text: str = TEXT) -> Certificate:
    """Verify a signature of the text."""
    return verify_detached(signature, text.encode())


def judge(person: papers.Signer, *authorities: papers.Signer, now: int = NOW) -> None:
    """Judge a person's certificate by some authorities."""
    refuse_untrusted(read_certificate(person.der), [read_certificate(one.der) for one in authorities], now)


def swapped(signature: bytes, other: papers.Signer) -> bytes:
    """Put another's certificate in the place of the signer's."""
    whole = cms.ContentInfo.load(signature)
    signed, shown = whole["content"], x509.Certificate.load(other.der)
    signed["certificates"] = cms.CertificateSet([cms.CertificateChoices(name="certificate", value=shown)])
    place = {"issuer": shown.issuer, "serial_number": shown.serial_number}
    signed["signer_infos"][0]["sid"] = cms.SignerIdentifier("issuer_and_serial_number", place)
    made: bytes = whole.dump(force=True)
    return made


def test_a_changed_text_is_refused() -> None:
    """One more space, another end of line, a byte order mark: not the text that was signed."""
    signature = papers.usual_ca().certificate().sign(TEXT)
    for text in (TEXT + " ", TEXT + "\n", TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, "", TEXT[:-1]):
        with pytest.raises(refusals.SignatureWrong):
            check(signature, text)


@pytest.mark.parametrize("algorithm", ["rsa", "rsa-pss", "ecdsa-256", "gost-256-A", "gost-512-A"])
def test_a_changed_signature_is_refused(algorithm: str) -> None:
    """The last byte of a CMS is the signature's own."""
    signature = papers.usual_ca().certificate(algorithm=algorithm).sign(TEXT)
    with pytest.raises(refusals.SignatureWrong):
        check(signature[:-1] + bytes([signature[-1] ^ 1]))


def test_anothers_certificate_is_refused() -> None:
    """A signature with the certificate of a colleague in it is nobody's."""
    ca = papers.usual_ca()
    signature = ca.certificate().sign(TEXT)
    with pytest.raises(refusals.SignatureWrong):
        check(swapped(signature, ca.certificate(algorithm="rsa#2")))


def test_a_second_certificate_of_the_same_key_is_refused_where_the_first_was_named() -> None:
    """The signing-certificate attribute ties the signature to one certificate, not only to its key."""
    ca = papers.usual_ca()
    person = ca.certificate()
    signature = person.sign(TEXT, "-cades")
    assert check(signature).snils == person.snils
    with pytest.raises(refusals.SignatureWrong):
        check(swapped(signature, ca.certificate(key=person)))


def signed_again(person: papers.Signer, change: Callable[[list[Any]], list[Any]]) -> bytes:
    """Change the signed attributes of a signature and sign them with the person's own key."""
    whole = cms.ContentInfo.load(person.sign(TEXT, "-cades"))
    signer = whole["content"]["signer_infos"][0]
    attributes = cms.CMSAttributes(change([one.copy() for one in signer["signed_attrs"]]))
    signer["signed_attrs"] = attributes
    loaded: Any = load_pem_private_key((person.folder / "key.pem").read_bytes(), None)
    made = cms.CMSAttributes(attributes).dump(force=True)
    signer["signature"] = loaded.sign(b"\x31" + made[1:], padding.PKCS1v15(), hashes.SHA256())
    der: bytes = whole.dump(force=True)
    return der


def with_value(attributes: list[Any], name: str, *values: Any) -> list[Any]:
    """Replace the values of one attribute."""
    others = [one for one in attributes if one["type"].native != name]
    return [*others, cms.CMSAttribute({"type": name, "values": list(values)})]


def named_otherwise(attributes: list[Any]) -> list[Any]:
    """Name the right certificate with another serial number."""
    (found,) = (one for one in attributes if one["type"].native == "signing_certificate_v2")
    one = found["values"][0]["certs"][0]
    issuer = [x509.GeneralName("directory_name", x509.Name.build({"common_name": "x"}))]
    place = {"issuer": issuer, "serial_number": 7}
    certs = [{"cert_hash": one["cert_hash"].native, "issuer_serial": place}]
    return with_value(attributes, "signing_certificate_v2", tsp.SigningCertificateV2({"certs": certs}))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda them: with_value(them, "content_type", "signed_data"), refusals.SignatureWrong),
        (lambda them: with_value(them, "message_digest", bytes(32)), refusals.SignatureWrong),
        (named_otherwise, refusals.SignatureWrong),
        (lambda them: [*them, them[0]], refusals.SignatureUnreadable),
        (lambda them: with_value(them, "content_type", "data", "signed_data"), refusals.SignatureUnreadable),
        (lambda them: [one for one in them if one["type"].native != "message_digest"], refusals.SignatureUnreadable),
        (lambda them: [one for one in them if one["type"].native != "content_type"], refusals.SignatureUnreadable),
    ],
)
def test_signed_attributes_that_contradict_are_refused(change: Any, refusal: type[Refusal]) -> None:
    """The person's own key over attributes of another kind, of another text, doubled or left out."""
    person = papers.usual_ca().certificate()
    assert check(signed_again(person, lambda them: them)).der == person.der
    with pytest.raises(refusal):
        check(signed_again(person, change))


def test_a_certificate_that_contradicts_itself_is_refused() -> None:
    """An extension that stands twice; a method inside that is not the one outside."""
    der = papers.usual_ca().certificate().der
    doubled = der.replace(bytes.fromhex("0603551d13"), bytes.fromhex("0603551d0e"))
    method = bytes.fromhex("06092a864886f70d01010b")
    other = der.replace(method, method[:-1] + b"\x0c", 1)
    for one in (doubled, other):
        assert one != der
        with pytest.raises(refusals.SignatureUnreadable):
            read_certificate(one)


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (["-nodetach"], refusals.SignatureNotDetached),
        (["-nocerts"], refusals.SignerCertificateMissing),
        (["-noattr"], refusals.SignatureUnreadable),
        (["-econtent_type", "1.2.840.113549.1.9.16.1.4"], refusals.SignatureNotDetached),
    ],
)
def test_other_forms_of_signatures_are_refused(options: list[str], refusal: type[Refusal]) -> None:
    """A content inside, no certificate, no signed attributes, another kind of content."""
    with pytest.raises(refusal):
        check(papers.usual_ca().certificate().sign(TEXT, *options))


def test_two_signers_are_refused() -> None:
    """A signature has one author here."""
    ca = papers.usual_ca()
    with pytest.raises(refusals.SignersNotOne):
        check(ca.certificate().sign(TEXT, also=ca.certificate(algorithm="rsa#2")))


@pytest.mark.parametrize(
    ("algorithm", "hashed"),
    [("rsa", "md5"), *((name, hashed) for name in ("rsa", "rsa-pss", "ecdsa-256") for hashed in ("sha1", "sha224"))],
)
def test_weak_hashes_are_refused(algorithm: str, hashed: str) -> None:
    """SHA-1, MD5 and short SHA-2 prove nothing, whatever the key."""
    with pytest.raises(refusals.SignatureAlgorithmRefused):
        check(papers.usual_ca().certificate(algorithm=algorithm).sign(TEXT, md=hashed))


@pytest.mark.parametrize("algorithm", ["rsa-1024", "rsa-2047", "ecdsa-secp256k1", "ecdsa-224", "ed25519"])
def test_weak_and_unknown_keys_are_refused(algorithm: str) -> None:
    """RSA under 2048 bits, other curves and other kinds of keys."""
    person = papers.usual_ca().certificate(algorithm=algorithm)
    with pytest.raises(refusals.SignatureAlgorithmRefused):
        read_certificate(person.der)


def test_a_certificate_issued_by_sha_1_is_refused() -> None:
    """The authority's own signature must be strong as well."""
    ca = papers.usual_ca()
    with pytest.raises(refusals.CertificateNotTrusted):
        judge(ca.certificate(md="sha1"), ca)


def test_what_is_too_large_is_refused() -> None:
    """64 KiB are the limit, before anything is read."""
    with pytest.raises(refusals.SignatureTooLarge):
        check(bytes(MAX_BYTES + 1))
    with pytest.raises(refusals.SignatureTooLarge):
        read_certificate(bytes(MAX_BYTES + 1))
    with pytest.raises(refusals.SignatureUnreadable):
        check(bytes(MAX_BYTES))


def test_garbage_is_refused() -> None:
    """Nothing, zeros, text, a certificate for a signature, a signature for a certificate, deep nesting, something after."""
    person = papers.usual_ca().certificate()
    signature = person.sign(TEXT)
    for der in (b"", bytes(64), TEXT.encode(), person.der, b"\x30\x80" * 20_000, signature + b"\x00", signature[:-1]):
        with pytest.raises(refusals.SignatureUnreadable):
            check(der)
    for der in (b"", bytes(64), signature, b"\x30\x80" * 20_000, person.der + b"\x00", person.der[:-1]):
        with pytest.raises(refusals.SignatureUnreadable):
            read_certificate(der)


def test_an_unknown_demand_of_a_certificate_is_refused() -> None:
    """A critical extension that is not understood makes the certificate unusable (RFC 5280, 4.2)."""
    person = papers.usual_ca().certificate(extensions="1.2.3.4=critical,ASN1:NULL\n")
    with pytest.raises(refusals.SignatureUnreadable):
        read_certificate(person.der)


def test_only_base64_is_taken_for_a_signature() -> None:
    """Other letters, a broken frame and a wrong length are no signature."""
    for text in (
        "AAA",
        "AA==AA",
        "AA-A",
        "-----BEGIN CMS-----\nAAAA\n-----END PKCS7-----",
        "-" * 90_000,
        "A" + " " * 90_000,
    ):
        with pytest.raises(refusals.SignatureUnreadable):
            signature_bytes(text)


@pytest.mark.parametrize(
    ("days", "refusal"),
    [((-3, -1), refusals.CertificateExpired), ((1, 3), refusals.CertificateNotYetValid)],
)
def test_a_certificate_out_of_its_term_is_refused(days: tuple[int, int], refusal: type[Refusal]) -> None:
    """Before the first and after the last second."""
    ca = papers.usual_ca()
    with pytest.raises(refusal):
        judge(ca.certificate(days=days), ca)


def test_the_term_holds_to_the_second() -> None:
    """Both ends belong to the term."""
    ca = papers.usual_ca()
    person = ca.certificate(days=(0, 2))
    term = read_certificate(person.der)
    judge(person, ca, now=term.valid_to)
    judge(person, ca, now=term.valid_from)
    with pytest.raises(refusals.CertificateExpired):
        judge(person, ca, now=term.valid_to + 1)
    with pytest.raises(refusals.CertificateNotYetValid):
        judge(person, ca, now=term.valid_from - 1)


def test_an_authority_that_is_not_trusted_is_refused() -> None:
    """No list, another authority, and one that only calls itself the same."""
    ca = papers.usual_ca()
    namesake, other = papers.make_ca("rsa#2"), papers.make_ca(name="Другой центр")
    for trusted in ([], [other], [namesake]):
        with pytest.raises(refusals.CertificateNotTrusted):
            judge(ca.certificate(), *trusted)
    judge(ca.certificate(), other, namesake, ca)


def test_an_authority_out_of_its_term_or_not_an_authority_is_refused() -> None:
    """Issuing takes a certificate that holds at the moment and is marked for issuing."""
    ca = papers.usual_ca()
    person = ca.certificate(days=(-1, 5000))
    with pytest.raises(refusals.CertificateNotTrusted):
        judge(person, ca, now=NOW + 4000 * 86400)
    for extensions in (
        "basicConstraints=CA:FALSE",
        "keyUsage=keyCertSign",
        "basicConstraints=CA:TRUE\nkeyUsage=cRLSign",
    ):
        plain = papers.make_ca(extensions=extensions)
        with pytest.raises(refusals.CertificateNotTrusted):
            judge(plain.certificate(), plain)


def test_a_person_issues_nothing() -> None:
    """A trusted authority's client cannot make certificates of his own."""
    ca = papers.usual_ca()
    person = ca.certificate()
    forger = papers.Ca(person.folder, "rsa")
    with pytest.raises(refusals.CertificateNotTrusted):
        judge(forger.certificate(), ca)


@pytest.mark.parametrize("usage", ["", "keyEncipherment", "keyCertSign"])
def test_a_certificate_for_other_uses_is_refused(usage: str) -> None:
    """Without digitalSignature or nonRepudiation nothing is signed."""
    ca = papers.usual_ca()
    with pytest.raises(refusals.CertificateNotForSigning):
        judge(ca.certificate(usage=usage), ca)
    judge(ca.certificate(usage="nonRepudiation"), ca)


@pytest.mark.parametrize(
    "subject",
    [
        "/CN=Иванова Анна Петровна",
        "/CN=Иванова Анна Петровна/SNILS=11223344596",
        "/CN=Иванова Анна Петровна/SNILS=1122334459",
        "/CN=Иванова Анна Петровна/SNILS=00000000000",
        "/CN=Иванова Анна Петровна/SNILS=11223344595/SNILS=08765430300",
        "/CN=Больница/SNILS=11223344595",
        "/SNILS=11223344595",
        "/SN=<b>/GN=Анна/SNILS=11223344595",
    ],
)
def test_a_certificate_that_names_no_person_is_refused(subject: str) -> None:
    """No СНИЛС, wrong check digits, another form, two of them, no surname and name."""
    certificate = read_certificate(papers.usual_ca().certificate(subject=subject).der)
    with pytest.raises(refusals.CertificateNotPersonal):
        holder_of(certificate)


@pytest.fixture(scope="module")
def sound() -> dict[str, tuple[bytes, bytes]]:
    """Make sound signatures to be damaged."""
    people = {name: papers.usual_ca().certificate(algorithm=name) for name in ("rsa", "ecdsa-256", "gost-256-A")}
    return {name: (one.sign(TEXT, "-cades"), one.der) for name, one in people.items()}


@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=600))
def test_random_bytes_are_refused(noise: bytes) -> None:
    """Whatever comes, the answer is one of the refusals."""
    for der in (noise, b"\x30\x82" + len(noise).to_bytes(2, "big") + noise):
        with pytest.raises(Refusal):
            check(der)
        with pytest.raises(Refusal):
            read_certificate(der)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), name=st.sampled_from(["rsa", "ecdsa-256", "gost-256-A"]))
def test_damaged_signatures_are_refused(sound: dict[str, tuple[bytes, bytes]], data: st.DataObject, name: str) -> None:
    """After any damage: a refusal, or what was damaged was neither signed nor believed (and the person is the same)."""
    signature, der = sound[name]
    damaged = bytearray(signature)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        cut, new = data.draw(st.integers(0, 3)), data.draw(st.binary(max_size=3))
        damaged[place : place + cut] = new
    try:
        found = check(bytes(damaged))
        refuse_untrusted(found, [read_certificate(papers.usual_ca().der)], NOW)
    except Refusal:
        return
    assert found.der == der


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_is_a_signature_or_refused(text: str) -> None:
    """Reading the text of a signature fails in one way only."""
    try:
        signature_bytes(text)
    except refusals.SignatureUnreadable:
        return


@pytest.mark.parametrize("algorithm", papers.ALGORITHMS)
def test_every_known_algorithm_is_taken(algorithm: str) -> None:
    """RSA, PSS, three curves of ECDSA and all parameter sets of GOST R 34.10-2012, with and without CAdES attributes."""
    ca = papers.usual_ca()
    person = ca.certificate(SNILS, algorithm)
    for options in ([], ["-cades"], ["-keyid"]):
        found = check(person.sign(TEXT, *options))
        assert (found.der, found.snils, found.algorithm) == (person.der, SNILS, algorithm.partition("-")[0])
    judge(person, ca)


@pytest.mark.parametrize("algorithm", ["rsa-pss", "ecdsa-384", "gost-256-A", "gost-256-TCA", "gost-512-A"])
def test_an_authority_may_use_any_known_algorithm(algorithm: str) -> None:
    """Its signature over the certificate is checked; namesakes with other kinds of keys do not disturb."""
    ca = papers.usual_ca(algorithm)
    judge(ca.certificate(), ca)
    with pytest.raises(refusals.CertificateNotTrusted):
        judge(ca.certificate(), papers.make_ca(f"{algorithm}#2"))
    judge(ca.certificate(), papers.make_ca("rsa#2"), papers.make_ca("ecdsa-256"), papers.usual_ca("gost-256-B"), ca)


@pytest.mark.parametrize("hashed", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("algorithm", ["rsa", "rsa-pss", "ecdsa-256", "ecdsa-521"])
def test_every_strong_hash_is_taken(algorithm: str, hashed: str) -> None:
    """The hash need not be the one that goes with the key's size."""
    person = papers.usual_ca().certificate(algorithm=algorithm)
    assert check(person.sign(TEXT, md=hashed)).der == person.der


def test_a_certificate_is_read_whole() -> None:
    """Names, numbers, term, key usage and the rest; the issuer by name."""
    ca = papers.usual_ca()
    subject = "/CN=Иванова А. П./SN=Иванова/GN=Анна Петровна/INN=500100732259/OGRN=1027700132195/SNILS=" + SNILS
    read = read_certificate(ca.certificate(subject=subject).der)
    assert (read.common_name, read.last_name, read.given_name) == ("Иванова А. П.", "Иванова", "Анна Петровна")
    assert (read.snils, read.inn, read.ogrn) == (SNILS, "500100732259", "1027700132195")
    assert (read.issuer, read.usages, read.is_authority) == (ca.name, ("digital_signature", "non_repudiation"), False)
    assert abs(read.valid_to - read.valid_from - 366 * 86400) <= 1
    assert read_certificate(ca.der).is_authority
    shown = papers.openssl("x509", "-in", "certificate.pem", "-noout", "-fingerprint", "-sha256", folder=ca.folder)
    assert read_certificate(ca.der).fingerprint.upper() == shown.decode().strip().split("=")[1].replace(":", "")


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("/CN=Что угодно/SN=Иванова/GN=Анна Петровна", ("Иванова", "Анна", "Петровна")),
        ("/CN=Что угодно/SN=Ким/GN=Анна", ("Ким", "Анна", None)),
        ("/CN=Алиева Лейла Рашид кызы", ("Алиева", "Лейла", "Рашид кызы")),
    ],
)
def test_the_holder_is_named(subject: str, names: tuple[str, str, str | None]) -> None:
    """By surname and given name, or else by the common name."""
    holder = holder_of(read_certificate(papers.usual_ca().certificate(subject=f"{subject}/SNILS={SNILS}").der))
    assert (holder.snils, holder.last_name, holder.first_name, holder.middle_name) == (SNILS, *names)


def test_pem_and_base64_are_the_same_signature() -> None:
    """Programs write either, with any ends of lines."""
    signature = papers.usual_ca().certificate().sign(TEXT)
    plain = papers.base64_of(signature)
    lines = "\r\n".join(plain[start : start + 64] for start in range(0, len(plain), 64))
    framed = [
        f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----\n" for name in ("CMS", "PKCS7", "PKCS #7 SIGNED DATA")
    ]
    assert {signature_bytes(text) for text in (plain, lines, *framed)} == {signature}


def test_a_challenge_can_be_read() -> None:
    """It says what for, where, when and that it serves once; documents can tell it by its beginning."""
    text = challenge("https://cabinet.example.org", 1_795_000_000, secrets.token_hex(20))
    assert text.startswith(CHALLENGE_PREFIX)
    assert "https://cabinet.example.org\n" in text
    assert "18.11.2026 14:06:40 (московское)" in text
    assert len(text.splitlines()) == 6


def test_hashes_are_taken_by_name_only() -> None:
    """No unknown or broken hash is computed."""
    for oid in ("1.3.14.3.2.26", "1.2.840.113549.2.5", "", "1.2.3"):
        with pytest.raises(keys.WeakError):
            keys.digest(oid, b"")


def test_a_missing_program_is_named() -> None:
    """Without openssl or its GOST engine these tests fail with a sentence that says what to install."""
    assert papers.lacking("/usr/bin/openssl", "(gost) Reference implementation of GOST engine") == ""
    assert "openssl libengine-gost-openssl is missing" in papers.lacking(None, "")
    assert "libengine-gost-openssl as root" in papers.lacking("/usr/bin/openssl", "").replace("`", "")
