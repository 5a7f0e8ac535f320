"""The local event sources: streams, queues and periods call stand-in workers as AWS calls Lambda functions."""

import os
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import moto
import pytest

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.catalogue import Every, Queue, Stream
from infra.local import moto_guard
from infra.local.engine import ENVIRONMENT, Engine, backend
from infra.local.pump import STREAM_TRIES, Pump, wait_before

TABLE = "pump-trial"
CHANNEL = "pump_trial"
Event = dict[str, Any]


class Workers:
    """Stand-in workers: one of each kind; they note events and fail when told to."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.bad: set[str] = set()
        self.broken = False
        model: Any = SimpleNamespace(Meta=SimpleNamespace(table_name=TABLE))
        self.catalogue: dict[str, Any] = {
            "follow": SimpleNamespace(on=Stream(model, kinds=("INSERT", "MODIFY", "REMOVE"))),
            "deliver": SimpleNamespace(on=Queue(CHANNEL)),
            "tick": SimpleNamespace(on=Every(minutes=5)),
        }

    def handle(self, name: str, event: Event) -> Event:
        """Take an event in the place of `jobs.handle`."""
        self.events.append((name, event))
        if self.broken:
            raise RuntimeError("the stand-in fails")
        failed = [one["messageId"] for one in event.get("Records", []) if one.get("body") in self.bad]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    def seen(self, name: str) -> list[Any]:
        """List what a worker was given: bodies of messages, or kinds and images of records."""
        records = [one for worker, event in self.events if worker == name for one in event.get("Records", [event])]
        if name == "follow":
            return [(one["eventName"], one["dynamodb"].get("NewImage")) for one in records]
        return [one.get("body") for one in records]


@pytest.fixture
def sqs_url() -> Iterator[str]:
    """Make a table with a stream and a queue on moto, and give the queue's address."""
    with patch.dict(os.environ, ENVIRONMENT):
        moto_guard.install()
        aws.forget()
        with moto.mock_aws():
            aws.client("dynamodb").create_table(
                TableName=TABLE,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            )
            ttl = {"Enabled": True, "AttributeName": "expires"}
            aws.client("dynamodb").update_time_to_live(TableName=TABLE, TimeToLiveSpecification=ttl)
            url: str = aws.client("sqs").create_queue(QueueName=settings.queue(CHANNEL))["QueueUrl"]
            clock.reset()
            yield url
            clock.reset()
            aws.client("dynamodb").delete_table(TableName=TABLE)
            aws.client("sqs").delete_queue(QueueUrl=url)
        aws.forget()


@pytest.fixture
def workers(sqs_url: str) -> Workers:
    """Make stand-in workers."""
    return Workers()


@pytest.fixture
def pump(workers: Workers) -> Pump:
    """Make a pump over the stand-ins; it moves when drained."""
    return Pump(Engine(), workers.catalogue, workers.handle)


def put(key: str, **more: Event) -> None:
    """Write an item of the table."""
    aws.client("dynamodb").put_item(TableName=TABLE, Item={"p": {"S": key}, **more})


def send(url: str, *bodies: str) -> None:
    """Put messages into the queue."""
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def left_in(url: str) -> int:
    """Count the messages that have not been deleted."""
    return len(backend("sqs").queues[url.rsplit("/", 1)[1]]._messages)


def test_new_items_reach_the_worker_of_their_stream(workers: Workers, pump: Pump) -> None:
    """Records come in order and in Lambda's form, binary values in base64."""
    put("a", b={"B": b"\x00\xff"})
    put("a", n={"N": "1"})
    aws.client("dynamodb").delete_item(TableName=TABLE, Key={"p": {"S": "a"}})
    assert pump.drain()
    assert workers.seen("follow") == [
        ("INSERT", {"p": {"S": "a"}, "b": {"B": "AP8="}}),
        ("MODIFY", {"p": {"S": "a"}, "n": {"N": "1"}}),
        ("REMOVE", None),
    ]
    assert pump.drain()
    assert len(workers.events) == 1


def test_a_worker_gets_only_the_changes_that_it_declares(workers: Workers, pump: Pump) -> None:
    """As the filter of the cloud's event source does; who declares none gets new items."""
    model = workers.catalogue["follow"].on.model
    on = {"greet": Stream(model), "guard": Stream(model, kinds=("REMOVE",))}
    standing: Any = {name: SimpleNamespace(on=one) for name, one in on.items()}
    pump = Pump(Engine(), standing, workers.handle)
    put("a")
    put("a", n={"N": "1"})
    aws.client("dynamodb").delete_item(TableName=TABLE, Key={"p": {"S": "a"}})
    pump.drain()
    found = [(name, [one["eventName"] for one in event["Records"]]) for name, event in workers.events]
    assert found == [("greet", ["INSERT"]), ("guard", ["REMOVE"])]


