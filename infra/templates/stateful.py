"""The stateful stack, made from the PynamoDB models: tables, the data key and one queue a channel. All is retained.

Queues have no policy of their own: whoever has no IAM statement is refused anyway, and SQS takes calls to an encrypted
queue over TLS only.

Tests and the local cabinet are made from this very template: infra/local/provision.py.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chalicelib.kit import catalogue
from chalicelib.kit.tables import Table
from infra.templates import seals
from infra.templates.stages import prefix_of

EXPIRES: Final = "expires"
STREAM_DEAD: Final = "streams-dead"  # where a stream worker's batch is named when all its tries have failed
VISIBILITY_FACTOR: Final = 6  # AWS's advice: six times the time limit of the function that listens
MAX_RECEIVES: Final = 10  # more than jobs.MAX_ATTEMPTS, so that the outbox decides what is dead
DEAD_LETTER_SECONDS: Final = 14 * 24 * 3600
_CHALICELIB: Final = Path(catalogue.__file__).parent.parent
KEPT: Final = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_SEALED: Final = {"KmsMasterKeyId": {"Fn::GetAtt": ["DataKey", "Arn"]}, "KmsDataKeyReusePeriodSeconds": 300}


@dataclass(frozen=True)
class TableSpec:
    """One table: the arguments of `create_table`, the attribute of its time to live, whether it has a stream."""

    create: dict[str, Any]
    ttl: str | None
    stream: bool


def plain_name(model: type[Table]) -> str:
    """Return the name of a table without the prefix of the deployment; table names hold no hyphen."""
    return str(model.Meta.table_name).rpartition("-")[2]


def camel(name: str) -> str:
    """Turn a name into a logical id of CloudFormation: `security_journal` becomes `SecurityJournal`."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


def export_name(prefix: str, *parts: str) -> str:
    """Return the name under which the stateful stack exports a value; underscores are not allowed in it."""
    return "-".join((prefix, *parts)).replace("_", "-")


def models() -> list[type[Table]]:
    """Return the models of the whole product, in the order of their tables' names."""
    catalogue.load()
    for file in sorted(_CHALICELIB.rglob("tables.py")):
        importlib.import_module(".".join(("chalicelib", *file.relative_to(_CHALICELIB).with_suffix("").parts)))
    found = {plain_name(model): model for model in _below(Table)}
    return [found[name] for name in sorted(found)]


def channels() -> dict[str, int]:
    """Return the channels that workers listen on, each with the longest time limit of its workers."""
    catalogue.load()
    found: dict[str, int] = {}
    for worker in catalogue.workers.values():
        if isinstance(worker.on, catalogue.Queue):
            found[worker.on.channel] = max(worker.timeout, found.get(worker.on.channel, 0))
    return dict(sorted(found.items()))


def queues(prefix: str) -> list[str]:
    """Return the names of the channels' queues under a prefix, without their dead letter queues."""
    return [f"{prefix}-{channel}" for channel in channels()]


