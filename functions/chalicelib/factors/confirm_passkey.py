"""The device has made a key: from now on it is a factor."""

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import PasskeyAlreadyAdded, PasskeyNotStarted, PasskeyWrong, TooManyPasskeys
from chalicelib.factors.rules import MOST_PASSKEYS
from chalicelib.factors.schemas import PASSKEY_NAME, FactorsChanged, Passkey, change_factors, passkeys_of
from chalicelib.kit import ticket
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.passkeys import Registration
from chalicelib.kit.records.tables import Once
from chalicelib.kit.tables import Get
from chalicelib.kit.text import FactorName, Token
from chalicelib.kit.webauthn import Unfit, read_registration


class ConfirmPasskey(Body):
    """What the device answered."""

    ticket: Token
    credential: Annotated[Registration, Meta(title="Ответ устройства")]
    name: Annotated[FactorName | None, Meta(title="Название ключа")] = None


@operation(
    "POST /v1/factors/passkeys/confirmations",
    allow=EVERYBODY,
    full=True,
    reads=[Account],
    writes=[Update(Account), Put(Once)],
    effects=[TellOwner],
    refuses=[PasskeyWrong, PasskeyNotStarted, PasskeyAlreadyAdded, TooManyPasskeys],
    audit="factor.passkey_added",
    status=201,
    memory=1024,
)
def confirm_passkey(call: Call, body: ConfirmPasskey) -> FactorsChanged:
    """Завершить подключение ключа доступа."""
    account = call.read(Get(Account, call.actor.person_id))
    values = ticket.unseal("passkey", body.ticket, account.person_id)
    if values is None:
        raise PasskeyNotStarted
    own = passkeys_of(account)
    if any(one.credential == body.credential.id for one in own.values()):
        raise PasskeyAlreadyAdded
    if len(own) >= MOST_PASSKEYS:
        raise TooManyPasskeys
    try:
        made = read_registration(f"passkey/{account.person_id}/{values['nonce']}", body.credential)
    except Unfit as unfit:
        raise PasskeyWrong(reason=str(unfit)) from None
    call.transaction.put(Once(what=f"passkey/{values['nonce']}", expires=values["until"]), PasskeyNotStarted)
    name = str(body.name or PASSKEY_NAME)
    added = Passkey(credential=made.id, key=made.key, count=made.count, name=name, added_at=call.now)
    own[call.new_id("fac")] = added
    told = "К вашему кабинету медработника подключён ключ доступа."
    return change_factors(
        call, account, told, "Ключ подключён: им можно войти.", {"passkeys": msgspec.to_builtins(own)}
    )
