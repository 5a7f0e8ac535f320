"""What one confirms one's acts with."""

from chalicelib.accounts.tables import Account
from chalicelib.factors.schemas import FactorsView, views_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


@operation("GET /v1/factors", allow=EVERYBODY, reads=[Account], audit="factors.read")
def list_factors(call: Call) -> FactorsView:
    """Показать свои способы подтверждения."""
    account = call.read(Get(Account, call.actor.person_id))
    return FactorsView(items=views_of(call, account))
