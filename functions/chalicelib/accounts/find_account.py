"""The offices find whose account a СНИЛС or a login belongs to; nothing else is told."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Login, Reservation
from chalicelib.kit import secret
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import NotFound, WrongFields
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Login as LoginText
from chalicelib.kit.text import Snils


class FindAccount(Body):
    """One of the two."""

    snils: Snils | None = None
    login: LoginText | None = None


class FoundAccount(Answer):
    """The number with which the card is opened."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]


@operation(
    "POST /v1/accounts/office_searches",
    allow=dict.fromkeys((Role.SUPPORT, Role.ADMIN, Role.SECURITY), WholeCabinet()),
    reads=[Reservation, Login],
    audit="account.found",
)
def find_account(call: Call, body: FindAccount) -> FoundAccount:
    """Найти кабинет по СНИЛС или логину."""
    if (body.snils is None) == (body.login is None):
        said = "Укажите что-нибудь одно: СНИЛС или логин."
        raise WrongFields([wrong("/snils", said), wrong("/login", said)])
    if body.snils is not None:
        (found,) = call.look(Get(Reservation, f"snils#{secret.look_up('snils', body.snils)}"))
    else:
        (found,) = call.look(Get(Login, str(body.login)))
    if found is None:
        raise NotFound
    return FoundAccount(person_id=found.person_id)
