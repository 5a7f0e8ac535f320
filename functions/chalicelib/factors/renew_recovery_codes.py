"""A new set of recovery codes; the former one stops."""

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.factors.rules import FIXED_IDS
from chalicelib.factors.schemas import FactorsChanged, change_factors
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


@operation(
    "POST /v1/factors/recovery_codes",
    allow=EVERYBODY,
    full=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[TellOwner],
    audit="factor.codes_renewed",
    status=201,
    memory=1024,
)
def renew_recovery_codes(call: Call) -> FactorsChanged:
    """Получить новые резервные коды."""
    account = call.read(Get(Account, call.actor.person_id))
    call.note(objects=[FIXED_IDS["recovery"]])
    return change_factors(call, account, "Выпущены новые резервные коды вашего кабинета.", "Резервные коды готовы.", {})
