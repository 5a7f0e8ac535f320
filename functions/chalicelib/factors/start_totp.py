"""Connecting an authenticator app: the secret is shown once, as text and as a QR code."""

import base64
import io
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

PENDING_SECONDS = 600


class TotpStarted(Answer):
    """What the app needs."""

    secret: Annotated[str, Meta(title="Ключ для ввода вручную")]
    address: Annotated[str, Meta(title="Адрес otpauth:// для QR-кода")]
    qr_svg: Annotated[str, Meta(title="QR-код для экрана", description="Изображение SVG.")]
    qr_png: Annotated[str, Meta(title="QR-код картинкой", description="PNG в base64.")]


@operation(
    "POST /v1/factors/totp",
    allow=EVERYBODY,
    full=True,
    reads=[Account],
    writes=[Update(Account)],
    audit="factor.totp_started",
    status=201,
)
def start_totp(call: Call) -> TotpStarted:
    """Начать подключение приложения с кодами."""
    account = call.read(Get(Account, call.actor.person_id))
    shared = totp.new_secret()
    sealed = key_of(account).seal("account/totp", shared)
    until = Account.totp_pending_until.set(call.now + PENDING_SECONDS)
    call.transaction.update(account, Account.totp_pending.set(sealed), until)
    address = totp.address(shared, account.login)
    svg, png = _drawn(address)
    return TotpStarted(secret=shared, address=address, qr_svg=svg, qr_png=png)


def _drawn(address: str) -> tuple[str, str]:
    import segno  # noqa: PLC0415 - only this operation draws

    code = segno.make(address, micro=False)
    png = io.BytesIO()
    code.save(png, kind="png", scale=6)
    return code.svg_inline(scale=6), base64.b64encode(png.getvalue()).decode()
