"""First step of the password door: the login. Known and unknown logins are answered alike."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Account, Login
from chalicelib.kit import ticket
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Login as LoginText
from chalicelib.kit.text import Token
from chalicelib.sign_in.schemas import TicketView, give, no_such_person


class StartSignIn(Body):
    """The login, and the sign of a device that has signed in before."""

    login: LoginText
    device: Annotated[Token | None, Meta(title="Знак устройства", description="Из ответа прошлого входа.")] = None


@operation(
    "POST /v1/sign_in/flows",
    public=True,
    reads=[Login, Account],
    audit="sign_in.started",
    status=201,
)
def start_sign_in(call: Call, body: StartSignIn) -> TicketView:
    """Начать вход: ввести логин."""
    sign = ticket.unseal("device", body.device or "")
    owner = [Get(Account, sign["person"])] if sign else []
    found, *owners = call.look(Get(Login, body.login), *owner)
    person_id = found.person_id if found else no_such_person(body.login)
    known_as = [(one.person_id, int(one.epoch)) for one in owners if one is not None]
    trusted = sign is not None and (person_id, sign["epoch"]) in known_as
    values = {"known": int(found is not None), "trusted": int(trusted)}
    return TicketView(ticket=give("login", person_id, **values), next="check_password")
