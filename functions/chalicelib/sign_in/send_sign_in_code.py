"""A code for the second factor, by SMS or e-mail."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.schemas import CodeIssued, contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.factors.schemas import refuse_unavailable
from chalicelib.kit import clock, codes, identifiers
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.sign_in.refusals import SignInExpired
from chalicelib.sign_in.schemas import refuse_other_epoch, take

SUBJECT = "Код для входа"


class SendSignInCode(Body):
    """Where to send the code."""

    ticket: Token
    channel: Annotated[Literal["sms", "email"], Meta(title="Канал", description="sms или email.")]


@operation(
    "POST /v1/sign_in/codes",
    public=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[Sms, Email],
    refuses=[SignInExpired, FactorNotAvailable],
    audit="sign_in.code_sent",
    status=202,
)
def send_sign_in_code(call: Call, body: SendSignInCode) -> CodeIssued:
    """Получить код для входа."""
    values = take("password", body.ticket)
    account = call.read(Get(Account, values["person"]))
    refuse_other_epoch(account, values)
    refuse_unavailable(account, body.channel)
    contacts = contacts_of(account)
    code, digest = codes.issue(f"sign_in/{account.person_id}/{values['nonce']}")
    until = call.now + codes.LIFE_SECONDS
    pending = {"sign_in": {"digest": digest, "until": until}}
    call.transaction.update(account, Account.codes.set(account.live_codes() | pending))
    text = f"Код для входа в кабинет медработника: {code}. Действует 10 минут. Никому его не сообщайте."
    if body.channel == "sms":
        call.transaction.send(Sms(to=contacts.phone, text=text, purpose="sign_in"))
        shown = identifiers.mask_phone(contacts.phone)
    else:
        call.transaction.send(Email(to=contacts.email, subject=SUBJECT, text=text, purpose="sign_in"))
        shown = identifiers.mask_email(contacts.email)
    return CodeIssued(sent_to=shown, expires_at=clock.moment(until))
