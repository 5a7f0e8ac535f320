"""An authority closes its check; the organisation's journal closes with it."""

from chalicelib.journal.refusals import CheckEnded
from chalicelib.journal.schemas import AuthorityCheck, view
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get


@operation(
    "POST /v1/journal/checks/{check_id}/closings",
    allow={Role.AUTHORITY: InOrganisation()},
    match=True,
    reads=[OrganisationCheck],
    writes=[Update(OrganisationCheck)],
    refuses=[CheckEnded],
    audit="check.closed",
)
def close_check(call: Call, check_id: str) -> AuthorityCheck:
    """Закрыть проверку организации."""
    check = call.read(Get(OrganisationCheck, call.actor.organisation_id or "", check_id))
    call.note(objects=[check_id])
    call.match(check)
    if check.status != "open":
        raise CheckEnded
    by, at = OrganisationCheck.closed_by.set(call.actor.person_id), OrganisationCheck.closed_at.set(call.now)
    call.transaction.update(check, by, at)
    call.tag(int(check.version) + 1)
    check.closed_by, check.closed_at = call.actor.person_id, call.now
    return view(check)
