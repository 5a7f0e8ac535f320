"""One check, with the pointer to the organisation's journal."""

from typing import Annotated

from msgspec import Meta

from chalicelib.journal.schemas import AuthorityCheck, give_pointer, outline
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


class AuthorityCheckCard(AuthorityCheck):
    """A check, and with what its journal is asked."""

    pointer: Annotated[
        str | None, Meta(title="Указатель журнала", description="Передайте в list_organisation_acts; null — завершена.")
    ]


@operation(
    "GET /v1/journal/checks/{check_id}",
    allow={Role.AUTHORITY: InOrganisation()},
    reads=[OrganisationCheck],
    audit="check.read",
)
def read_check(call: Call, check_id: str) -> AuthorityCheckCard:
    """Открыть карточку проверки."""
    check = call.read(Get(OrganisationCheck, call.actor.organisation_id or "", check_id))
    call.note(objects=[check_id])
    call.tag(int(check.version))
    pointer = give_pointer(call.actor, check) if check.status == "open" else None
    return AuthorityCheckCard(**outline(check), opened_by=check.opened_by, closed_by=check.closed_by, pointer=pointer)
