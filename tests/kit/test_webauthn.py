"""The check of passkeys: every right answer is taken, every wrong one refused in a sentence, whatever it is."""

from typing import Any

import msgspec
import pytest
from authenticator import EDDSA, ES256, EXTENDED, PRESENT, RS256, VERIFIED, Device, changed
from conftest import World
from cryptography.hazmat.primitives.asymmetric import rsa
from fido2 import cbor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kit import body, passkeys, webauthn
from chalicelib.kit.passkeys import Assertion, PasskeyCreation, PasskeyRequest, Registration
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import base64url, base64url_bytes
from chalicelib.kit.webauthn import Cloned, Credential, Unfit

ACT, OWNER = "passkey/psn_x/1", "psn_x"
NO_CURVE = {1: 2, 3: ES256, -1: 2, -2: bytes(32), -3: bytes(32)}
OFF_CURVE = {1: 2, 3: ES256, -1: 1, -2: bytes(32), -3: bytes(32)}


def asked_to_create(act: str = ACT) -> dict[str, Any]:
    """Return the options of a registration as a page gets them."""
    options: PasskeyCreation = passkeys.creation_options(act, OWNER, "orlova", [])
    return dict(msgspec.to_builtins(options))


def asked_to_sign(act: str = ACT, *, verified: bool = False) -> dict[str, Any]:
    """Return the options of a signature as a page gets them."""
    options: PasskeyRequest = passkeys.request_options(act, [], verified=verified)
    return dict(msgspec.to_builtins(options))


def made(device: Device, **wrong: Any) -> Credential:
    """Register a device's key."""
    return webauthn.read_registration(ACT, body.convert(device.create(asked_to_create(), **wrong), Registration))


def signed(device: Device, known: Credential, *, verified: bool = False, **wrong: Any) -> int:
    """Check a device's signature."""
    said = body.convert(device.get(asked_to_sign(), **wrong), Assertion)
    return webauthn.check_assertion(ACT, known, said, verified=verified)


def test_the_options_are_the_browsers_own_form(world: World) -> None:
    """A page hands them to the browser as they are: names, algorithms, no attestation, an opaque user handle."""
    create, get = asked_to_create(), asked_to_sign(verified=True)
    assert set(create) == {
        *("challenge", "rp", "user", "pubKeyCredParams", "timeout", "excludeCredentials"),
        *("authenticatorSelection", "attestation"),
    }
    assert set(get) == {"challenge", "rpId", "timeout", "userVerification", "allowCredentials"}
    assert [one["alg"] for one in create["pubKeyCredParams"]] == [-7, -8, -257]
    assert (create["rp"]["id"], get["rpId"], create["attestation"]) == ("localhost", "localhost", "none")
    assert (get["userVerification"], asked_to_sign()["userVerification"]) == ("required", "preferred")
    assert create["user"]["id"] == base64url(OWNER.encode())
    assert create["authenticatorSelection"] == {"residentKey": "preferred", "userVerification": "preferred"}


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_each_published_algorithm_registers_and_signs(world: World, algorithm: int) -> None:
    """ES256, EdDSA and RS256."""
    device = Device(algorithm)
    known = made(device)
    assert (known.id, known.count) == (device.id, 0)
    assert signed(device, known, verified=True) == 1


def test_a_challenge_belongs_to_its_act(world: World) -> None:
    """The same act gives the same challenge, another act another one, and nothing is stored for it."""
    assert passkeys.challenge("a/1") == passkeys.challenge("a/1")
    assert len({passkeys.challenge(f"a/{number}") for number in range(50)}) == 50


