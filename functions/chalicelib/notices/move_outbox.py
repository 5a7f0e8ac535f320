"""New outbox rows go to the queue of their channel."""

from typing import Any

from chalicelib.kit.catalogue import QUEUES, Stream
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job, enqueue
from chalicelib.kit.records.tables import Outbox


@worker(on=Stream(Outbox), uses=[QUEUES])
def move_outbox(job: Job, changes: list[dict[str, Any]]) -> None:  # noqa: ARG001 - the form of a stream worker
    """Передать новые сообщения в очереди каналов."""
    for image in (one["dynamodb"]["NewImage"] for one in changes):
        if "channel" in image:
            enqueue(image["channel"]["S"], image["effect_id"]["S"])
