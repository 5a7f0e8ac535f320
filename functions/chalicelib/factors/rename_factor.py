"""A name of one's own for an app or a passkey."""

import msgspec

from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotNamed
from chalicelib.factors.schemas import FactorsView, own_factor, passkeys_of, views_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.text import FactorName


class RenameFactor(Body):
    """The new name."""

    name: FactorName


@operation(
    "PATCH /v1/factors/{factor_id}",
    allow=EVERYBODY,
    match=True,
    reads=[Account],
    writes=[Update(Account)],
    refuses=[FactorNotNamed],
    audit="factor.renamed",
)
def rename_factor(call: Call, factor_id: str, body: RenameFactor) -> FactorsView:
    """Переименовать способ подтверждения."""
    account = call.read(Get(Account, call.actor.person_id))
    factor = own_factor(call, account, factor_id)
    call.note(objects=[factor_id], fields=["name"])
    if factor.kind == "totp":
        account.totp_name = str(body.name)
        call.transaction.update(account, Account.totp_name.set(account.totp_name))
    elif factor.kind == "passkey":
        own = passkeys_of(account)
        own[factor_id].name = str(body.name)
        account.passkeys = msgspec.to_builtins(own)
        call.transaction.update(account, Account.passkeys.set(account.passkeys))
    else:
        raise FactorNotNamed
    return FactorsView(items=views_of(call, account))
