"""A supervising authority opens a check of an organisation."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from chalicelib.journal.rules import refuse_impossible_check
from chalicelib.journal.schemas import AuthorityCheck, view
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit import clock
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put
from chalicelib.kit.declare import operation
from chalicelib.kit.text import OrderNumber, OrganisationOid


class OpenCheck(Body):
    """Whom the authority checks, by which order, over which period, and for how long."""

    organisation_id: OrganisationOid
    order_number: OrderNumber
    order_date: Annotated[date, Meta(title="Дата приказа", description="Не позже сегодняшнего дня.")]
    since: Annotated[date, Meta(title="Проверяемый период: с какого дня", description="По московскому времени.")]
    until: Annotated[date, Meta(title="Проверяемый период: по какой день", description="Включительно.")]
    days: Annotated[int, Meta(title="На сколько дней открыть", description="От 1 до 60 суток.", ge=1, le=60)]


@operation(
    "POST /v1/journal/checks",
    allow={Role.AUTHORITY: InOrganisation()},
    fresh=True,
    writes=[Put(OrganisationCheck)],
    audit="check.opened",
    status=201,
)
def open_check(call: Call, body: OpenCheck) -> AuthorityCheck:
    """Открыть проверку организации."""
    own = call.actor.organisation_id or ""
    refuse_impossible_check(own, body.organisation_id, body.order_date, body.since, body.until, clock.today())
    check = OrganisationCheck(
        organisation_id=own,
        check_id=call.new_id("chk"),
        checked_id=str(body.organisation_id),
        order_number=str(body.order_number),
        order_date=body.order_date.isoformat(),
        since=body.since.isoformat(),
        until=body.until.isoformat(),
        opened_by=call.actor.person_id,
        opened_at=call.now,
        closes_at=call.now + body.days * 24 * 3600,
    )
    call.transaction.put(check)
    call.tag(1)
    return view(check)
