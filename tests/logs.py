"""What the tests of journal files and of checks share."""

from datetime import UTC, datetime
from typing import Any

import make
from conftest import World

from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit import clock, ids
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

AUTHORITY = "1.2.643.5.1.13.13.12.2.77.1"
OTHER_AUTHORITY = "1.2.643.5.1.13.13.12.2.77.2"
DAY = 24 * 3600


def record(person_id: str, at: datetime | None = None, number: int = 0, **facts: Any) -> JournalRecord:
    """Make a journal record of a moment; `number` orders those of one moment."""
    milliseconds = int((at or clock.now()).timestamp() * 1000)
    kind = str(facts.pop("kind", "profile.changed"))
    return JournalRecord(
        person_id=person_id,
        record_id=f"{ids.floor('rec', milliseconds)[:-20]}7{number:019x}",
        kind=kind,
        person_kind=f"{person_id}#{kind}",
        **{"operation": "change_profile", "outcome": "done", "role": "worker", "trace_id": "trace"} | facts,
        expires=clock.epoch() + 9 * DAY,
    )


def fill(person_id: str, count: int, **facts: Any) -> list[str]:
    """Write so many records of the last seconds; return their numbers, newest first."""
    at = datetime.fromtimestamp(clock.epoch() - 60, UTC)
    made = [record(person_id, at, number, **facts) for number in range(count)]
    with JournalRecord.batch_write() as batch:
        for one in made:
            batch.save(one)
    return [str(one.record_id) for one in reversed(made)]


def officer(organisation_id: str = AUTHORITY) -> make.Person:
    """Make a signed-in officer of a supervising authority."""
    return make.person(Role.AUTHORITY, organisation_id, works_at=None)


def order(**changes: Any) -> dict[str, Any]:
    """Write the body that opens a check of the hospital over the last month."""
    today = clock.today()
    return {
        "organisation_id": make.HOSPITAL,
        "order_number": "118-П/26",
        "order_date": today.isoformat(),
        "since": today.replace(day=1).isoformat(),
        "until": today.isoformat(),
        "days": 10,
    } | changes


def opened(world: World, by: make.Person, **changes: Any) -> str:
    """Open a check and return its number."""
    answer = world.client.call("open_check", order(**changes), by=by)
    assert answer.status == 201, answer.raw
    return str(answer.json["check_id"])


def pointer(world: World, by: make.Person, check_id: str) -> str:
    """Read a check and return the pointer to the journal."""
    return str(world.client.call("read_check", by=by, check_id=check_id).json["pointer"])


def look(world: World, by: make.Person, check_id: str, given: str, **query: Any) -> make.Answer:
    """Ask for the journal of a check."""
    return world.client.call("list_organisation_acts", by=by, check_id=check_id, query={"pointer": given} | query)


def close(world: World, by: make.Person, check_id: str, tag: str = '"1"') -> make.Answer:
    """Close a check."""
    return world.client.call("close_check", by=by, check_id=check_id, match=tag)


def stored(check_id: str, authority: str = AUTHORITY) -> OrganisationCheck:
    """Read a check as it is stored."""
    return OrganisationCheck.get(authority, check_id, consistent_read=True)
