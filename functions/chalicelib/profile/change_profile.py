"""Changing personal and professional data; saving starts a check by itself."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.kit import clock
from chalicelib.kit.access import Own, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Licence, Ogrn, Ogrnip, PersonInn, PersonName, PersonnelNumber, Text
from chalicelib.profile.refusals import NothingToChange
from chalicelib.profile.rules import Qualification, changed
from chalicelib.profile.schemas import CheckProfile, ProfileView, open_profile, seal_profile, view
from chalicelib.profile.tables import Profile


class ChangeProfile(Body):
    """A merge patch: absent fields stay, null clears."""

    last_name: Annotated[PersonName | UnsetType, Meta(title="Фамилия")] = UNSET
    first_name: Annotated[PersonName | UnsetType, Meta(title="Имя")] = UNSET
    middle_name: Annotated[PersonName | UnsetType | None, Meta(title="Отчество")] = UNSET
    birth_date: Annotated[date | UnsetType, Meta(title="Дата рождения")] = UNSET
    inn: PersonInn | UnsetType | None = UNSET
    personnel_number: PersonnelNumber | UnsetType | None = UNSET
    speciality: Annotated[Text | UnsetType | None, Meta(title="Специальность")] = UNSET
    qualification: Annotated[Qualification | UnsetType | None, Meta(title="Квалификационная категория")] = UNSET
    licence_number: Licence | UnsetType | None = UNSET
    organisation_ogrn: Ogrn | UnsetType | None = UNSET
    ogrnip: Ogrnip | UnsetType | None = UNSET


@operation(
    "PATCH /v1/profile",
    allow={Role.WORKER: Own()},
    claimed=True,
    match=True,
    reads=[Profile],
    writes=[Update(Profile)],
    effects=[CheckProfile],
    refuses=[NothingToChange],
    audit="profile.changed",
)
def change_profile(call: Call, body: ChangeProfile) -> ProfileView:
    """Изменить личные и профессиональные данные."""
    profile = call.read(Get(Profile, call.actor.person_id))
    call.match(profile)
    before = open_profile(profile)
    changes = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    after = changed(before, changes, clock.today())
    names = sorted(name for name in changes if getattr(after, name) != getattr(before, name))
    if not names:
        raise NothingToChange
    call.note(fields=names)
    profile.status = "on_check" if call.actor.confirmed else "not_checked"
    call.transaction.update(
        profile,
        Profile.sealed.set(seal_profile(profile, after)),
        Profile.status.set(profile.status),
        Profile.changed_fields.set(sorted({*profile.changed_fields, *names})),
    )
    if call.actor.confirmed:
        call.transaction.send(CheckProfile(person_id=profile.person_id))
    call.tag(int(profile.version) + 1)
    return view(profile, after)