def test_an_item_made_by_an_update_comes_once_and_whole(workers: Workers, pump: Pump) -> None:
    """Moto tells of it twice, first with the bare keys."""
    aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"p": {"S": "u"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    pump.drain()
    assert workers.seen("follow") == [("INSERT", {"p": {"S": "u"}, "n": {"N": "1"}})]


def test_a_failed_batch_of_a_stream_comes_again_later_and_at_last_no_more(workers: Workers, pump: Pump) -> None:
    """A worker that always fails is tried with growing waits; then his records make way for newer ones."""
    workers.broken = True
    put("a")
    pump.drain()
    pump.drain()
    assert len(workers.events) == 1
    assert isinstance(pump.failures[0][1], RuntimeError)
    for attempt in range(1, STREAM_TRIES + 2):
        clock.advance(wait_before(attempt))
        pump.drain()
    assert len([one for one in workers.events if one[0] == "follow"]) == STREAM_TRIES
    workers.broken = False
    put("b")
    pump.drain()
    assert workers.seen("follow")[-1] == ("INSERT", {"p": {"S": "b"}})


def test_delivered_messages_leave_the_queue_and_failed_ones_wait_longer_each_time(
    workers: Workers, pump: Pump, sqs_url: str
) -> None:
    """Only the failed message comes back, not before its time by the cabinet's clock."""
    workers.bad = {"two"}
    send(sqs_url, "one", "two", "three")
    pump.drain()
    assert sorted(workers.seen("deliver")) == ["one", "three", "two"]
    assert left_in(sqs_url) == 1
    for wait in (2, 4, 8):
        workers.events.clear()
        clock.advance(wait - 1)
        pump.drain()
        assert workers.seen("deliver") == []
        clock.advance(1)
        pump.drain()
        assert workers.seen("deliver") == ["two"]
    workers.bad.clear()
    clock.advance(16)
    pump.drain()
    assert left_in(sqs_url) == 0


def test_a_worker_that_fails_as_a_whole_gets_all_messages_again(workers: Workers, pump: Pump, sqs_url: str) -> None:
    """Nothing is deleted when the function raised."""
    workers.broken = True
    send(sqs_url, "one", "two")
    pump.drain()
    assert left_in(sqs_url) == 2
    workers.broken = False
    clock.advance(2)
    pump.drain()
    assert left_in(sqs_url) == 0


def test_a_period_runs_once_however_far_the_clock_was_moved(workers: Workers, pump: Pump) -> None:
    """Not before its first period is over, and no catching up."""
    pump.drain()
    assert workers.events == []
    for seconds in (300, 7200):
        clock.advance(seconds)
        pump.drain()
        pump.drain()
    assert [name for name, _ in workers.events] == ["tick", "tick"]


def test_a_period_survives_a_clock_set_back(workers: Workers, pump: Pump) -> None:
    """Tests return to real time between them."""
    clock.advance(86400)
    pump.drain()
    clock.reset()
    pump.drain()
    clock.advance(301)
    pump.drain()
    assert [name for name, _ in workers.events] == ["tick", "tick"]


def test_old_items_are_swept_by_the_cabinets_clock(workers: Workers, pump: Pump) -> None:
    """What is past goes, marked on the stream as the service's own deletion; the rest stays."""
    put("old", expires={"N": str(clock.epoch() + 60)})
    put("young", expires={"N": str(clock.epoch() + 6000)})
    put("lasting")
    assert pump.sweep() == 0
    clock.advance(120)
    assert pump.sweep() == 1
    assert aws.client("dynamodb").scan(TableName=TABLE)["Count"] == 2
    pump.drain()
    (removed,) = [
        one for _, event in workers.events for one in event.get("Records", []) if one["eventName"] == "REMOVE"
    ]
    assert removed["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert removed["dynamodb"]["Keys"] == {"p": {"S": "old"}}


def test_messages_and_letters_are_kept_with_the_cabinets_time(workers: Workers, sqs_url: str) -> None:
    """What a worker really sent can be read, newest last."""
    aws.client("sesv2").create_email_identity(EmailIdentity="cabinet@example.org")

    def deliver(_: str, event: Event) -> Event:
        to, text = event["Records"][0]["body"].split("|")
        if "@" in to:
            aws.client("sesv2").send_email(
                FromEmailAddress="cabinet@example.org",
                Destination={"ToAddresses": [to]},
                Content={"Simple": {"Subject": {"Data": "Тема"}, "Body": {"Text": {"Data": text}}}},
            )
        else:
            aws.client("sns").publish(PhoneNumber=to, Message=text)
        return {}

    pump = Pump(Engine(), {"deliver": workers.catalogue["deliver"]}, deliver)
    clock.advance(3600)
    send(sqs_url, "+79990000001|Код 123456")
    pump.drain()
    send(sqs_url, "doctor@example.org|Здравствуйте")
    pump.drain()
    assert [{name: value for name, value in one.items() if name != "sent_at"} for one in pump.sent] == [
        {"channel": "sms", "to": "+79990000001", "text": "Код 123456"},
        {"channel": "email", "to": "doctor@example.org", "text": "Тема\n\nЗдравствуйте", "subject": "Тема"},
    ]
    assert pump.sent[0]["sent_at"] > clock.stamp(clock.now())[:11]
    pump.forget()
    assert pump.sent == []


def test_in_the_background_things_move_by_themselves(workers: Workers, pump: Pump, sqs_url: str) -> None:
    """Within moments of a write, and no thread is left after the stop."""
    pump.start()
    put("a")
    send(sqs_url, "one")
    until = time.monotonic() + 5
    while left_in(sqs_url) and time.monotonic() < until:
        time.sleep(0.01)
    pump.stop()
    assert workers.seen("deliver") == ["one"]
    assert workers.seen("follow") == [("INSERT", {"p": {"S": "a"}})]
    assert "pump" not in {one.name for one in threading.enumerate()}


def test_two_drains_do_not_run_at_once(workers: Workers, sqs_url: str) -> None:
    """A second drain waits for the first, or gives up after its time."""
    entered, leave = threading.Event(), threading.Event()

    def slow(_: str, __: Event) -> Event:
        entered.set()
        leave.wait(5)
        return {}

    pump = Pump(Engine(), {"deliver": workers.catalogue["deliver"]}, slow)
    send(sqs_url, "one")
    first = threading.Thread(target=pump.drain)
    first.start()
    entered.wait(5)
    assert pump.drain(timeout=0.05) is False
    leave.set()
    first.join()
    assert pump.drain() is True
