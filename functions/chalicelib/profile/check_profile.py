"""«Проверить данные»: the profile is compared with the register at once, with exactly one of three results."""

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.refusals import RegisterUnavailable
from chalicelib.kit.access import Own, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Get
from chalicelib.profile.schemas import ProfileView, SendToRegister, open_profile, settle, view
from chalicelib.profile.tables import Confirmation, Profile


@operation(
    "POST /v1/profile/checks",
    allow={Role.WORKER: Own()},
    match=True,
    reads=[Profile, Breaker],
    writes=[Update(Profile), Put(Confirmation), Update(Breaker)],
    uses=[Outside(SYSTEM)],
    effects=[SendToRegister],
    refuses=[RegisterUnavailable],
    audit="profile.checked",
)
def check_profile(call: Call) -> ProfileView:
    """Проверить данные по регистру медицинских работников."""
    profile, breaker = call.look(Get(Profile, call.actor.person_id), BREAKER)
    if profile is None:
        raise NotFound
    call.match(profile)
    data = open_profile(profile)
    worker = Register(breaker, call.trace_id).ask(data.snils, call.transaction)
    settle(call.transaction, profile, data, worker)
    call.tag(int(profile.version))
    return view(profile, data)
