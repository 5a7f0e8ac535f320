"""The whole cloud of a test as a value: kept, put back, and compared."""

import pickle
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import moto

from chalicelib.kit import clock, options, settings, vault
from chalicelib.kit.tries.tables import Tried
from infra.local import moto_guard
from infra.local.engine import backend
from infra.local.provision import ACCOUNT

Row = tuple[str, str, str]
Rows = dict[Row, dict[str, str]]
Change = tuple[str, ...]
Shape = Counter[Change]

# Facts of a new item that tell what it is; everything else in it is random, dated or sealed.
TELLING = ("kind", "operation", "outcome", "channel", "role", "fields")
STATES = frozenset({"state", "status"})
TRIES = frozenset(name for name in vars(Tried) if name.endswith(("_hour", "_tries", "_row", "_at")))
USE = frozenset({"idle_until", "minute", "hits_even", "hits_odd"})
DELIVERY = frozenset({"attempts", "lease_until", "pending_since", "pending_shard", "expires"})
UNTOLD = {"account": TRIES, "session": USE, "outbox": DELIVERY}
UNCOUNTED = frozenset({"counter", "breaker"})
A_MOMENT = timedelta(seconds=2)  # what a run dates differs from what was dated before it
RECORDS = frozenset({"journal", "security_journal"})


@dataclass(frozen=True)
class Snapshot:
    """Tables, streams, queues, post, buckets and the clock at one moment."""

    pickled: bytes
    at: datetime
    objects: dict[str, dict[str, list[Any]]]

    @classmethod
    def take(cls) -> "Snapshot":
        """Keep the present state."""
        with moto_guard.LOCK:
            held = [
                {name: _table(table) for name, table in backend("dynamodb").tables.items()},
                {name: (one._messages, one._pending_messages) for name, one in backend("sqs").queues.items()},
                backend("sns").sms_messages,
                backend("ses").sent_messages,
            ]
            objects = {name: {key: bucket.keys.getlist(key)[:] for key in bucket.keys} for name, bucket in _buckets()}
            return cls(pickle.dumps(held), clock.now() + A_MOMENT, objects)

    def put_back(self) -> None:
        """Return everything to that moment; settings and people's keys are read anew, so that their calls break too."""
        tables, queues, messages, letters = pickle.loads(self.pickled)  # noqa: S301 - our own bytes
        with moto_guard.LOCK:
            for name, (items, records) in tables.items():
                table = backend("dynamodb").tables[name]
                table.items = items
                if table.stream_shard is not None:
                    table.stream_shard.items = records
            for name, (waiting, pending) in queues.items():
                queue = backend("sqs").queues[name]
                queue._messages, queue._pending_messages = waiting, pending
            backend("sns").sms_messages = messages
            backend("ses").sent_messages = letters
            for name, bucket in _buckets():
                bucket.keys.clear()
                for key, versions in self.objects[name].items():
                    dict.__setitem__(bucket.keys, key, versions[:])
        clock._offset = self.at - datetime.now(UTC)
        forget()


def _buckets() -> Any:
    """Return the buckets of moto, which keeps them under a region of their own."""
    return moto.backends.get_backend("s3")[ACCOUNT]["aws"].buckets.items()


def forget() -> None:
    """Drop what a warm function remembers of people and settings."""
    vault.forget()
    options.forget()


def _table(table: Any) -> tuple[Any, Any]:
    records = table.stream_shard.items if table.stream_shard is not None else []
    return table.items, records


def rows() -> Rows:
    """Read every item of every table."""
    prefix = settings.table("")
    found: Rows = {}
    with moto_guard.LOCK:
        for name, table in backend("dynamodb").tables.items():
            for item in table.all_items():
                key = (name.removeprefix(prefix), str(item.hash_key.value), str(getattr(item.range_key, "value", "")))
                found[key] = {field: repr(value.to_json()) for field, value in item.attrs.items()}
    return found


def difference(before: Rows, after: Rows) -> Shape:
    """Say what happened to the tables, without random values: each change is table, verb and what it concerns."""
    shape: Shape = Counter()
    for key, item in after.items():
        old = before.get(key)
        if old is None:
            shape[key[0], "put", *_telling(item)] += 1
        elif old != item:
            names = {name for name in old.keys() | item.keys() if old.get(name) != item.get(name)}
            shape[
                key[0], "update", *sorted(f"{name}={item.get(name)}" if name in STATES else name for name in names)
            ] += 1
    for key in before.keys() - after.keys():
        shape[key[0], "delete", ""] += 1
    return shape


def _telling(item: dict[str, str]) -> tuple[str, ...]:
    named = [f"{name}={item[name]}" for name in TELLING if name in item]
    return (*named, f"({' '.join(sorted(item))})")


def core(shape: Shape) -> Shape:
    """Leave out what a refusal or a repetition may write too: its own record, counted calls and tries, use of a session."""
    kept: Shape = Counter()
    for (table, verb, *facts), count in shape.items():
        told = facts if verb != "update" else sorted({*facts} - UNTOLD.get(table, frozenset({"tries"})))
        is_other_record = table in RECORDS and "'done'" not in " ".join(told)
        if told and table not in UNCOUNTED and not is_other_record:
            kept[table, verb, *told] += count
    return kept
