"""Кадры find a worker of their organisation."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import own_passport
from chalicelib.accounts.tables import Employment
from chalicelib.kit import secret
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.text import Snils


class FindWorker(Body):
    """Whom to find."""

    snils: Snils


class FoundWorker(Answer):
    """The worker by the register."""

    person_id: Annotated[str, Meta(title="Номер работника в кабинете")]
    last_name: Annotated[str, Meta(title="Фамилия")]
    first_name: Annotated[str, Meta(title="Имя")]
    middle_name: Annotated[str | None, Meta(title="Отчество")]
    position: Annotated[str, Meta(title="Должность")]


@operation(
    "POST /v1/accounts/searches",
    allow={Role.HR: InOrganisation()},
    reads=[Query(Employment.by_snils)],
    audit="worker.found",
)
def find_worker(call: Call, body: FindWorker) -> FoundWorker:
    """Найти работника своей организации по СНИЛС."""
    snils_hash = secret.look_up("snils", body.snils)
    page = call.page(Employment.of_organisation(call.actor.organisation_id or "", snils_hash), 1, None)
    if not page.items:
        raise NotFound
    found: Employment = page.items[0]
    call.prove(found)
    passport = own_passport(found)
    return FoundWorker(
        person_id=found.person_id,
        last_name=passport.last_name,
        first_name=passport.first_name,
        middle_name=passport.middle_name,
        position=passport.position,
    )
