"""An organisation is renamed, corrected, closed or opened again; closing ends nothing, it stops invitations."""

from typing import Any

from msgspec import UNSET, UnsetType

from chalicelib.administration.schemas import (
    OrganisationName,
    OrganisationState,
    OrganisationView,
    name_key,
    show_organisation,
)
from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Ogrn
from chalicelib.profile.refusals import NothingToChange


class ChangeOrganisation(Body):
    """New values; absent fields stay."""

    name: OrganisationName | UnsetType = UNSET
    ogrn: Ogrn | UnsetType = UNSET
    state: OrganisationState | UnsetType = UNSET


@operation(
    "PATCH /v1/administration/organisations/{organisation_id}",
    allow={Role.ADMIN: WholeCabinet()},
    match=True,
    reads=[Organisation],
    writes=[Update(Organisation)],
    refuses=[NothingToChange],
    audit="organisation.changed",
)
def change_organisation(call: Call, organisation_id: str, body: ChangeOrganisation) -> OrganisationView:
    """Изменить или закрыть организацию."""
    found = call.read(Get(Organisation, organisation_id))
    call.match(found)
    said: dict[str, Any] = {"name": body.name, "ogrn": body.ogrn, "state": body.state}
    changed = {name: value for name, value in said.items() if value is not UNSET and value != getattr(found, name)}
    if not changed:
        raise NothingToChange
    call.note(objects=[organisation_id], fields=sorted(changed))
    if "name" in changed:
        changed["name_key"] = name_key(changed["name"])
    actions = [getattr(Organisation, name).set(value) for name, value in changed.items()]
    call.transaction.update(found, *actions)
    for name, value in changed.items():
        setattr(found, name, value)
    after = show_organisation(found)
    after.version += 1
    call.tag(after.version)
    return after
