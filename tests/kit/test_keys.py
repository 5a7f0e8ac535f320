"""Keys, hashes and methods have to agree with one another; what does not is refused before it is computed."""

import papers_of_signature as papers
import pytest
from asn1crypto import algos, core

from chalicelib.kit import cms, gost, keys, x509
from chalicelib.kit.asn1 import Method

SHA256, SHA512 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
STREEBOG256, STREEBOG512 = "1.2.643.7.1.1.2.2", "1.2.643.7.1.1.2.3"
GOST256, GOST512 = "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2"


def key(algorithm: str) -> x509.Key:
    """Return the public key of a certificate of an algorithm."""
    return x509.take_apart(papers.usual_ca().certificate(algorithm=algorithm).der).key


def parameters(*oids: str) -> bytes:
    """Write the parameters of a GOST key."""
    body = b"".join(core.ObjectIdentifier(one).dump() for one in oids)
    return bytes([0x30, len(body)]) + body


@pytest.mark.parametrize(
    ("algorithm", "method", "hashed"),
    [
        ("rsa", "1.2.840.113549.1.1.11", SHA512),
        ("rsa", "1.2.840.113549.1.1.11", STREEBOG256),
        ("rsa", "1.2.840.10045.4.3.2", SHA256),
        ("rsa", "1.2.840.113549.1.1.1", ""),
        ("rsa", "1.2.840.113549.1.1.5", ""),
        ("ecdsa-256", "1.2.840.10045.4.3.2", SHA512),
        ("ecdsa-256", "1.2.840.113549.1.1.11", SHA256),
        ("gost-256-A", GOST256, STREEBOG512),
        ("gost-256-A", GOST256, SHA256),
        ("gost-256-A", GOST512, STREEBOG256),
        ("gost-512-A", "1.2.643.7.1.1.3.2", STREEBOG512),
    ],
)
def test_a_method_fits_its_key_and_its_hash(algorithm: str, method: str, hashed: str) -> None:
    """A signature whose parts contradict one another is not computed."""
    with pytest.raises(keys.WeakError):
        keys.verifies(key(algorithm), Method(method, b""), b"text", bytes(256), hashed)


@pytest.mark.parametrize(
    ("oid", "named"),
    [
        (GOST512, ["1.2.643.7.1.2.1.1.1"]),
        (GOST256, ["1.2.643.7.1.2.1.2.1"]),
        (GOST256, ["1.2.643.7.1.2.1.1.1", STREEBOG512]),
        (GOST256, ["1.2.643.2.2.35.1", "1.2.643.2.2.9"]),
        (GOST256, ["1.2.643.2.2.35.0", STREEBOG256]),
    ],
)
def test_the_parameters_of_a_gost_key_fit_its_size(oid: str, named: list[str]) -> None:
    """Size, curve and hash belong together; the hash of 1994 and test curves are refused."""
    with pytest.raises(keys.WeakError):
        keys.kind_of(x509.Key(oid, parameters(*named), bytes(130), b""))


@pytest.mark.parametrize("mask", ["sha1", "sha512"])
def test_a_mask_by_another_hash_is_refused(mask: str) -> None:
    """In PSS the mask is made by the same hash as the digest."""
    generator = {"algorithm": "mgf1", "parameters": {"algorithm": mask}}
    said = {"hash_algorithm": {"algorithm": "sha256"}, "mask_gen_algorithm": generator, "salt_length": 32}
    method = Method("1.2.840.113549.1.1.10", algos.RSASSAPSSParams(said).dump())
    with pytest.raises(keys.WeakError):
        keys.verifies(key("rsa"), method, b"text", bytes(256), SHA256)


def test_a_number_beyond_the_order_is_refused() -> None:
    """A signature has one form: s + q is no second one, though it would come out even."""
    person = papers.usual_ca().certificate(algorithm="gost-256-TCA")
    signed = cms.take_apart(person.sign("text"))
    curve = gost.curve("1.2.643.7.1.2.1.1.1")
    assert curve is not None
    bits = core.OctetString.load(x509.take_apart(person.der).key.bits).native
    assert gost.verifies(curve, bits, signed.attributes, signed.signature)
    beyond = int.from_bytes(signed.signature[:32], "big") + curve.q
    assert not gost.verifies(curve, bits, signed.attributes, beyond.to_bytes(32, "big") + signed.signature[32:])
