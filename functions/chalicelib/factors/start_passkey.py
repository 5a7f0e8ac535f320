"""Connecting a passkey: what the device is asked for."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import TooManyPasskeys
from chalicelib.factors.rules import MOST_PASSKEYS
from chalicelib.factors.schemas import passkeys_of
from chalicelib.kit import ids, passkeys, ticket
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get

TICKET_SECONDS = 600


class PasskeyStarted(Answer):
    """What the device needs, and the ticket of the second step."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    public_key: Annotated[
        passkeys.PasskeyCreation, Meta(title="Запрос к устройству", description="Для navigator.credentials.create.")
    ]


@operation(
    "POST /v1/factors/passkeys",
    allow=EVERYBODY,
    full=True,
    reads=[Account],
    refuses=[TooManyPasskeys],
    audit="factor.passkey_started",
    status=201,
)
def start_passkey(call: Call) -> PasskeyStarted:
    """Начать подключение ключа доступа."""
    account = call.read(Get(Account, call.actor.person_id))
    known = [one.credential for one in passkeys_of(account).values()]
    if len(known) >= MOST_PASSKEYS:
        raise TooManyPasskeys
    nonce = ids.token()
    sealed = ticket.seal("passkey", TICKET_SECONDS, account.person_id, nonce=nonce)
    asked = passkeys.creation_options(
        f"passkey/{account.person_id}/{nonce}", account.person_id, str(account.login), known
    )
    return PasskeyStarted(ticket=sealed, public_key=asked)
