"""First step of the signature door: a text to be signed, readable and good for once. Who comes is not asked."""

import secrets
from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock, settings
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.sign_in.schemas import TICKET_SECONDS, give
from chalicelib.signatures.rules import challenge

NONCE_BYTES = 20


class SignatureChallenge(Answer):
    """The text to be signed, and the way to the next step."""

    challenge: Annotated[
        str, Meta(title="Текст для подписи", description="Подпишите его байты в UTF-8, ничего не меняя и не добавляя.")
    ]
    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    next: Annotated[str, Meta(title="Следующая операция")]
    expires_at: Annotated[str, Meta(title="До какого времени действует текст")]


@operation(
    "POST /v1/sign_in/signature_challenges",
    public=True,
    audit="sign_in.signature_asked",
    status=201,
)
def start_signature_sign_in(call: Call) -> SignatureChallenge:
    """Начать вход по электронной подписи: получить текст для подписи."""
    nonce = secrets.token_hex(NONCE_BYTES)
    return SignatureChallenge(
        challenge=challenge(settings.public_url(), call.now, nonce),
        ticket=give("signature", "", nonce=nonce, at=call.now),
        next="prove_signature",
        expires_at=clock.moment(call.now + TICKET_SECONDS),
    )
