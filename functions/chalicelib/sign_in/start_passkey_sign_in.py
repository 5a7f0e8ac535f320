"""The door without login and password: a passkey of the device, proven by finger, face or PIN."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import passkeys
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.ids import token
from chalicelib.sign_in.schemas import give


class PasskeyChallenge(Answer):
    """What the device is asked for, and the ticket of the next step."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция")]
    public_key: Annotated[
        passkeys.PasskeyRequest, Meta(title="Запрос к устройству", description="Для navigator.credentials.get.")
    ]


@operation("POST /v1/sign_in/passkey_challenges", public=True, audit="sign_in.passkey_asked", status=201)
def start_passkey_sign_in(call: Call) -> PasskeyChallenge:
    """Начать вход ключом доступа."""
    nonce = token()
    asked = passkeys.request_options(f"sign_in/passkey/{nonce}", [], verified=True)
    return PasskeyChallenge(
        ticket=give("passkey", "", nonce=nonce, at=call.now), next="finish_sign_in", public_key=asked
    )