WRONG_REGISTRATIONS: dict[str, dict[str, Any]] = {
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:1"},
    "inside another site": {"crossOrigin": True},
    "another challenge": {"challenge": "AAAA"},
    "another act": {"type": "webauthn.get"},
    "key of another site": {"rp_id": "evil.example"},
    "nobody present": {"flags": VERIFIED},
    "nothing new": {"attested": False},
    "backed up but never eligible": {"flags": PRESENT | 0x10},
    "id of another key": {"id": "AAAA"},
    "no algorithm": {"cose": {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}},
    "algorithm none": {"cose": {1: 2, 3: 0, -1: 1, -2: bytes(32), -3: bytes(32)}},
    "SHA-1": {"cose": {1: 3, 3: -65535, -1: bytes(256), -2: b"\1\0\1"}},
    "HMAC": {"cose": {1: 4, 3: 5, -1: bytes(32)}},
    "another curve": {"cose": NO_CURVE},
    "no point of the curve": {"cose": OFF_CURVE},
    "a key that is a number": {"cose": 7},
    "a key that is a list": {"cose": [1, 2]},
    "bytes after the data": {"garbage": b"x"},
    "CBOR after the answer": {"tail": cbor.encode({"more": 1})},
    "extensions promised and absent": {"flags": PRESENT | EXTENDED},
    "an empty id": {"named": b"", "id": "AAAA"},
    "an id of 1,024 bytes": {"named": bytes(1024)},
    "no JSON": {"page": b"{"},
    "a list for the page": {"page": b"[]"},
    "an empty page": {"page": b"{}"},
    "a page in another charset": {"page": b"\xff\xfe"},
}


@pytest.mark.parametrize("case", WRONG_REGISTRATIONS)
def test_a_wrong_registration_is_refused(world: World, case: str) -> None:
    """Each rule of the standard by itself stops a registration."""
    with pytest.raises(Unfit, match=r"[а-я]"):
        made(Device(), **WRONG_REGISTRATIONS[case])


def test_short_and_huge_rsa_keys_are_refused(world: World) -> None:
    """Below 2,048 bits, and beyond what an account can hold."""
    device = Device(RS256)
    weak = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n  # noqa: S505 - weak on purpose
    for modulus in (weak.to_bytes(128, "big"), b"\xff" * 1500):
        with pytest.raises(Unfit):
            made(device, cose=device.cose() | {-1: modulus})


WRONG_ASSERTIONS: dict[str, dict[str, Any]] = {
    "another site": {"origin": "https://evil.example"},
    "inside another site": {"crossOrigin": True},
    "another challenge": {"challenge": "AAAA"},
    "a registration instead": {"type": "webauthn.create"},
    "key of another site": {"rp_id": "evil.example"},
    "nobody present": {"flags": VERIFIED},
    "backed up but never eligible": {"flags": PRESENT | 0x10},
    "bytes after the data": {"garbage": b"x"},
    "extensions promised and absent": {"flags": PRESENT | EXTENDED},
    "another text signed": {"signed": b"something else"},
    "no signature": {"signature": bytes(8)},
    "no JSON": {"page": b"\x00"},
    "deep JSON": {"page": b'{"type":' + b"[" * 5000},
}


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
@pytest.mark.parametrize("case", WRONG_ASSERTIONS)
def test_a_wrong_signature_is_refused(world: World, case: str, algorithm: int) -> None:
    """Each rule of the standard by itself stops an assertion, for every algorithm."""
    device = Device(algorithm)
    known = made(device)
    with pytest.raises(Unfit, match=r"[а-я]"):
        signed(device, known, **WRONG_ASSERTIONS[case])


def test_another_key_does_not_sign_for_the_known_one(world: World) -> None:
    """The signature must come from the stored key."""
    device, other = Device(), Device()
    known = made(device)
    with pytest.raises(Unfit, match="подпись"):
        signed(other, known)


@pytest.mark.parametrize("part", ["client_data", "authenticator_data", "signature"])
def test_one_changed_bit_is_refused(world: World, part: str) -> None:
    """Nothing that is signed can be changed, nor the signature."""
    device = Device()
    known = made(device)
    said = device.get(asked_to_sign())
    with pytest.raises(Unfit):
        webauthn.check_assertion(
            ACT, known, body.convert(said | {part: changed(said[part])}, Assertion), verified=False
        )


def test_who_signs_in_alone_is_verified_by_the_device(world: World) -> None:
    """Presence is enough for a second factor, and not for a passkey by itself."""
    device = Device(verified=False)
    known = made(device)
    assert signed(device, known) == 1
    with pytest.raises(Unfit, match="отпечаток"):
        signed(device, known, verified=True)


