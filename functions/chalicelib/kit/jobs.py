"""Running workers: events in, claimed effects delivered once, failures given back to the queue."""

import json
from functools import lru_cache
from typing import Any, Final

from chalicelib.kit import aws, catalogue, clock, ids, journal, log, outbox, settings
from chalicelib.kit.outbox import Effect
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.refusals import Busy, InternalError
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Step, Transaction, commit

MAX_ATTEMPTS: Final = 12
LEASE_SECONDS: Final = 60
GRACE_SECONDS: Final = 120


class Job:
    """One run of a worker."""

    def __init__(
        self, worker: catalogue.Worker, trace_id: str, effect_id: str = "", attempt: int = 1, age: int = 0
    ) -> None:
        self.worker = worker
        self.trace_id = trace_id
        self.effect_id = effect_id
        self.attempt = attempt
        self.last_try = attempt >= MAX_ATTEMPTS
        self.age = age
        self.outcome = "delivered"
        self.transaction = Transaction()

    def give_up(self) -> None:
        """Put the effect aside: the receiver refuses it for good."""
        self.outcome = "dead"

    def read(self, *gets: Get[Any]) -> list[Any]:
        """Read items in one trip; None stands for a missing one."""
        return fetch(gets)

    def record(self, person_id: str) -> None:
        """Write into a person's journal what the cabinet did for him."""
        made = journal.by_person(person_id, self.worker.audit, self.worker.name, self.trace_id)
        made.role = "system"
        self.transaction.put(made, InternalError)

    def commit(self, *more: Step) -> None:
        """Write what was gathered, all or nothing."""
        rows = [Step("put", outbox.row(one, self.trace_id), InternalError) for one in self.transaction.effects]
        if steps := [*self.transaction.steps, *rows, *more]:
            commit(steps)


def handle(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Run a worker on a Lambda event; a queue gets back the messages to be delivered again."""
    worker = catalogue.workers[name]
    if isinstance(worker.on, catalogue.Queue):
        failed = [one["messageId"] for one in event["Records"] if not _deliver(worker, json.loads(one["body"]))]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
    job = Job(worker, ids.token())
    if isinstance(worker.on, catalogue.Stream):
        worker.function(job, [one for one in event["Records"] if one["eventName"] in worker.on.kinds])
    else:
        worker.function(job)
    job.commit()
    return {}


def _deliver(worker: catalogue.Worker, message: dict[str, Any]) -> bool:
    """Deliver one effect; True when the message may leave the queue."""
    row = Outbox.claim(message["effect_id"], LEASE_SECONDS)
    if row is None:  # settled, in other hands, or waiting for its next try: the sweep brings back what is still pending
        return True
    if row.attempts > MAX_ATTEMPTS:  # its runs end without a word: too long, too large
        _bury(row)
        return True
    job = Job(worker, row.trace_id, row.effect_id, int(row.attempts), clock.epoch() - int(row.made_at))
    try:
        worker.function(job, outbox.open_row(row, kinds_of(worker)))
        job.commit(Step("update", row, Busy, row.settled(job.outcome), row.is_held()))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the effect is tried again or put aside
        _put_back(row, error)
        return True
    log.event("delivered", row.trace_id, channel=row.channel, effect=row.effect_id)
    return True


def _put_back(row: Outbox, error: Exception) -> None:
    log.failure("not-delivered", row.trace_id, error, effect=row.effect_id, attempt=int(row.attempts))
    if int(row.attempts) >= MAX_ATTEMPTS:
        _bury(row)
        return
    Outbox.change(row.effect_id, actions=row.released(), when=row.is_held())


def _bury(row: Outbox) -> None:
    """Put an effect aside after its last try; the line calls the operator."""
    Outbox.change(row.effect_id, actions=row.settled("dead"), when=row.is_held())
    log.event("effect-dead", row.trace_id, channel=row.channel, effect=row.effect_id)


def kinds_of(worker: catalogue.Worker) -> tuple[type[Effect], ...]:
    """Return the effects that a queue worker takes, read from its annotation."""
    kind = worker.function.__annotations__["effect"]
    return getattr(kind, "__args__", None) or (kind,)


def overdue_before() -> int:
    """Return the moment before which a pending effect counts as due or left behind."""
    return clock.epoch() - GRACE_SECONDS


def enqueue(channel: str, effect_id: str) -> None:
    """Put an effect into the queue of its channel; a second message of one effect is harmless."""
    queues = aws.client("sqs")
    body = json.dumps({"effect_id": effect_id})
    queues.send_message(QueueUrl=_queue_url(settings.queue(channel)), MessageBody=body)


@lru_cache(maxsize=32)
def _queue_url(name: str) -> str:
    return str(aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])
