"""Counts every call to the cloud, by the operation or worker that makes it (a botocore hook, not a mock)."""

import contextvars
import json
from collections import defaultdict
from typing import Any, NamedTuple

from chalicelib.kit import aws, settings
from infra.aws_models import CALLS

current: contextvars.ContextVar[str] = contextvars.ContextVar("current", default="")
PREFIX = settings.table("")
SERVICES = ("dynamodb", "kms", "s3", "sesv2", "sns", "sqs")


class Right(NamedTuple):
    """One action on one table or index, as a policy would name it; elsewhere `kms:Sign` on `seals`, `sqs:…` on a queue."""

    action: str
    table: str
    of_index: str | None


class Trips:
    """What was called: `rights` by caller over the whole run, and the calls since `start`."""

    def __init__(self) -> None:
        self.rights: dict[str, set[Right]] = defaultdict(set)
        self.calls: list[str] = []
        for service in SERVICES:
            aws.client(service).meta.events.register("before-call", self._note)
            if service != "dynamodb":
                aws.client(service).meta.events.register("before-parameter-build", self._note_other)

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
        if caller and model.name not in CALLS.get(service, {model.name}):
            raise AssertionError(f"{caller} calls {service}:{model.name}, which infra/aws_models.py leaves out.")
        if caller and service == "dynamodb":
            self.rights[caller] |= set(rights_of(model.name, json.loads(params["body"])))

    def _note_other(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        if caller := current.get():
            self.rights[caller].add(other_right(model.service_model.service_name, model.name, params))


def other_right(service: str, action: str, params: dict[str, Any]) -> Right:
    """Name the right that a call outside DynamoDB needs; a ciphertext names its key only to KMS, and ours is `data`."""
    if service == "kms":
        return Right(f"kms:{action}", _key(action, params.get("KeyId", "")), None)
    if service == "sqs":
        place = params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]
        return Right(f"sqs:{action}", place.removeprefix(PREFIX), None)
    if service == "s3":
        return Right(f"s3:{action}", params["Bucket"].removeprefix(PREFIX).rstrip("0123456789").rstrip("-"), None)
    return Right(f"{service.removesuffix('v2')}:{action}", "", None)  # letters and messages have no place of their own


def _key(action: str, named: str) -> str:
    """Return the alias of the key of a call; one that is named by its number is told by what only it can do."""
    if named.startswith("alias/"):
        return named.removeprefix(f"alias/{PREFIX}").removesuffix("-before")
    return "seals" if action == "Sign" else "data"


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
