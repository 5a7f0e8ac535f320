"""The IAM statements of one operation or worker: what it declares, plus what the kit does for it. No wildcard actions.

Which rights of the kit belong to which kind:

* every operation opens the deployment secret (the caller's hash, cursors) and counts and records unknown callers;
* a signed-in operation proves the session and writes the person's journal; a public one writes it only as declared;
* an operation that changes something keeps its answer under the key of repetition;
* a queue worker claims and settles the effect in the outbox;
* a worker that opens or makes effects, asks an outside system, or seals, opens the deployment secret.
"""

from collections import defaultdict
from typing import Any, Final

from chalicelib.kit.catalogue import (
    EMAIL,
    KEEP_SEAL,
    NEW_KEY,
    QUEUES,
    READ_SEAL_KEY,
    SIGN_SEAL,
    SMS,
    Declared,
    Get,
    Operation,
    Outside,
    Put,
    Queue,
    Stream,
    Touch,
    Update,
    Uses,
    Worker,
)
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.records.tables import DeploymentSecret, Idempotency, Outbox, Session
from chalicelib.kit.trail.tables import JournalRecord, SecurityRecord
from infra.templates import seals
from infra.templates.stateful import STREAM_DEAD, channels, export_name, plain_name

Statement = dict[str, Any]

# A text message has no ARN, so AWS offers no narrower resource for it.
_NO_ARN: Final = "*"
_STREAM_ACTIONS: Final = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_QUEUE_ACTIONS: Final = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")


def kit_touches(declared: Declared) -> frozenset[Touch]:
    """Return the rights on tables that the kit itself needs to run an operation or worker."""
    if isinstance(declared, Operation):
        return frozenset(_operation_touches(declared))
    if isinstance(declared, Worker):
        return frozenset(_worker_touches(declared))
    raise TypeError(f"{declared.address} is neither an operation nor a worker.")


def statements(declared: Declared, prefix: str) -> list[Statement]:
    """Return the whole policy of one operation or worker."""
    key = {"Fn::ImportValue": export_name(prefix, "data", "key")}
    return [
        *_on_tables(declared.touches | kit_touches(declared), prefix),
        _allow(sorted({"kms:Decrypt", *_key_actions(declared)}), [key]),
        *_of_uses(declared, prefix),
        *policy_of_source(declared, prefix),
        _allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [_arn(f"logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{log_group(declared.domain, prefix)}:*")],
        ),
    ]


def log_group(domain: str, prefix: str) -> str:
    """Return the name of the one log group of a domain."""
    return f"/{prefix}/{domain}"


def _operation_touches(operation: Operation) -> set[Touch]:
    found = {Get(DeploymentSecret), Put(SecurityRecord), Update(SecurityRecord), Update(Counter)}
    if not operation.public:
        found |= {Put(JournalRecord), Get(Session), Update(Session), Put(Outbox)}  # the outbox: a session that moved
    if operation.changes:
        found |= {Put(Idempotency), Get(Idempotency)}
    return found


def _worker_touches(worker: Worker) -> set[Touch]:
    found: set[Touch] = set()
    if isinstance(worker.on, Queue):
        found |= {Get(Outbox), Update(Outbox)}
    needs_secret = any(isinstance(one, Outside) or one == SIGN_SEAL for one in worker.uses)
    if isinstance(worker.on, Queue) or worker.effects or needs_secret:
        found.add(Get(DeploymentSecret))
    return found


def _on_tables(touches: frozenset[Touch], prefix: str) -> list[Statement]:
    actions: dict[str, set[str]] = defaultdict(set)
    for touch in touches:
        index = f"/index/{touch.index}" if touch.index else ""
        actions[f"{prefix}-{plain_name(touch.model)}{index}"].add(f"dynamodb:{touch.action}")
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for place in sorted(actions):
        places[tuple(sorted(actions[place]))].append(place)
    return [
        _allow(list(named), [_arn(f"dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{one}") for one in found])
        for named, found in sorted(places.items())
    ]


def _key_actions(declared: Declared) -> set[str]:
    # A sealed queue makes its data key in the name of the sender.
    sends = isinstance(declared, Worker) and isinstance(declared.on, Stream)
    return {"kms:GenerateDataKey"} if sends or {NEW_KEY, QUEUES} & set(declared.uses) else set()


def _of_uses(declared: Declared, prefix: str) -> list[Statement]:
    found = []
    for one in declared.uses:
        # Not rights: an outside system is reached over HTTPS, a layer comes with the bundle.
        if not isinstance(one, Uses) or one == NEW_KEY or one.action.startswith("layer:"):
            continue
        if one == SMS:
            found.append(_allow([one.action], [_NO_ARN]))
        elif one == EMAIL:
            found.append(_allow([one.action], [_arn("ses:${AWS::Region}:${AWS::AccountId}:identity/${MailIdentity}")]))
        elif one in {SIGN_SEAL, READ_SEAL_KEY}:
            keys = [{"Fn::ImportValue": seals.export_of(prefix, key)} for key in seals.KEYS]
            found.append(_allow(sorted({READ_SEAL_KEY.action, one.action}), keys))
        elif one == KEEP_SEAL:
            bucket = {"Fn::ImportValue": export_name(prefix, "seals", "bucket")}
            found.append(_allow(["s3:GetObject", one.action], [{"Fn::Join": ["/", [bucket, "seals", "*"]]}]))
        elif one == QUEUES:
            named = [_queue_arn(prefix, channel) for channel in channels()]
            found += [_allow(["sqs:GetQueueUrl", one.action], named)] if named else []
        else:
            raise ValueError(f"{declared.address} uses {one.action}, and infra/templates/rights.py knows no resource.")
    return found


def policy_of_source(declared: Declared, prefix: str) -> list[Statement]:
    """Return the rights with which Lambda itself brings a worker its events."""
    source = declared.on if isinstance(declared, Worker) else None
    if isinstance(source, Queue):
        return [_allow([f"sqs:{action}" for action in _QUEUE_ACTIONS], [_queue_arn(prefix, source.channel)])]
    if isinstance(source, Stream):
        stream = {"Fn::ImportValue": export_name(prefix, plain_name(source.model), "stream")}
        return [
            _allow([f"dynamodb:{action}" for action in _STREAM_ACTIONS], [stream]),
            _allow(["sqs:SendMessage"], [_queue_arn(prefix, STREAM_DEAD)]),  # Lambda names there what failed for good
        ]
    return []


def _queue_arn(prefix: str, channel: str) -> dict[str, str]:
    return _arn(f"sqs:${{AWS::Region}}:${{AWS::AccountId}}:{prefix}-{channel}")


def _arn(rest: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{rest}"}


def _allow(actions: list[str], resources: list[Any]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
