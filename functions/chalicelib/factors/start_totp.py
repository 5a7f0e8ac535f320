"""Connecting an authenticator app: the secret is shown once."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import key_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import totp
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


class TotpStarted(Answer):
    """What the app needs."""

    secret: Annotated[str, Meta(title="Ключ для ввода вручную")]
    address: Annotated[str, Meta(title="Адрес otpauth:// для QR-кода")]


@operation(
    "POST /v1/factors/totp",
    allow=EVERYBODY,
    fresh=True,
    reads=[Account],
    writes=[Update(Account)],
    audit="factor.totp_started",
    status=201,
)
def start_totp(call: Call) -> TotpStarted:
    """Начать подключение приложения с кодами."""
    account = call.read(Get(Account, call.actor.person_id))
    shared = totp.new_secret()
    call.transaction.update(account, Account.totp_pending.set(key_of(account).seal("account/totp", shared)))
    return TotpStarted(secret=shared, address=totp.address(shared, account.login))
