"""Every hour the journal is compared with its seals: what was not sealed is sealed late, what differs is an alarm."""

import json
from typing import Final

from chalicelib.kit import clock, log
from chalicelib.kit.catalogue import KEEP_SEAL, SIGN_SEAL, Every, Put, Query, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.tables import Get, patiently
from chalicelib.kit.trail.tables import HOUR_SHARDS, JournalRecord, shortest_seconds
from chalicelib.seals import tables
from chalicelib.seals.rules import MOST, digest, leaf_hash, stored_text
from chalicelib.seals.schemas import alarm, publish_waiting, read_records, seal
from chalicelib.seals.tables import CHAIN, JournalLeaf, Seal, SealCheck, SealHead, SealKey, SealNode

SETTLED_SECONDS: Final = 600  # by then the stream has brought what it will bring, and indexes show what is written
STEPS: Final = 2000  # pages of records and seals in one run; the position is stored after each


@worker(
    on=Every(minutes=60),
    reads=[
        *(SealCheck, SealHead, SealNode, Seal, JournalLeaf),
        *map(Query, (JournalRecord, Seal)),
        *(Query(JournalRecord.by_hour), Query(JournalLeaf.by_seal), Query(Seal.by_unpublished)),
    ],
    writes=[*map(Put, (SealCheck, JournalLeaf, SealNode, SealHead, Seal)), *map(Update, (Seal, SealKey))],
    uses=[SIGN_SEAL, KEEP_SEAL],
    timeout=900,
)
def reconcile_journal(job: Job) -> None:
    """Сверить журнал с печатями."""
    publish_waiting(job.trace_id)
    (stored,) = job.read(Get(SealCheck, CHAIN))
    check = stored or SealCheck(hour=tables.present_hour() - 2)
    settled, steps = clock.epoch() - SETTLED_SECONDS, 0
    while steps < STEPS and (int(check.hour) + 1) * 3600 <= settled:
        _seal_lost(job, check)
        steps += 1
    for one in Seal.since(int(check.seal)).run(STEPS - steps, None) if steps < STEPS else ():
        if one.made_at > settled:
            break
        _compare(job, one)
        check.seal = int(one.number) + 1
        patiently(check.save)
    log.event("journal-reconciled", job.trace_id, count=int(check.seal) - 1, state=clock.moment(check.hour * 3600))


def _seal_lost(job: Job, check: SealCheck) -> None:
    """Seal what one page of an hour's records holds without a leaf; moves the position."""
    keys, more = tables.records_of_hour(check).page(MOST, None)
    leaves = job.read(*(Get(JournalLeaf, one.person_id, one.record_id) for one in keys)) if keys else []
    lost = [key for key, leaf in zip(keys, leaves, strict=True) if leaf is None]
    found = [tables.one_record(key.person_id, key.record_id).stored_page(1, None)[0] for key in lost]
    seal(read_records(((stored, "") for page in found for stored in page), job.trace_id), job.trace_id)
    if more:
        check.record_id = keys[-1].record_id
    else:
        hour, check.shard = divmod(int(check.hour) * HOUR_SHARDS + int(check.shard) + 1, HOUR_SHARDS)
        check.hour, check.record_id = hour, "rec_"
    patiently(check.save)


def _compare(job: Job, sealed: Seal) -> None:
    """Compare the leaves and records of a seal with what it was made of."""
    number, leaves = int(sealed.number), list(JournalLeaf.of_seal(int(sealed.number)).run(None, None))
    hashes = {leaf_hash(one.text) for one in leaves}
    may_have_expired = sealed.made_at + shortest_seconds() < clock.epoch()
    if not hashes <= set(sealed.hashes) or (len(hashes) < len(sealed.hashes) and not may_have_expired):
        alarm(job.trace_id, "leaves-differ", seal=number)
    for leaf in leaves:
        said = json.loads(leaf.text)
        page, _ = tables.one_record(leaf.person_id, leaf.record_id).stored_page(1, None)
        if not page and said["expires"] >= clock.epoch():
            alarm(job.trace_id, "record-removed", seal=number, record=leaf.record_id)
        if page and digest(stored_text(page[0])) != said["record"]:
            alarm(job.trace_id, "record-changed", seal=number, record=leaf.record_id)
