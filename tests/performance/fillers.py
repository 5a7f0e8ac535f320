"""What long lists are filled with: the n-th item of an owner, for each table that lists read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import logs

from chalicelib.administration.tables import Organisation
from chalicelib.help.tables import PageRating
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit import clock, secret
from chalicelib.kit.tables import Table
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.tables import Confirmation
from chalicelib.roles.tables import Invitation, RoleHolder
from chalicelib.seals.tables import JournalLeaf

LIFE = 24 * 3600
MONTHS = {"pharmacy": "2001-01", "education": "2001-02", "hospital": "2001-03"}


@dataclass(frozen=True)
class Owner:
    """To whom the items of a list belong: a person, his organisation, or a kind of organisations."""

    number: int
    person: str
    organisation: str
    kind: str = "other"


@lru_cache(maxsize=1)
def soon() -> int:
    """Return one moment of today that is later than the records of the measured calls themselves."""
    return clock.epoch() // 3600 * 3600 + 2 * 3600


def record(owner: Owner, number: int) -> Table:
    """Make an act of the person at the organisation, which somebody saw as one on the person."""
    facts = {"subject_id": owner.person, "organisation_id": owner.organisation}
    return logs.record(owner.person, datetime.fromtimestamp(soon(), UTC), number, **facts)


def check(owner: Owner, number: int) -> Table:
    """Make a check by the organisation of itself, so that one filling serves both sides."""
    return OrganisationCheck(
        organisation_id=owner.organisation,
        checked_id=owner.organisation,
        check_id=f"chk_{number:032x}",
        order_number="118-П/26",
        order_date="2026-11-02",
        since="2026-11-01",
        until="2026-11-30",
        opened_by=owner.person,
        opened_at=soon(),
        closes_at=soon() + LIFE,
    )


def confirmation(owner: Owner, number: int) -> Table:
    """Make a confirmation as large as a real one."""
    return Confirmation(
        person_id=owner.person,
        confirmation_id=f"cnf_{number:032x}",
        wrapped_key=bytes(184),
        sealed=bytes(700),
        made_at=soon(),
    )


def holder(owner: Owner, number: int) -> Table:
    """Make a holder of кадры's role at the organisation."""
    person = f"psn_{number:032x}"
    return RoleHolder(
        place=owner.organisation,
        role_person=f"hr#{person}",
        person_id=person,
        login=f"person_{number:010}",
        role="hr",
        organisation_id=owner.organisation,
        granted_by=owner.person,
        version=soon(),
    )


def invitation(owner: Owner, number: int) -> Table:
    """Make an open invitation to the organisation."""
    name = f"inv_{number:032x}"
    return Invitation(
        place=owner.organisation,
        invitation_id=name,
        role="hr",
        organisation_id=owner.organisation,
        snils_hash=f"{number:064x}",
        sealed_email=secret.seal("invitation", b"doctor@example.ru", name.encode()),
        secret_hash=f"{number:064x}",
        granted_by=owner.person,
        until=soon() + LIFE,
        expires=soon() + LIFE,
    )


def organisation(owner: Owner, number: int) -> Table:
    """Make an organisation of the owner's kind."""
    name = f"Организация {number:010}"
    return Organisation(
        organisation_id=f"org_{owner.number:016x}{number:016x}",
        kind=owner.kind,
        name=name,
        name_key=name.lower(),
        ogrn="1027700132195",
    )


def month(owner: Owner) -> str:
    """Return the month that stands for an owner of ratings, since these belong to nobody."""
    return MONTHS.get(owner.kind, str(owner.number))


def rating(owner: Owner, number: int) -> Table:
    """Make the sums of one page; a real month has as many as the help centre has pages."""
    return PageRating(month=month(owner), place=f"page-{number:010}/#1.0", useful=number, not_useful=1, unclear=1)


def leaf(owner: Owner, number: int) -> Table:
    """Make a link of the person's chain as long as a real one."""
    return JournalLeaf(
        person_id=owner.person,
        record_id=f"rec_{number:032x}",
        seal=owner.number * 10_000 + number // 32,
        text="x" * 320,
        expires=soon() + LIFE,
    )


FILLERS: dict[type[Table], Callable[[Owner, int], Table]] = {
    JournalRecord: record,
    JournalLeaf: leaf,
    OrganisationCheck: check,
    Confirmation: confirmation,
    RoleHolder: holder,
    Invitation: invitation,
    Organisation: organisation,
    PageRating: rating,
}
