"""Every hour the journal is gone over: what was not sealed is sealed late, and waiting seals go to the locked bucket."""

from collections.abc import Iterator
from typing import Final

from chalicelib.kit import clock, log
from chalicelib.kit.catalogue import KEEP_SEAL, SIGN_SEAL, Every, Put, Query, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.tables import Get, patiently
from chalicelib.kit.trail.tables import HOUR_SHARDS, JournalRecord
from chalicelib.seals import tables
from chalicelib.seals.rules import MOST
from chalicelib.seals.schemas import publish, read_position, read_records, seal, spend, waiting
from chalicelib.seals.tables import LOST, JournalLeaf, Seal, SealCheck, SealHead, SealKey, SealNode

SETTLED_SECONDS: Final = 600  # by then the stream has brought what it will bring, and indexes show what is written
SEALING_SECONDS: Final = 400
PUBLISHING_SECONDS: Final = 400  # the last object may take 42 seconds more: a put and a look, each tried three times


@worker(
    on=Every(minutes=60),
    reads=[
        *(SealCheck, SealHead, SealNode, Seal, JournalLeaf, Query(JournalRecord)),
        *(Query(JournalRecord.by_hour), Query(Seal.by_unpublished)),
    ],
    writes=[*map(Put, (SealCheck, JournalLeaf, SealNode, SealHead, Seal, SealKey)), Update(Seal)],
    uses=[SIGN_SEAL, KEEP_SEAL],
    timeout=900,
)
def reconcile_journal(job: Job) -> None:
    """Допечатать пропущенные записи журнала."""
    hour = tables.present_hour()
    check = read_position(job, LOST, first=hour - 2, last=hour)
    try:
        spend(SEALING_SECONDS, _seal_lost(job, check))
    finally:  # also when nothing more may be sealed
        spend(PUBLISHING_SECONDS, publish(waiting(), job.trace_id))
    log.event("journal-reconciled", job.trace_id, state=clock.moment(int(check.number) * 3600))


def _seal_lost(job: Job, check: SealCheck) -> Iterator[None]:
    """Seal what the hours that are over hold without a leaf, one page a step; moves the position."""
    settled = clock.epoch() - SETTLED_SECONDS
    while (int(check.number) + 1) * 3600 <= settled:
        keys, more = tables.records_of_hour(check).page(MOST, None)
        leaves = job.read(*(Get(JournalLeaf, one.person_id, one.record_id) for one in keys)) if keys else []
        lost = [key for key, leaf in zip(keys, leaves, strict=True) if leaf is None]
        found = [tables.one_record(key.person_id, key.record_id).stored_page(1, None)[0] for key in lost]
        seal(read_records(((stored, "") for page in found for stored in page), job.trace_id), job.trace_id)
        if more:
            check.record_id = keys[-1].record_id
        else:
            hour, check.shard = divmod(int(check.number) * HOUR_SHARDS + int(check.shard) + 1, HOUR_SHARDS)
            check.number, check.record_id = hour, "rec_"
        patiently(check.save)
        yield
