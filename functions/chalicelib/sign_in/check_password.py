"""Second step of the password door: the password, counted before it is compared."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import TooManyTries
from chalicelib.accounts.tables import Account
from chalicelib.factors.schemas import Factor, factors_of
from chalicelib.kit import passwords
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.ids import token
from chalicelib.kit.text import Password, Token
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sign_in.refusals import NoLongerWorking, PasswordWrong, SignInExpired
from chalicelib.sign_in.schemas import give, take

RECHECK_SECONDS = 600


class CheckPassword(Body):
    """The password."""

    ticket: Token
    password: Password


class PasswordAccepted(Answer):
    """The password fits; one of the factors comes next."""

    ticket: Annotated[str, Meta(title="Пропуск к следующему шагу")]
    factors: Annotated[list[Factor], Meta(title="Чем подтвердить вход")]


@operation(
    "POST /v1/sign_in/password_checks",
    public=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[CheckProfile],
    refuses=[PasswordWrong, TooManyTries, SignInExpired, NoLongerWorking],
    audit="sign_in.password_accepted",
    memory=512,
)
def check_password(call: Call, body: CheckPassword) -> PasswordAccepted:
    """Ввести пароль."""
    values = take("login", body.ticket)
    account = Account.attempt(values["person"], "password", known=bool(values["known"]))
    if account is None:
        raise SignInExpired
    if not passwords.fits(body.password, account.password_hash):
        raise PasswordWrong
    if account.register_state == "not_working":
        if call.now - account.matched_at > RECHECK_SECONDS:
            call.transaction.send(CheckProfile(person_id=account.person_id))
        raise NoLongerWorking
    call.transaction.update(account, *Account.no_tries("password"), edits=False)
    nonce = token()
    ticket = give("password", account.person_id, epoch=int(account.epoch), nonce=nonce)
    return PasswordAccepted(ticket=ticket, factors=factors_of(account, f"sign_in/{account.person_id}/{nonce}"))
