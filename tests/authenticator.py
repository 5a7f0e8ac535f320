"""A passkey device of software, for tests: it answers as a browser with a device would, or wrongly where it is told to."""

import hashlib
import json
import secrets
import struct
from typing import Any

import make
from conftest import World
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor

from chalicelib.kit.passkeys import EDDSA, ES256, RS256, origin, site
from chalicelib.kit.text import base64url, base64url_bytes

PRESENT, VERIFIED, ATTESTED, EXTENDED = 0x01, 0x04, 0x40, 0x80


class Device:
    """One key on one device. `flags` are what it says of the person, `step` by how much its counter grows."""

    def __init__(self, algorithm: int = ES256, *, step: int = 1, verified: bool = True) -> None:
        self.algorithm = algorithm
        self.credential_id = secrets.token_bytes(32)
        self.key = _made(algorithm)
        self.flags = PRESENT | (VERIFIED if verified else 0)
        self.step = step
        self.count = 0
        self.user_handle = ""

    @property
    def id(self) -> str:
        """The id of the key, as browsers write it."""
        return base64url(self.credential_id)

    def create(self, asked: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.create`; `wrong` replaces parts of a right answer."""
        if {"type": "public-key", "id": self.id} in asked["excludeCredentials"]:
            raise LookupError("The device has a key for this account already.")
        self.user_handle = asked["user"]["id"]
        page = _page("webauthn.create", asked["challenge"], wrong)
        key = cbor.encode(wrong.get("cose", self.cose()))
        named = wrong.get("named", self.credential_id)
        data = wrong.get("aaguid", bytes(16)) + struct.pack(">H", len(named)) + named + key
        device = self._device(asked["rp"]["id"], ATTESTED, wrong) + (data if wrong.get("attested", True) else b"")
        device += wrong.get("garbage", b"")
        told = cbor.encode({"fmt": "none", "attStmt": {}, "authData": device}) + wrong.get("tail", b"")
        return {"id": wrong.get("id", self.id), "client_data": base64url(page), "attestation": base64url(told)}

    def get(self, asked: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        self.count += self.step
        page = _page("webauthn.get", asked["challenge"], wrong)
        device = self._device(asked["rpId"], 0, wrong) + wrong.get("garbage", b"")
        signed = wrong.get("signed", device + hashlib.sha256(page).digest())
        return {
            "id": wrong.get("id", self.id),
            "client_data": base64url(page),
            "authenticator_data": base64url(device),
            "signature": base64url(wrong.get("signature", self.sign(signed))),
            "user_handle": wrong.get("user_handle", self.user_handle or None),
        }

    def cose(self) -> dict[int, Any]:
        """Return the public key in COSE form (RFC 9053)."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            point = self.key.public_key().public_numbers()
            return {1: 2, 3: self.algorithm, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return {1: 1, 3: self.algorithm, -1: 6, -2: self.key.public_key().public_bytes_raw()}
        numbers = self.key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {1: 3, 3: self.algorithm, -1: numbers.n.to_bytes(size, "big"), -2: numbers.e.to_bytes(3, "big")}

    def _device(self, rp_id: str, flag: int, wrong: dict[str, Any]) -> bytes:
        place = hashlib.sha256(wrong.get("rp_id", rp_id).encode()).digest()
        flags = wrong.get("flags", self.flags) | (flag if wrong.get("attested", True) else 0)
        return place + struct.pack(">BI", flags, wrong.get("count", self.count))

    def sign(self, data: bytes) -> bytes:
        """Sign bytes as the device does."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _made(algorithm: int) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == RS256:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def _page(kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
    if "page" in wrong:
        return bytes(wrong["page"])
    said = {"type": kind, "challenge": challenge, "origin": origin(), "crossOrigin": False}
    return json.dumps(said | {name: wrong[name] for name in said if name in wrong}).encode()


def register(world: World, person: make.Person, device: Device, **said: Any) -> str:
    """Connect a device to a person's account and return the id of the factor."""
    asked = world.client.call("start_passkey", by=person).json
    body = {"ticket": asked["ticket"], "credential": device.create(asked["public_key"])} | said
    answer = world.client.call("confirm_passkey", body, by=person)
    assert answer.status == 201, answer.raw
    found = [one["factor_id"] for one in answer.json["items"] if one["kind"] == "passkey"]
    return str(found[-1])


def changed(text: str) -> str:
    """Return base64url in which one bit differs."""
    raw = bytearray(base64url_bytes(text))
    raw[-1] ^= 1
    return base64url(bytes(raw))


__all__ = ["EDDSA", "ES256", "EXTENDED", "PRESENT", "RS256", "VERIFIED", "Device", "changed", "register", "site"]
