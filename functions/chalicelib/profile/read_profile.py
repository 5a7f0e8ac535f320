"""One's own profile."""

from chalicelib.kit.access import Own, Role
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.profile.schemas import ProfileView, open_profile, view
from chalicelib.profile.tables import Profile


@operation(
    "GET /v1/profile",
    allow={Role.WORKER: Own()},
    claimed=True,
    reads=[Profile],
    audit="profile.read",
)
def read_profile(call: Call) -> ProfileView:
    """Показать свой профиль."""
    profile = call.read(Get(Profile, call.actor.person_id))
    call.headers["ETag"] = profile.etag
    return view(profile, open_profile(profile))
