"""The request units of DynamoDB that calls cost by the sizes of their items, by AWS's rules for on-demand tables."""

import json
from collections.abc import Callable
from math import ceil
from typing import Any

from infra.local.engine import backend

READ, WRITE = 4096, 1024  # bytes of one unit
Item = dict[str, Any]


def size(item: Item) -> int:
    """Return the bytes of an item: names and values, three bytes a list or map and one an element."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(typed: dict[str, Any]) -> int:
    ((kind, value),) = typed.items()
    sizes: dict[str, Callable[[Any], int]] = {
        "S": lambda text: len(text.encode()),
        "N": lambda digits: ceil(len(digits) / 2) + 1,
        "B": lambda coded: len(coded) * 3 // 4,
        "M": lambda tree: 3 + size(tree) + len(tree),
        "L": lambda items: 3 + sum(1 + _value(one) for one in items),
    }
    return sizes[kind](value) if kind in sizes else 1


Write = tuple[str, dict[str, Any]]
_ALONE = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}


class Units:
    """Adds up the units of every call that a client makes to the engine."""

    def __init__(self, client: Any) -> None:
        self.read = self.written = 0.0
        self._body: dict[str, Any] = {}
        self._writes: list[Write] = []
        self._before: dict[str, Item] = {}
        self._events = client.meta.events
        self._events.register("before-call.dynamodb", self._asked)
        self._events.register("response-received.dynamodb", self._came)

    def stop(self) -> None:
        """Leave the client alone."""
        self._events.unregister("before-call.dynamodb", self._asked)
        self._events.unregister("response-received.dynamodb", self._came)

    def start(self) -> None:
        """Begin to count anew."""
        self.read = self.written = 0.0

    def _asked(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        self._body = json.loads(params["body"])
        if model.name == "TransactWriteItems":
            self._writes = [found for step in self._body["TransactItems"] for found in step.items()]
        else:
            self._writes = [(_ALONE[model.name], self._body)] if model.name in _ALONE else []
        self._before = dict(_stored(write) for _, write in self._writes)

    def _came(self, response_dict: dict[str, Any], **_: Any) -> None:
        if self._writes:
            self.written += sum(self._cost(kind, write) for kind, write in self._writes)
            return
        answer = json.loads(response_dict["body"])
        if "Responses" in answer:
            self.read += sum(2 * _units(size(one.get("Item", {})), READ) for one in answer["Responses"])
            return
        items = answer["Items"] if "Items" in answer else [answer.get("Item", {})]
        weight = 1.0 if self._body.get("ConsistentRead") else 0.5
        self.read += weight * _units(sum(map(size, items)), READ)

    def _cost(self, kind: str, write: dict[str, Any]) -> int:
        """Take the larger of the item before and after; a transaction doubles it, each index that holds it adds once."""
        place, after = _stored(write)
        item = max(self._before[place], after, key=size)
        weight = 2 if "TransactItems" in self._body else 1
        return _units(size(item), WRITE) * (weight + (0 if kind == "ConditionCheck" else _indexes(write, item)))


def _units(size_in_bytes: int, unit: int) -> int:
    return max(1, ceil(size_in_bytes / unit))


def _stored(write: dict[str, Any]) -> tuple[str, Item]:
    """Return the place that a step writes to, and what stands there now."""
    table = backend("dynamodb").tables[write["TableName"]]
    given = write.get("Key") or write["Item"]
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    place = json.dumps([write["TableName"], *(given[name] for name in names)])
    for item in table.all_items():
        attributes: Item = item.to_json()["Attributes"]
        if all(attributes[name] == given[name] for name in names):
            return place, attributes
    return place, {}


def _indexes(write: dict[str, Any], item: Item) -> int:
    """Count the indexes of a table that hold an item."""
    table = backend("dynamodb").tables[write["TableName"]]
    return sum(all(part["AttributeName"] in item for part in one.schema) for one in table.global_indexes)
