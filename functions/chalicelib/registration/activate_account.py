"""After кадры confirmed the person: letter and SMS prove both contacts, and the person sets a password."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import ActivationEnded, CodeWrong, PolicyNotAccepted, TooManyTries
from chalicelib.accounts.schemas import POLICY_VERSION, refuse_weak_password
from chalicelib.accounts.tables import Account
from chalicelib.kit import passwords
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.guesses import refuse_guesser
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.text import Code, Password, Token
from chalicelib.registration.schemas import awaits, fits_code, open_letter, refuse_other_policy


class ActivateAccount(Body):
    """What came by letter and, asked for by its number, by SMS; a new password and the consent."""

    activation: Annotated[Token, Meta(title="Номер из письма")]
    code: Code
    password: Password
    policy_version: Annotated[Token, Meta(title="Версия политики безопасности", examples=[POLICY_VERSION])]


class AccountActivated(Answer):
    """The account is ready."""

    login: Annotated[str, Meta(title="Логин")]
    detail: Annotated[str, Meta(title="Что теперь")]


@operation(
    "POST /v1/registration/activations",
    public=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account)],
    refuses=[ActivationEnded, CodeWrong, TooManyTries, PolicyNotAccepted],
    audit="account.activated",
    memory=512,
)
def activate_account(call: Call, body: ActivateAccount) -> AccountActivated:
    """Задать пароль после подтверждения личности."""
    refuse_other_policy(body.policy_version)
    letter = open_letter(body.activation)
    if letter is None:
        raise ActivationEnded
    refuse_guesser(call, "code")
    account = Account.attempt(letter.person_id, "activation")
    if account is None or not awaits(account, letter):
        raise ActivationEnded
    if not fits_code(account, letter, body.code):
        raise CodeWrong
    refuse_weak_password(body.password, account.login)
    changes = account.activated(passwords.digest(body.password), POLICY_VERSION)
    call.transaction.update(account, *changes, *Account.no_tries("activation"))
    return AccountActivated(login=account.login, detail="Пароль задан. Войдите с логином и паролем.")
