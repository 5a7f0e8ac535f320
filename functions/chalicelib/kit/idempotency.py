"""Keyed requests: the answer of a success is kept, sealed under the client's own key, and given again on repetition."""

import hashlib
import hmac
import re
from typing import Final

import msgspec

from chalicelib.kit import clock, vault
from chalicelib.kit.records.tables import Idempotency
from chalicelib.kit.refusals import IdempotencyKeyRequired, IdempotencyKeyReused
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.web import Reply, Request

KEEP_SECONDS: Final = 48 * 3600
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")


class KeyedRequest:
    """One request with its key: where its answer lies, what it is and how it opens."""

    def __init__(self, request: Request, operation: str, caller: str, key: str) -> None:
        self._key = key.encode()
        place = f"{caller}\x1f{operation}\x1f{request.path}\x1f{key}"
        self.record = hashlib.sha256(place.encode()).hexdigest()
        match = request.headers.get("if-match", "")
        said = f"{request.method}\x1f{request.path}\x1f{match}\x1f".encode() + request.body
        self.fingerprint = hmac.digest(self._key, said, hashlib.sha256).hex()

    def keep(self, reply: Reply) -> Idempotency:
        """Make the record of a success."""
        sealed = vault.encrypt(self._seal_key(), msgspec.json.encode(reply), self.record.encode())
        return Idempotency(
            record=self.record,
            fingerprint=self.fingerprint,
            answer=sealed,
            expires=clock.epoch() + KEEP_SECONDS,
        )

    def stored(self) -> Reply | None:
        """Look the record up: the stored answer, or None when this request has not succeeded yet."""
        (found,) = fetch((Get(Idempotency, self.record),))
        return self.open(found) if found and found.expires > clock.epoch() else None

    def open(self, found: Idempotency) -> Reply:
        """Open a stored answer; refuses when the key came before with another request."""
        if not hmac.compare_digest(found.fingerprint, self.fingerprint):
            raise IdempotencyKeyReused
        plain = vault.decrypt(self._seal_key(), found.answer, self.record.encode())
        return msgspec.json.decode(plain, type=Reply)

    def _seal_key(self) -> bytes:
        return hmac.digest(self._key, b"medical-cabinet/answer", hashlib.sha256)


def keyed(request: Request, operation: str, caller: str, *, required: bool) -> KeyedRequest | None:
    """Read the Idempotency-Key of a request; refuses a missing or malformed one."""
    key = request.headers.get("idempotency-key")
    if key is None and not required:
        return None
    if key is None or _FORM.fullmatch(key) is None:
        raise IdempotencyKeyRequired
    return KeyedRequest(request, operation, caller, key)
