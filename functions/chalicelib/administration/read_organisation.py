"""The card of one organisation."""

from chalicelib.administration.schemas import OrganisationView, show_organisation
from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


@operation(
    "GET /v1/administration/organisations/{organisation_id}",
    allow={Role.ADMIN: WholeCabinet()},
    reads=[Organisation],
    audit="organisation.read",
)
def read_organisation(call: Call, organisation_id: str) -> OrganisationView:
    """Открыть карточку организации."""
    found = call.read(Get(Organisation, organisation_id))
    call.headers["ETag"] = found.etag
    return show_organisation(found)
