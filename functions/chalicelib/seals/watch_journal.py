"""A journal record never changes, and only its time to live removes it: whatever else happens is an alarm."""

from typing import Any, Final

from chalicelib.kit.catalogue import Stream
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals.schemas import alarm

_STATES: Final = {"MODIFY": "record-changed", "REMOVE": "record-removed"}


@worker(on=Stream(JournalRecord, kinds=("MODIFY", "REMOVE")))
def watch_journal(job: Job, changes: list[dict[str, Any]]) -> None:
    """Поднять тревогу, если запись журнала изменили или удалили."""
    for one in changes:
        by_service = one.get("userIdentity") or {}
        if one["eventName"] == "REMOVE" and by_service.get("principalId") == "dynamodb.amazonaws.com":
            continue
        alarm(job.trace_id, _STATES[one["eventName"]], record=one["dynamodb"]["Keys"]["record_id"]["S"])
