"""Кадры open the card of a worker's account."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account, Employment
from chalicelib.kit import clock, identifiers
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


class WorkerCard(Answer):
    """What кадры may see of an account."""

    person_id: Annotated[str, Meta(title="Номер работника в кабинете")]
    identity: Annotated[str, Meta(title="Личность", description="claimed — не подтверждена, confirmed — подтверждена.")]
    phone: Annotated[str | None, Meta(title="Телефон", description="Часть цифр скрыта.")]
    email: Annotated[str | None, Meta(title="Почта", description="Часть адреса скрыта.")]
    matched_at: Annotated[str, Meta(title="Когда сверено с регистром")]


@operation(
    "GET /v1/accounts/{person_id}",
    allow={Role.HR: InOrganisation()},
    reads=[Account, Employment],
    audit="worker.read",
)
def read_worker(call: Call, person_id: str) -> WorkerCard:
    """Открыть карточку работника своей организации."""
    organisation_id = call.actor.organisation_id or ""
    employment, account = call.read(Get(Employment, person_id, organisation_id), Get(Account, person_id))
    contacts = contacts_of(account) if account.contacts else None
    call.headers["ETag"] = account.etag
    return WorkerCard(
        person_id=person_id,
        identity=account.assurance,
        phone=identifiers.mask_phone(contacts.phone) if contacts else None,
        email=identifiers.mask_email(contacts.email) if contacts else None,
        matched_at=clock.moment(employment.matched_at),
    )
