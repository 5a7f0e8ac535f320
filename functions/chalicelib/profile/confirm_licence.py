"""The organisation confirms the licence number that its worker proposed (D20)."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import ConfirmingOneself
from chalicelib.accounts.tables import Employment
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Licence
from chalicelib.profile.refusals import LicenceNotProposed
from chalicelib.profile.schemas import open_profile, seal_profile
from chalicelib.profile.tables import Profile


class ConfirmLicence(Body):
    """The number as the organisation knows it: it must be the proposed one."""

    licence_number: Licence


class LicenceConfirmed(Answer):
    """The number holds."""

    licence_number: Annotated[str, Meta(title="Регистрационный номер лицензии")]
    licence_state: Annotated[str, Meta(title="Состояние номера лицензии")]


@operation(
    "POST /v1/profile/licences/{person_id}/confirmations",
    allow={Role.HR: InOrganisation()},
    reads=[Employment, Profile],
    writes=[Update(Profile)],
    refuses=[LicenceNotProposed, ConfirmingOneself],
    audit="licence.confirmed",
)
def confirm_licence(call: Call, person_id: str, body: ConfirmLicence) -> LicenceConfirmed:
    """Подтвердить номер лицензии, предложенный работником."""
    if person_id == call.actor.person_id:
        raise ConfirmingOneself
    _, profile = call.read(Get(Employment, person_id, call.actor.organisation_id), Get(Profile, person_id))
    data = open_profile(profile)
    if data.licence_state != "proposed" or data.licence_number != body.licence_number:
        raise LicenceNotProposed
    data.licence_state = "confirmed"
    call.note(fields=["licence_state"])
    call.transaction.update(profile, Profile.sealed.set(seal_profile(profile, data)))
    return LicenceConfirmed(licence_number=body.licence_number, licence_state="confirmed")
