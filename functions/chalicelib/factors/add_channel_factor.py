"""Codes by SMS or e-mail, switched off earlier, are wanted again."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorAlreadyOn
from chalicelib.factors.rules import FIXED_IDS, Channel
from chalicelib.factors.schemas import FactorsChanged, change_factors
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get

NAMES: dict[str, str] = {"sms": "коды по SMS", "email": "коды письмом"}


class AddChannelFactor(Body):
    """Which channel."""

    channel: Annotated[Channel, Meta(title="Канал", description="sms или email.")]


@operation(
    "POST /v1/factors/channels",
    allow=EVERYBODY,
    full=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[TellOwner],
    refuses=[FactorAlreadyOn],
    audit="factor.channel_added",
    status=201,
    memory=1024,
)
def add_channel_factor(call: Call, body: AddChannelFactor) -> FactorsChanged:
    """Снова включить коды по SMS или письмом."""
    account = call.read(Get(Account, call.actor.person_id))
    off = set(account.factors_off or [])
    if body.channel not in off:
        raise FactorAlreadyOn
    call.note(objects=[FIXED_IDS[body.channel]])
    told = f"В вашем кабинете медработника снова включены {NAMES[body.channel]}."
    return change_factors(call, account, told, "Способ включён.", {"factors_off": sorted(off - {body.channel})})
