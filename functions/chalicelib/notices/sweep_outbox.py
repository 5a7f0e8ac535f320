"""What a lost stream record left behind is put into its queue again."""

from chalicelib.kit.catalogue import QUEUES, Every, Query
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job, enqueue, overdue_before
from chalicelib.kit.outbox import SHARDS
from chalicelib.kit.records.tables import Outbox

AT_ONCE = 20


@worker(on=Every(minutes=1), reads=[Query(Outbox.by_pending)], uses=[QUEUES])
def sweep_outbox(job: Job) -> None:  # noqa: ARG001 - the form of a clock worker
    """Передать в очереди сообщения, которые ждут слишком долго."""
    for shard in range(SHARDS):
        for row in Outbox.overdue(shard, overdue_before()).run(AT_ONCE, None):
            enqueue(row.channel, row.effect_id)
