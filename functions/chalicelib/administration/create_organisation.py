"""An organisation enters the cabinet, so that roles may be held there."""

from chalicelib.administration.refusals import OrganisationExists
from chalicelib.administration.schemas import (
    OrganisationKind,
    OrganisationName,
    OrganisationView,
    name_key,
    show_organisation,
)
from chalicelib.administration.tables import Organisation
from chalicelib.kit import ids
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put
from chalicelib.kit.declare import operation
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import Ogrn, Oid


class CreateOrganisation(Body):
    """What the organisation is; a medical one is known by its OID."""

    kind: OrganisationKind
    name: OrganisationName
    ogrn: Ogrn
    oid: Oid | None = None


@operation(
    "POST /v1/administration/organisations",
    allow={Role.ADMIN: WholeCabinet()},
    writes=[Put(Organisation)],
    refuses=[OrganisationExists],
    audit="organisation.created",
    status=201,
)
def create_organisation(call: Call, body: CreateOrganisation) -> OrganisationView:
    """Завести организацию."""
    if body.kind == "hospital" and body.oid is None:
        raise WrongFields([wrong("/oid", "У медицинской организации есть OID: укажите его.", "required")])
    made = Organisation(
        organisation_id=str(body.oid or ids.new("org")),
        kind=body.kind,
        name=body.name,
        name_key=name_key(body.name),
        ogrn=body.ogrn,
    )
    call.note(objects=[made.organisation_id])
    call.transaction.put(made, OrganisationExists)
    call.tag(1)
    return show_organisation(made)
