"""The event sources of the local cabinet: streams, queues and the clock call the workers, as they do on AWS.

Everything is due by the cabinet's clock. Queues count real time, so whenever the cabinet's clock is found moved
forward, the messages that wait for another try are brought forward by as much.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib.kit import aws, clock, ids, jobs, log, settings
from chalicelib.kit.catalogue import Every, Queue, Stream, Worker
from infra.local.engine import Engine
from infra.templates.functions import QUEUE_BATCH, STREAM_BATCH, STREAM_RETRIES

SWEEP_SECONDS: Final = 60.0
STREAM_TRIES: Final = STREAM_RETRIES + 1
LONGEST_WAIT: Final = 300

Handle = Callable[[str, dict[str, Any]], dict[str, Any]]


def wait_before(attempt: int) -> int:
    """Return the seconds until the next try: 2, 4, 8 … 300."""
    return min(1 << min(attempt, 16), LONGEST_WAIT)


class Backlog:
    """What a stream has brought for one worker and he has not taken yet; a failed batch holds up those behind it."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.attempts = 0
        self.due = clock.now()


@dataclass(frozen=True)
class Held:
    """A message that failed and may not be seen before its time by the cabinet's clock."""

    queue_url: str
    receipt: str
    due: datetime


class Pump:
    """Moves events to workers: by itself between `start` and `stop`, and at once when asked to `drain`."""

    def __init__(self, engine: Engine, workers: Mapping[str, Worker], handle: Handle = jobs.handle) -> None:
        self._engine = engine
        self.sent: list[dict[str, str]] = []
        self.failures: deque[tuple[str, Exception]] = deque(maxlen=100)
        self._handle = handle
        self._streams = {name: one.on for name, one in workers.items() if isinstance(one.on, Stream)}
        self._queues = {name: one.on for name, one in workers.items() if isinstance(one.on, Queue)}
        self._periods = {name: one.on for name, one in workers.items() if isinstance(one.on, Every)}
        self._backlogs = {name: Backlog() for name in self._streams}
        self._next = {name: clock.now() + timedelta(minutes=on.minutes) for name, on in self._periods.items()}
        self._held: list[Held] = []
        self._offset = _offset()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go on moving in the background."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand and stop the background thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def drain(self, timeout: float = 10) -> bool:
        """Run everything that is due until nothing moves; False when the time was too short for it."""
        deadline = time.monotonic() + timeout
        if not self._lock.acquire(timeout=timeout):
            return False
        try:
            while self._round():
                if time.monotonic() > deadline:
                    return False
        finally:
            self._lock.release()
        return True

    def sweep(self) -> int:
        """Delete what has outlived its time to live; returns how many items."""
        return self._engine.sweep()

    def forget(self) -> None:
        """Drop what was sent, what failed and what is held for another try: the engine was emptied."""
        self.sent.clear()
        self.failures.clear()
        self._held.clear()
        self._backlogs = {name: Backlog() for name in self._streams}

    def _run(self) -> None:
        swept = time.monotonic()
        while not self._stopping.is_set():
            try:
                self.drain()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever happens to one round
                log.failure("pump-failed", ids.token(), error)
            if time.monotonic() - swept > SWEEP_SECONDS:
                self._engine.sweep()
                swept = time.monotonic()
            self._stopping.wait(self._engine.idle_seconds)

    def _round(self) -> bool:
        """Give every event source one turn; True when anything moved."""
        self._follow_clock()
        self._collect()
        moved = [self._turn_stream(name) for name in self._streams]
        moved += [self._turn_queue(name, on.channel) for name, on in self._queues.items()]
        moved += [self._turn_period(name, on.minutes) for name, on in self._periods.items()]
        return any(moved)

    def _call(self, name: str, event: dict[str, Any]) -> dict[str, Any] | None:
        """Run a worker; None when it failed as a whole."""
        try:
            return self._handle(name, event)
        except Exception as error:  # noqa: BLE001 - a worker may fail in any way; AWS would call it again
            self.failures.append((name, error))
            log.failure("worker-failed", ids.token(), error, operation=name)
            return None
        finally:
            now = clock.stamp(clock.now())
            self.sent += [one | {"sent_at": now} for one in self._engine.take_sent()]

    def _collect(self) -> None:
        """Take new stream records once and hand them to every worker that listens to their table."""
        for source in {on.model.Meta.table_name for on in self._streams.values()}:
            records = self._engine.take_stream(source)
            for name, on in self._streams.items():
                if on.model.Meta.table_name == source:
                    self._backlogs[name].records += [one for one in records if one["eventName"] in on.kinds]

    def _turn_stream(self, name: str) -> bool:
        backlog = self._backlogs[name]
        batch = backlog.records[:STREAM_BATCH]
        if not batch or backlog.due > clock.now():
            return False
        failed = self._call(name, {"Records": batch}) is None
        backlog.attempts = (backlog.attempts + 1) % STREAM_TRIES if failed else 0
        if backlog.attempts:
            backlog.due = clock.now() + timedelta(seconds=wait_before(backlog.attempts))
        else:
            del backlog.records[: len(batch)]
        return True

    def _turn_queue(self, name: str, channel: str) -> bool:
        queue = settings.queue(channel)
        if not self._engine.has_messages(queue):
            return False
        sqs = aws.client("sqs")
        place = {"QueueUrl": sqs.get_queue_url(QueueName=queue)["QueueUrl"]}
        received = sqs.receive_message(**place, MaxNumberOfMessages=QUEUE_BATCH, AttributeNames=["All"])
        messages = received.get("Messages", [])
        records = [_queue_record(one) for one in messages]
        answer = self._call(name, {"Records": records}) if records else None
        whole = [{"itemIdentifier": one["messageId"]} for one in records]
        failed = {one["itemIdentifier"] for one in (whole if answer is None else answer.get("batchItemFailures", []))}
        for one in messages:
            held = {**place, "ReceiptHandle": one["ReceiptHandle"]}
            if one["MessageId"] in failed:
                wait = wait_before(int(one["Attributes"]["ApproximateReceiveCount"]))
                self._held.append(Held(place["QueueUrl"], one["ReceiptHandle"], clock.now() + timedelta(seconds=wait)))
                sqs.change_message_visibility(**held, VisibilityTimeout=wait)
            else:
                sqs.delete_message(**held)
        return bool(messages)

    def _turn_period(self, name: str, minutes: int) -> bool:
        """Run a worker of the clock once, however many periods have gone by."""
        now, period = clock.now(), timedelta(minutes=minutes)
        self._next[name] = min(self._next[name], now + period)  # tests set the clock back
        if self._next[name] > now:
            return False
        self._next[name] = now + period
        self._call(name, {"source": "aws.events", "time": clock.stamp(now)})
        return True

    def _follow_clock(self) -> None:
        """Bring messages forward that wait for another try; those whose time had come before are let go."""
        before, self._offset = self._offset, _offset()
        moved, now = timedelta(seconds=max(0, self._offset - before)), clock.now()
        self._held = [one for one in self._held if one.due > now - moved]
        for one in self._held if moved else ():
            left = max(0, round((one.due - now).total_seconds()))
            aws.client("sqs").change_message_visibility(
                QueueUrl=one.queue_url, ReceiptHandle=one.receipt, VisibilityTimeout=left
            )


def _queue_record(message: dict[str, Any]) -> dict[str, Any]:
    """Write a received message as a Lambda event does: the same names with a small first letter."""
    names = ("MessageId", "ReceiptHandle", "Body", "Attributes")
    return {name[0].lower() + name[1:]: message[name] for name in names} | {"eventSource": "aws:sqs"}


def _offset() -> float:
    """Return the seconds by which the cabinet's clock is ahead of the machine's."""
    return round((clock.now() - datetime.now(UTC)).total_seconds(), 2)
