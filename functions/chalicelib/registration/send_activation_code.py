"""The code that goes with the letter of кадры's confirmation: asked for when it is needed, good for ten minutes."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import ids
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.text import Token
from chalicelib.registration.schemas import ActivationCode, open_letter


class SendActivationCode(Body):
    """What came by letter."""

    activation: Annotated[Token, Meta(title="Номер из письма")]


class ActivationCodeAsked(Answer):
    """The same for every letter, good or not."""

    next: Annotated[str, Meta(title="Следующая операция")]
    detail: Annotated[str, Meta(title="Что делать дальше")]


@operation(
    "POST /v1/registration/activation_codes",
    public=True,
    effects=[ActivationCode],
    audit="activation.code_asked",
    status=202,
)
def send_activation_code(call: Call, body: SendActivationCode) -> ActivationCodeAsked:
    """Получить код в SMS по номеру из письма."""
    letter = open_letter(body.activation)
    call.transaction.send(letter or ActivationCode(person_id=ids.new("psn"), nonce=ids.token()))
    detail = "Если письмо действует, код отправлен в SMS. Он действует 10 минут: введите его, номер из письма и пароль."
    return ActivationCodeAsked(next="activate_account", detail=detail)
