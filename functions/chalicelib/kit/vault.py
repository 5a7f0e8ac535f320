"""Encryption of sensitive fields above the storage: one data key an owner, wrapped by KMS with the owner as context.

A sealed field is `version byte + 12 bytes nonce + AES-256-GCM text`; table, owner, item, field and version are bound as
associated data, so a value moved elsewhere does not open. Destroying the owner's wrapped key is the erasure.
"""

import os
import threading
from collections import OrderedDict
from typing import TypeVar

import msgspec

from chalicelib.kit import aws, clock, settings

T = TypeVar("T")

VERSION = b"\x01"
_NONCE = 12
_CACHE_SECONDS = 300
_CACHE_SIZE = 1000
_cache: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
_lock = threading.Lock()


class OwnerKey:
    """The key of one owner; unwrapped by KMS only when something is really sealed or opened."""

    def __init__(self, owner: str, wrapped: bytes) -> None:
        self.owner = owner
        self.wrapped = wrapped

    @classmethod
    def new(cls, owner: str) -> "OwnerKey":
        """Have KMS make a data key for a new owner."""
        answer = aws.client("kms").generate_data_key(
            KeyId=settings.key_alias(), KeySpec="AES_256", EncryptionContext={"owner": owner}
        )
        _remember(answer["CiphertextBlob"], answer["Plaintext"])
        return cls(owner, answer["CiphertextBlob"])

    def seal(self, place: str, value: object) -> bytes:
        """Encrypt a struct or JSON value for one place, written `table/item/field`."""
        return encrypt(self._plain(), msgspec.json.encode(value, enc_hook=str), self._bind(place))

    def open(self, place: str, sealed: bytes, kind: type[T]) -> T:
        """Decrypt what `seal` made for the same place, as `kind`."""
        return msgspec.json.decode(decrypt(self._plain(), sealed, self._bind(place)), type=kind)

    def _bind(self, place: str) -> bytes:
        return f"{self.owner}/{place}".encode()

    def _plain(self) -> bytes:
        with _lock:
            plain, until = _cache.get(self.wrapped, (b"", 0.0))
        if until > clock.epoch():
            return plain
        context = {"owner": self.owner}
        plain = bytes(aws.client("kms").decrypt(CiphertextBlob=self.wrapped, EncryptionContext=context)["Plaintext"])
        _remember(self.wrapped, plain)
        return plain


def encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """Encrypt bytes with AES-256-GCM, a fresh nonce and associated data."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 13 ms that not every call needs

    nonce = os.urandom(_NONCE)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, VERSION + bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """Decrypt what `encrypt` made; ValueError when the key, the place or a single bit is another."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see encrypt
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see encrypt

    if sealed[:1] != VERSION:
        raise ValueError("The sealed value has an unknown version.")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], VERSION + bound)
    except InvalidTag:
        raise ValueError("The sealed value does not belong here.") from None


def forget() -> None:
    """Drop all unwrapped keys."""
    with _lock:
        _cache.clear()


def _remember(wrapped: bytes, plain: bytes) -> None:
    with _lock:
        _cache[wrapped] = (plain, clock.epoch() + _CACHE_SECONDS)
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
