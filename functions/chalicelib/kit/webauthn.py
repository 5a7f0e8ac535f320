"""The check of what a person's device answers about passkeys (W3C Web Authentication).

What the check needs of the act is its challenge, an HMAC. That an act is proven only once is the caller's care.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from chalicelib.kit.passkeys import ALGORITHMS, RS256, Assertion, Registration, challenge, origin, site
from chalicelib.kit.text import base64url, base64url_bytes

LONGEST_ID: Final = 1023
LONGEST_KEY: Final = 1600
SHORTEST_RSA: Final = 256
_PRESENT, _VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP = 0x01, 0x04, 0x08, 0x10


class Unfit(ValueError):  # noqa: N818 - an expected «no», told to the person
    """What the device sent does not hold; the message says in Russian what is wrong."""


class Cloned(Exception):  # noqa: N818 - see Unfit
    """The device's counter went back: two copies of one key are in use."""


class _ClientData(msgspec.Struct, rename="camel"):
    """What the browser says of itself; fields that the check does not need are passed over."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False


@dataclass(frozen=True)
class Credential:
    """What the check of a passkey needs: its id, its COSE key (both base64url) and the last count of signatures."""

    id: str
    key: str
    count: int


def read_registration(act: str, said: Registration) -> Credential:
    """Check what `create` gave and return what later checks need; Unfit says what is wrong."""
    with _judged():
        from fido2 import cbor  # noqa: PLC0415 - 69 ms that only passkeys need
        from fido2.webauthn import AttestationObject  # noqa: PLC0415 - see above

        _check_page(base64url_bytes(said.client_data), "webauthn.create", act)
        told = AttestationObject(base64url_bytes(said.attestation)).auth_data
        _check_device(told, verified=False)
        made = told.credential_data
        if made is None or not made.credential_id or len(made.credential_id) > LONGEST_ID:
            raise Unfit("в ответе устройства нет нового ключа")
        if base64url(made.credential_id) != said.id:
            raise Unfit("номер ключа не тот, что подтвердило устройство")
        _check_key(made.public_key)
        key = base64url(cbor.encode(dict(made.public_key)))
        if len(key) > LONGEST_KEY:
            raise Unfit("устройство предложило ключ, который кабинет не принимает")
        return Credential(str(said.id), key, told.counter)


def check_assertion(act: str, known: Credential, said: Assertion, *, verified: bool) -> int:
    """Check a signature by a known key and return the new count; `verified` demands fingerprint, face or PIN."""
    with _judged():
        from fido2 import cbor  # noqa: PLC0415 - see read_registration
        from fido2.cose import CoseKey  # noqa: PLC0415 - see read_registration
        from fido2.webauthn import AuthenticatorData  # noqa: PLC0415 - see read_registration

        page, device = base64url_bytes(said.client_data), base64url_bytes(said.authenticator_data)
        _check_page(page, "webauthn.get", act)
        told = AuthenticatorData(device)
        _check_device(told, verified=verified)
        stored: Any = cbor.decode(base64url_bytes(known.key))
        CoseKey.parse(stored).verify(device + hashlib.sha256(page).digest(), base64url_bytes(said.signature))
    if (told.counter or known.count) and told.counter <= known.count:
        raise Cloned
    return told.counter


def _check_page(raw: bytes, kind: str, act: str) -> None:
    page = msgspec.json.decode(raw, type=_ClientData)
    if page.type != kind:
        raise Unfit("ответ устройства — для другого действия")
    if page.origin != origin() or page.cross_origin:
        raise Unfit("ключ использован на другом сайте")
    if not hmac.compare_digest(page.challenge.encode(), challenge(act).encode()):
        raise Unfit("ответ устройства устарел или относится к другому запросу")


def _check_device(told: Any, *, verified: bool) -> None:
    if not hmac.compare_digest(told.rp_id_hash, hashlib.sha256(site().encode()).digest()):
        raise Unfit("ключ принадлежит другому сайту")
    if not told.flags & _PRESENT:
        raise Unfit("устройство не подтвердило, что рядом человек")
    if verified and not told.flags & _VERIFIED:
        raise Unfit("устройство не проверило отпечаток, лицо или PIN")
    if told.flags & _BACKED_UP and not told.flags & _BACKUP_ELIGIBLE:
        raise Unfit("ответ устройства противоречит сам себе")


def _check_key(key: Any) -> None:
    """Refuse other algorithms, short RSA keys, and keys with which nothing can be checked."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see read_registration

    if key.get(3) not in ALGORITHMS or (key[3] == RS256 and len(key[-1].lstrip(b"\0")) < SHORTEST_RSA):
        raise Unfit("устройство предложило ключ, который кабинет не принимает")
    try:
        key.verify(b"", bytes(64))
    except InvalidSignature:
        return


@contextmanager
def _judged() -> Iterator[None]:
    """Turn whatever a malformed answer breaks in the parsers into Unfit."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - see read_registration

    broken = (ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError, OverflowError)
    try:
        yield
    except Unfit:
        raise
    except InvalidSignature:
        raise Unfit("подпись не подходит к этому ключу") from None
    except (*broken, UnsupportedAlgorithm, msgspec.MsgspecError):
        raise Unfit("ответ устройства не читается") from None
