"""What sealing costs: own CPU over an answered store, and the bytes that a seal and a record leave behind."""

import json
import os
import time
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from conftest import World

from chalicelib.kit import aws, ids, journal
from chalicelib.seals import ports, schemas
from chalicelib.seals.rules import MOST, Seen, seen

ROUNDS = 30


class Store:
    """Answers every call of DynamoDB at once: nothing is there yet, everything may be written."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        """Answer a request."""
        said = json.loads(request.body)
        items = said.get("TransactItems", ())
        answer: dict[str, Any] = {"Responses": [{} for _ in items]} if items and "Get" in items[0] else {}
        self.written = self.written if "Get" in (items or ({},))[0] else list(items)
        body = json.dumps(answer).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
        return AWSResponse(request.url, 200, headers, Raw(body))


class Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> list[bytes]:
        """Give the whole."""
        return [self.body]


def records(people: int) -> list[Seen]:
    """Make the records of so many people, as the journal stores them."""
    found = []
    for number in range(MOST):
        made = journal.by_person(f"psn_{number % people:032x}", "profile.read", "read_profile", ids.token())
        made.role, made.origin = "worker", os.urandom(90)
        found.append(seen(made.serialize(), str(number)))
    return found


@pytest.mark.proof
@pytest.mark.parametrize("people", [1, MOST])
def test_sealing_is_cheap(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], people: int
) -> None:
    """Prints records a second of CPU, write units and bytes; fewer than a hundred a second would be a fault."""
    store, key = Store(), ports.signing_key()
    schemas.owner_of("psn_0")  # opens the deployment secret
    monkeypatch.setattr(ports, "signing_key", lambda: key)
    monkeypatch.setattr(ports, "sign", lambda *_: "00" * 71)
    events = aws.client("dynamodb").meta.events
    events.register_first("before-send.dynamodb", store)
    try:
        batches = [records(people) for _ in range(ROUNDS)]
        before = time.process_time()
        for batch in batches:
            assert [len(one.hashes) for one in schemas.seal(batch, "trace")] == [MOST]
        spent = time.process_time() - before
    finally:
        events.unregister("before-send.dynamodb", store)
    puts = [one["Put"] for one in store.written if "Put" in one]
    sizes = {
        name: [size(one["Item"]) for one in puts if one["TableName"].endswith(name)] for name in ("_leaf", "-seal")
    }
    rate = MOST * ROUNDS / spent
    units = sum(2 * -(-size(one["Item"]) // 1024) for one in puts)  # a transaction pays each begun kilobyte twice
    said = f"{people} people a seal: {rate:.0f} records a second of CPU, {units / MOST:.1f} write units a record,"
    with capsys.disabled():
        print(f"\n{said} leaf {sizes['_leaf'][0]} bytes, seal {sizes['-seal'][0]} bytes")  # noqa: T201 - the measure
    assert len(store.written) <= 100
    assert rate > 100
    assert sizes["_leaf"][0] < 1024
    assert sizes["-seal"][0] < 4096


def size(item: dict[str, Any]) -> int:
    """Count the bytes of an item as DynamoDB does, roughly: names and values."""
    return sum(
        len(name) + len(next(iter(value.values()))) * (3 if "B" in value else 4) // 4 for name, value in item.items()
    )
