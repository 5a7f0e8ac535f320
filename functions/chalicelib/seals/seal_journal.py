"""New journal records are sealed within a minute."""

from typing import Any

from chalicelib.kit.catalogue import KEEP_SEAL, SIGN_SEAL, Put, Stream, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals.schemas import publish, read_records, seal
from chalicelib.seals.tables import JournalLeaf, Seal, SealHead, SealKey, SealNode

BATCHING_SECONDS = 20


@worker(
    on=Stream(JournalRecord, batching_seconds=BATCHING_SECONDS),
    reads=[SealHead, SealNode, JournalLeaf],
    writes=[*map(Put, (JournalLeaf, SealNode, SealHead, Seal, SealKey)), Update(Seal)],
    uses=[SIGN_SEAL, KEEP_SEAL],
)
def seal_journal(job: Job, changes: list[dict[str, Any]]) -> None:
    """Опечатать новые записи журнала."""
    new = [one["dynamodb"] for one in changes]
    records = read_records(((one["NewImage"], str(one["SequenceNumber"])) for one in new), job.trace_id)
    made = seal(records, job.trace_id)
    list(publish(made, job.trace_id))