def dead_queues(prefix: str) -> list[str]:
    """Return the names of all queues of dead letters under a prefix."""
    return [*(f"{name}-dead" for name in queues(prefix)), f"{prefix}-{STREAM_DEAD}"]


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the CloudFormation template of the stateful stack."""
    prefix = prefix_of(stage)
    resources: dict[str, Any] = _key(prefix) | seals.resources(prefix, stage)
    outputs: dict[str, Any] = {
        "DataKey": _output({"Fn::GetAtt": ["DataKey", "Arn"]}, export_name(prefix, "data", "key")),
        "SealsBucket": _output({"Fn::GetAtt": ["SealsBucket", "Arn"]}, export_name(prefix, "seals", "bucket")),
    }
    for key in seals.KEYS:
        outputs[key] = _output({"Fn::GetAtt": [key, "Arn"]}, seals.export_of(prefix, key))
    for model in models():
        name = plain_name(model)
        resources[f"{camel(name)}Table"] = _table(_spec(model, prefix))
        if model.stream:
            stream = {"Fn::GetAtt": [f"{camel(name)}Table", "StreamArn"]}
            outputs[f"{camel(name)}Stream"] = _output(stream, export_name(prefix, name, "stream"))
    for channel, seconds in channels().items():
        resources |= _queue(prefix, channel, seconds)
        queue = {"Fn::GetAtt": [f"{camel(channel)}Queue", "Arn"]}
        outputs[f"{camel(channel)}Queue"] = _output(queue, export_name(prefix, channel, "queue"))
    resources["StreamsDeadQueue"] = _dead_queue(f"{prefix}-{STREAM_DEAD}")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The stateful stack of {prefix}: tables, key and queues, all retained.",
        "Resources": resources,
        "Outputs": outputs,
    }


def _below(parent: type[Table]) -> Iterator[type[Table]]:
    for child in parent.__subclasses__():
        yield from _below(child)
        is_of_product = child.__module__.startswith("chalicelib.")  # tests declare tables of their own
        if is_of_product and getattr(getattr(child, "Meta", None), "table_name", None):
            yield child


def _spec(model: type[Table], prefix: str) -> TableSpec:
    schema: dict[str, Any] = dict(model._get_schema())  # noqa: SLF001 - PynamoDB has no public name for it
    secondary = {
        kind: [_index(one) for one in schema[key]]
        for kind, key in (
            ("GlobalSecondaryIndexes", "global_secondary_indexes"),
            ("LocalSecondaryIndexes", "local_secondary_indexes"),
        )
        if schema[key]
    }
    keys = _keys(schema["key_schema"])
    used = {part["AttributeName"] for part in keys}
    used |= {part["AttributeName"] for indexes in secondary.values() for one in indexes for part in one["KeySchema"]}
    given = [*schema["attribute_definitions"]]
    given += [one for key in schema if key.endswith("indexes") for index in schema[key] for one in _defined(index)]
    kinds = {one["AttributeName"]: one["AttributeType"] for one in given}
    create: dict[str, Any] = {
        "TableName": f"{prefix}-{plain_name(model)}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kinds[name]} for name in sorted(used)],
        **secondary,
    }
    if model.stream:
        create["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    return TableSpec(create, EXPIRES if EXPIRES in model.get_attributes() else None, model.stream)


def _defined(index: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = index.get("attribute_definitions", [])
    return found


def _keys(schema: list[dict[str, str]]) -> list[dict[str, str]]:
    ordered = sorted(schema, key=lambda part: part["KeyType"])  # HASH goes before RANGE, in the alphabet and in AWS
    return [{"AttributeName": part["AttributeName"], "KeyType": part["KeyType"]} for part in ordered]


def _index(index: dict[str, Any]) -> dict[str, Any]:
    return {
        "IndexName": index["index_name"],
        "KeySchema": _keys(index["key_schema"]),
        "Projection": index["projection"],
    }


def _table(spec: TableSpec) -> dict[str, Any]:
    properties = {key: value for key, value in spec.create.items() if key != "StreamSpecification"}
    properties |= {
        "SSESpecification": {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": {"Fn::GetAtt": ["DataKey", "Arn"]},
        },
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": True,
    }
    if spec.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": spec.ttl, "Enabled": True}
    if spec.stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    return {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}


def _queue(prefix: str, channel: str, seconds: int) -> dict[str, Any]:
    dead = f"{camel(channel)}DeadQueue"
    return {
        f"{camel(channel)}Queue": {
            "Type": "AWS::SQS::Queue",
            **KEPT,
            "Properties": {
                "QueueName": f"{prefix}-{channel}",
                **_SEALED,
                "VisibilityTimeout": VISIBILITY_FACTOR * seconds,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
                    "maxReceiveCount": MAX_RECEIVES,
                },
            },
        },
        dead: _dead_queue(f"{prefix}-{channel}-dead"),
    }


def _dead_queue(name: str) -> dict[str, Any]:
    properties = {"QueueName": name, **_SEALED, "MessageRetentionPeriod": DEAD_LETTER_SECONDS}
    return {"Type": "AWS::SQS::Queue", **KEPT, "Properties": properties}


def _key(prefix: str) -> dict[str, Any]:
    account = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    services = [{"Fn::Sub": f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}"} for name in ("dynamodb", "sqs")]
    policy = [
        {  # without it nobody could manage the key; roles still need a statement of their own
            "Sid": "TheAccountDecidesByIam",
            "Effect": "Allow",
            "Principal": account,
            "Action": "kms:*",
            "Resource": "*",
        },
        {  # tables and queues open what they keep for whoever may use the table or queue itself
            "Sid": "ThroughTablesAndQueues",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": {"Ref": "AWS::AccountId"}, "kms:ViaService": services},
            },
        },
    ]
    return {
        "DataKey": {
            "Type": "AWS::KMS::Key",
            **KEPT,
            "Properties": {
                "Description": f"Encrypts tables and queues of {prefix}; wraps owners' keys and the deployment secret.",
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": {"Version": "2012-10-17", "Statement": policy},
            },
        },
        "DataKeyAlias": {
            "Type": "AWS::KMS::Alias",
            **KEPT,
            "Properties": {"AliasName": f"alias/{prefix}-data", "TargetKeyId": {"Ref": "DataKey"}},
        },
    }


def _output(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {"Value": value, "Export": {"Name": name}}
