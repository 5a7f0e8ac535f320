"""Second step of the password door: the password, counted before it is compared."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import AccountBlocked, AccountClosed, TooManyTries
from chalicelib.accounts.tables import Account, Purpose
from chalicelib.factors.schemas import Factor, factors_of
from chalicelib.kit import passwords
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.guesses import refuse_guesser
from chalicelib.kit.ids import token
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.text import Password, Token
from chalicelib.profile.schemas import CheckProfile
from chalicelib.sign_in.refusals import NoLongerWorking, PasswordWrong, SignInExpired
from chalicelib.sign_in.schemas import Entry, entry_of, give, refuse_dismissed, refuse_shut, take, warn_of_guesses


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
    effects=[CheckProfile, TellOwner],
    refuses=[PasswordWrong, TooManyTries, SignInExpired, NoLongerWorking, AccountBlocked, AccountClosed],
    audit="sign_in.password_accepted",
    memory=512,
)
def check_password(call: Call, body: CheckPassword) -> PasswordAccepted:
    """Ввести пароль."""
    values = take("login", body.ticket)
    purpose: Purpose = "password_trusted" if values["trusted"] else "password"
    if not values["trusted"]:
        refuse_guesser(call, "password")
    account = Account.attempt(values["person"], purpose, known=bool(values["known"]))
    if account is None:
        raise SignInExpired
    if not passwords.fits(body.password, account.password_hash):
        warn_of_guesses(call, account, purpose)
        raise PasswordWrong
    refuse_shut(account, Entry(account.person_id, "password", ""))
    refuse_dismissed(call, account, CheckProfile(person_id=account.person_id))
    call.transaction.update(account, *Account.no_tries(purpose), edits=False)
    more = {"epoch": int(account.epoch), "nonce": token(), "trusted": values["trusted"]}
    ticket = give("password", account.person_id, **more)
    return PasswordAccepted(ticket=ticket, factors=factors_of(account, entry_of(ticket).act))