@pytest.mark.parametrize(("stored", "told", "fine"), [(0, 0, True), (0, 1, True), (5, 6, True), (5, 900, True)])
def test_a_growing_counter_and_none_at_all_are_fine(world: World, stored: int, told: int, fine: bool) -> None:  # noqa: FBT001
    """Synced passkeys do not count: zero stays zero."""
    device = Device()
    known = made(device)
    assert signed(device, Credential(known.id, known.key, stored), count=told) == told


@pytest.mark.parametrize(("stored", "told"), [(5, 5), (5, 4), (5, 0), (1, 1)])
def test_a_counter_that_does_not_grow_means_a_copy(world: World, stored: int, told: int) -> None:
    """Going back, standing still and falling to zero are told from a wrong signature."""
    device = Device()
    known = made(device)
    with pytest.raises(Cloned):
        signed(device, Credential(known.id, known.key, stored), count=told)
    with pytest.raises(Unfit):
        signed(device, Credential(known.id, known.key, stored), count=told, signed=b"forged")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attestation=st.binary(min_size=1, max_size=400), page=st.binary(min_size=1, max_size=200), real=st.booleans())
def test_whatever_comes_for_a_registration_is_unfit_at_most(
    world: World,
    attestation: bytes,
    page: bytes,
    real: bool,  # noqa: FBT001 - drawn
) -> None:
    """Random bytes break nothing: the parser answers Unfit, with or without a right page around them."""
    right = Device().create(asked_to_create())
    said = right | {"attestation": base64url(attestation)}
    said |= {} if real else {"client_data": base64url(page)}
    with pytest.raises(Unfit):
        webauthn.read_registration(ACT, body.convert(said, Registration))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_registration_is_unfit_or_the_same(world: World, data: st.DataObject) -> None:
    """Bytes cut, changed or put in anywhere give Unfit, or a key that is the device's own or not usable as it."""
    device = Device()
    said = device.create(asked_to_create())
    raw = bytearray(base64url_bytes(said["attestation"]))
    place = data.draw(st.integers(1, len(raw) - 1))
    kind = data.draw(st.sampled_from(["cut", "change", "put in", "nest"]))
    if kind == "cut":
        del raw[place:]
    elif kind == "change":
        raw[place] ^= data.draw(st.integers(1, 255))
    else:
        raw[place:place] = data.draw(st.binary(min_size=1, max_size=8)) if kind == "put in" else b"\x81" * 5000
    try:
        got = webauthn.read_registration(ACT, body.convert(said | {"attestation": base64url(bytes(raw))}, Registration))
    except Unfit:
        return
    assert got.id == device.id


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(device_data=st.binary(min_size=1, max_size=120), signature=st.binary(min_size=1, max_size=120))
def test_whatever_comes_for_a_signature_is_unfit(world: World, device_data: bytes, signature: bytes) -> None:
    """Random bytes never sign."""
    device = Device()
    known = made(device)
    said = device.get(asked_to_sign())
    for part in ({"authenticator_data": base64url(device_data)}, {"signature": base64url(signature)}):
        with pytest.raises(Unfit):
            webauthn.check_assertion(ACT, known, body.convert(said | part, Assertion), verified=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "A" * 1366),
        ("id", "AA=="),
        ("client_data", "A" * 8001),
        ("client_data", "a+b/"),
        ("client_data", "AAAAA"),
        ("authenticator_data", "AB"),
        ("signature", ""),
        ("signature", None),
        ("user_handle", "ы"),
        ("user_handle", 7),
    ],
)
def test_what_is_not_base64url_or_too_long_is_a_wrong_field(world: World, field: str, value: object) -> None:
    """Oversized, padded, in another alphabet, with stray bits: pointed at before anything is parsed."""
    said = Device().get(asked_to_sign()) | {"user_handle": None} | {field: value}
    with pytest.raises(WrongFields) as refused:
        body.convert(said, Assertion)
    assert [one.pointer for one in refused.value.errors] == [f"/{field}"]
