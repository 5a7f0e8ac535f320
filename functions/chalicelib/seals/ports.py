"""The two places outside the tables: the key that signs seals (KMS) and the bucket that locks them (S3)."""

import base64
import hashlib
import textwrap
from functools import lru_cache
from typing import Any, Final, NamedTuple

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.tables import code_of

_REMEMBERED_SECONDS: Final = 300


class SigningKey(NamedTuple):
    """A key: its number at KMS, its public form, and the SHA-256 of that by which seals name it."""

    arn: str
    pem: str
    key_id: str


def signing_key() -> SigningKey:
    """Return the key that signs now; after a change of keys the old one may sign for five minutes more."""
    return _remembered(settings.seal_key_aliases()[0])


def key_of(key_id: str) -> SigningKey | None:
    """Return the key that a seal names: the one in use or the one before it; None for any other."""
    for _ in range(2):
        for alias in settings.seal_key_aliases():
            if (key := _remembered(alias)).key_id == key_id:
                return key
        _key.cache_clear()  # another function may have signed with a new key before this one has seen it
    return None


def _remembered(alias: str) -> SigningKey:
    return _key(aws.client("kms"), alias, clock.epoch() // _REMEMBERED_SECONDS)


@lru_cache(maxsize=2)
def _key(kms: Any, alias: str, _: int) -> SigningKey:
    answer = kms.get_public_key(KeyId=alias)
    lines = textwrap.wrap(base64.b64encode(answer["PublicKey"]).decode(), 64)
    pem = "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))
    return SigningKey(answer["KeyId"], pem, hashlib.sha256(answer["PublicKey"]).hexdigest())


def sign(key: SigningKey, body: str) -> str:
    """Sign the body of a seal or of an endorsement: ECDSA over its SHA-256, DER, in hex."""
    answer = aws.client("kms").sign(
        KeyId=key.arn, Message=body.encode(), MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )
    return bytes(answer["Signature"]).hex()


def is_signed(key: SigningKey, body: str, signature: str) -> bool:
    """Tell whether a key has signed a text."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who seals and compares needs them
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - see above

    public: Any = load_pem_public_key(key.pem.encode())
    try:
        public.verify(bytes.fromhex(signature), body.encode(), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def keep(name: str, text: str) -> bool:
    """Put a text into the locked bucket; False when another one lies under its name."""
    s3 = aws.client("s3")
    place = {"Bucket": settings.seals_bucket(), "Key": name}
    try:
        s3.put_object(**place, Body=text.encode(), ContentType="application/json", IfNoneMatch="*")
    except s3.exceptions.ClientError as error:
        if code_of(error) != "PreconditionFailed":
            raise
        return bool(s3.get_object(**place)["Body"].read() == text.encode())
    return True
