"""Passkeys (W3C Web Authentication): what a person's device is asked for, and the form of what it answers.

Challenges are not stored: each is an HMAC of the act that it proves. What goes out keeps the names of the browsers' own
JSON form, so that a page hands it on as it is: `PublicKeyCredential.parseRequestOptionsFromJSON(…)`. What comes in is the
few fields that the check needs.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from chalicelib.kit import secret, settings
from chalicelib.kit.body import Body
from chalicelib.kit.text import Base64Url, CredentialId, base64url

ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS: Final = (ES256, EDDSA, RS256)
TIMEOUT_MS: Final = 300_000
SITE_NAME: Final = "Кабинет медработника"
KeyType = Literal["public-key"]
Verification = Literal["required", "preferred"]


class PasskeyName(msgspec.Struct, frozen=True):
    """A passkey that the device may know."""

    type: Annotated[KeyType, Meta(title="Вид ключа")]
    id: Annotated[str, Meta(title="Номер ключа", description="base64url.")]


class PasskeyRequest(msgspec.Struct, frozen=True, rename="camel"):
    """What a page gives to `navigator.credentials.get`."""

    challenge: Annotated[str, Meta(title="Что подписать", description="base64url.")]
    rp_id: Annotated[str, Meta(title="Имя сайта, которому принадлежит ключ")]
    timeout: Annotated[int, Meta(title="Сколько миллисекунд ждать человека")]
    user_verification: Annotated[Verification, Meta(title="Проверять ли отпечаток, лицо или PIN")]
    allow_credentials: Annotated[
        list[PasskeyName], Meta(title="Какими ключами можно подписать", description="Пусто — любым ключом этого сайта.")
    ]


class PasskeySite(msgspec.Struct, frozen=True):
    """The site that a passkey belongs to."""

    id: Annotated[str, Meta(title="Имя сайта, которому принадлежит ключ")]
    name: Annotated[str, Meta(title="Название сайта")]


class PasskeyOwner(msgspec.Struct, frozen=True, rename="camel"):
    """Whose passkey it will be."""

    id: Annotated[str, Meta(title="Номер владельца", description="base64url; ничего о человеке не говорит.")]
    name: Annotated[str, Meta(title="Логин")]
    display_name: Annotated[str, Meta(title="Как назвать владельца на экране")]


class PasskeyAlgorithm(msgspec.Struct, frozen=True):
    """A kind of signature that the cabinet checks."""

    type: Annotated[KeyType, Meta(title="Вид ключа")]
    alg: Annotated[int, Meta(title="Номер алгоритма", description="По реестру COSE.")]


class PasskeyPlace(msgspec.Struct, frozen=True, rename="camel"):
    """What the device has to be able to do."""

    resident_key: Annotated[Verification, Meta(title="Хранить ли ключ так, чтобы входить без логина")]
    user_verification: Annotated[Verification, Meta(title="Проверять ли отпечаток, лицо или PIN")]


class PasskeyCreation(msgspec.Struct, frozen=True, rename="camel"):
    """What a page gives to `navigator.credentials.create`."""

    challenge: Annotated[str, Meta(title="Случайное число этого подключения", description="base64url.")]
    rp: Annotated[PasskeySite, Meta(title="Сайт")]
    user: Annotated[PasskeyOwner, Meta(title="Владелец")]
    pub_key_cred_params: Annotated[list[PasskeyAlgorithm], Meta(title="Допустимые алгоритмы")]
    timeout: Annotated[int, Meta(title="Сколько миллисекунд ждать человека")]
    exclude_credentials: Annotated[list[PasskeyName], Meta(title="Уже подключённые ключи")]
    authenticator_selection: Annotated[PasskeyPlace, Meta(title="Требования к устройству")]
    attestation: Annotated[Literal["none"], Meta(title="Сведения о модели устройства", description="Не нужны.")]


class Registration(Body):
    """A new passkey, as `navigator.credentials.create` gave it."""

    id: CredentialId
    client_data: Annotated[Base64Url, Meta(title="clientDataJSON")]
    attestation: Annotated[Base64Url, Meta(title="attestationObject")]


class Assertion(Body):
    """A signature by a passkey, as `navigator.credentials.get` gave it."""

    id: CredentialId
    client_data: Annotated[Base64Url, Meta(title="clientDataJSON")]
    authenticator_data: Annotated[Base64Url, Meta(title="authenticatorData")]
    signature: Annotated[Base64Url, Meta(title="signature")]
    user_handle: Annotated[
        Base64Url | None, Meta(title="userHandle", description="Нужен, когда ключом входят без логина.")
    ] = None


def challenge(act: str) -> str:
    """Return the challenge that proves an act, written `purpose/…/nonce`."""
    return base64url(hmac.digest(secret.fixed("passkey"), act.encode(), hashlib.sha256))


def site() -> str:
    """Return the host that passkeys belong to."""
    return urlsplit(settings.public_url()).hostname or ""


def origin() -> str:
    """Return the origin of the pages that may use them."""
    address = urlsplit(settings.public_url())
    return f"{address.scheme}://{address.netloc}"


def creation_options(act: str, owner: str, name: str, known: Sequence[str]) -> PasskeyCreation:
    """Ask a device for a new key; one that holds a known key already will say so."""
    return PasskeyCreation(
        challenge=challenge(act),
        rp=PasskeySite(id=site(), name=SITE_NAME),
        user=PasskeyOwner(id=base64url(owner.encode()), name=name, display_name=name),
        pub_key_cred_params=[PasskeyAlgorithm("public-key", alg) for alg in ALGORITHMS],
        timeout=TIMEOUT_MS,
        exclude_credentials=[PasskeyName("public-key", one) for one in known],
        authenticator_selection=PasskeyPlace(resident_key="preferred", user_verification="preferred"),
        attestation="none",
    )


def request_options(act: str, allowed: Sequence[str], *, verified: bool) -> PasskeyRequest:
    """Ask a device for a signature by one of the allowed keys; by any of this site when none is named."""
    names = [PasskeyName("public-key", one) for one in allowed]
    return PasskeyRequest(challenge(act), site(), TIMEOUT_MS, "required" if verified else "preferred", names)
