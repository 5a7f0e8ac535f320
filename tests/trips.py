"""Counts every call to the cloud, by the operation or worker that makes it (a botocore hook, not a mock)."""

import contextvars
import json
from collections import defaultdict
from typing import Any, NamedTuple

from chalicelib.kit import aws, settings

current: contextvars.ContextVar[str] = contextvars.ContextVar("current", default="")
PREFIX = settings.table("")


class Right(NamedTuple):
    """One action on one table or index, as a policy would name it."""

    action: str
    table: str
    of_index: str | None


class Trips:
    """What was called: `rights` by caller over the whole run, and the calls since `start`."""

    def __init__(self) -> None:
        self.rights: dict[str, set[Right]] = defaultdict(set)
        self.other: dict[str, set[str]] = defaultdict(set)
        self.calls: list[str] = []
        for service in ("dynamodb", "kms", "s3", "sqs", "sns", "sesv2"):
            aws.client(service).meta.events.register("before-call", self._note)

    def start(self) -> None:
        """Begin to count anew."""
        self.calls = []

    def count(self, service: str) -> int:
        """Return the number of round trips to a service since `start`."""
        return sum(one.startswith(f"{service}:") for one in self.calls)

    def _note(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        service = model.service_model.service_name
        self.calls.append(f"{service}:{model.name}")
        caller = current.get()
        if not caller:
            return
        if service != "dynamodb":
            self.other[caller].add(f"{service}:{model.name}")
            return
        self.rights[caller] |= set(rights_of(model.name, json.loads(params["body"])))


_INSIDE = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def rights_of(action: str, body: dict[str, Any]) -> list[Right]:
    """Unpack a call into the single rights that it needs."""
    if "TransactItems" in body:
        return [
            Right(_INSIDE[kind], one["TableName"].removeprefix(PREFIX), None)
            for item in body["TransactItems"]
            for kind, one in item.items()
        ]
    return [Right(action, body["TableName"].removeprefix(PREFIX), body.get("IndexName"))]
