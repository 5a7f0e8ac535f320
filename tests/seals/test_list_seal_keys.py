"""The public keys that have signed seals."""

import hashlib

import evidence
import make
from conftest import World
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    evidence.doctor(world, 1)
    return make.Example()


def test_before_the_first_seal_there_is_no_key(world: World) -> None:
    """An empty list, not an error."""
    assert evidence.keys(world) == {"items": []}


def test_a_key_is_shown_to_everybody_with_its_first_seal(world: World) -> None:
    """A P-256 key, named by the SHA-256 of its DER form."""
    evidence.doctor(world, 1)
    (shown,) = evidence.keys(world)["items"]
    key = load_pem_public_key(shown["pem"].encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert shown["key_id"] == hashlib.sha256(der).hexdigest()
    assert shown["valid_from"][:13] == clock.moment(clock.epoch())[:13]


def test_the_time_of_the_first_seal_stays(world: World) -> None:
    """Later seals do not change it."""
    worker = evidence.doctor(world, 1)
    before = evidence.keys(world)
    clock.advance(500)
    evidence.act(world, worker)
    assert evidence.keys(world) == before
