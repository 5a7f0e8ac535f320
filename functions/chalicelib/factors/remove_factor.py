"""A factor goes: an app, a passkey, the recovery codes; codes by SMS or e-mail are switched off."""

from typing import Any

import msgspec

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import LastFactor
from chalicelib.factors.rules import refuse_last
from chalicelib.factors.schemas import FactorsChanged, FactorView, change_factors, own_factor, passkeys_of, views_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get

NO_APP = {"totp": None, "totp_pending": None, "totp_name": None, "totp_added_at": 0}


@operation(
    "DELETE /v1/factors/{factor_id}",
    allow=EVERYBODY,
    full=True,
    match=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[TellOwner],
    refuses=[LastFactor],
    audit="factor.removed",
    memory=1024,
)
def remove_factor(call: Call, factor_id: str) -> FactorsChanged:
    """Удалить способ подтверждения."""
    account = call.read(Get(Account, call.actor.person_id))
    factor = own_factor(call, account, factor_id)
    call.note(objects=[factor_id])
    if factor.kind == "recovery":
        told, detail = "Резервные коды вашего кабинета удалены.", "Резервные коды удалены."
        return change_factors(call, account, told, detail, {}, renew=False)
    left = sum(one.enabled and one.kind != "recovery" for one in views_of(call, account)) - 1
    refuse_last(left)
    told = f"В вашем кабинете медработника больше нельзя подтвердить вход так: {factor.name or factor.title}."
    return change_factors(call, account, told, "Способ удалён.", _without(account, factor))


def _without(account: Account, factor: FactorView) -> dict[str, Any]:
    if factor.kind == "totp":
        return dict(NO_APP)
    if factor.kind == "passkey":
        own = passkeys_of(account)
        del own[factor.factor_id]
        return {"passkeys": msgspec.to_builtins(own)}
    return {"factors_off": sorted({*(account.factors_off or []), factor.kind})}
