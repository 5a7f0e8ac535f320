"""AWS in this process: guarded moto with the deployment's tables, queues, key, sender and secret.

Environment first, code second: tables read their names when they are imported, so nothing of `chalicelib` is
imported above, and whoever uses the engine imports the application only inside it.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self
from unittest.mock import patch

import moto
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models.utilities import dynamo_json_dump

from infra.local import moto_guard

REGION: Final = "eu-central-1"
ENVIRONMENT: Final = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto's streams do not know endpoints with an account in them
    # A developer's own profile must neither reach the code nor send it past moto.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "CABINET_PREFIX": "cabinet",
}
STRANGERS: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "CABINET_OPERATION",
)
TTL_IDENTITY: Final = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def backend(service: str) -> Any:
    """Return moto's state of one service (`dynamodb`, `sqs`, `sns`, `ses`) in the engine's account and region."""
    found: Any = moto.backends.get_backend(service)  # type: ignore[call-overload] # the name is not a literal here
    return found[DEFAULT_ACCOUNT_ID][REGION]


class Engine:
    """The cloud that the cabinet stands on, for `make run` and the tests; all of it is gone when the block ends.

    `keys`: how the cabinet presents itself to outside systems, kept in its deployment secret.
    """

    def __init__(self, keys: Mapping[str, str] | None = None, **environment: str) -> None:
        self._environment = ENVIRONMENT | environment
        self._keys = {"frmr": "sandbox", **(keys or {})}
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(patch.dict(os.environ, self._environment))
            for name in STRANGERS:
                os.environ.pop(name, None)
            moto_guard.install()
            undo.enter_context(moto.mock_aws())
            self._build()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from chalicelib.kit import aws, clock, options, secret, vault  # noqa: PLC0415 - see the module's docstring

        for forget in (aws.forget, secret.forget, vault.forget, options.forget, clock.reset):
            forget()
        self._undo.close()

    def empty(self) -> None:
        """Empty tables, streams, queues and post; the deployment's secret stays, the clock returns to real time."""
        from chalicelib.kit import clock, options, settings, vault  # noqa: PLC0415 - see the module's docstring

        if backend("dynamodb").tables[settings.table("setting")].items:
            options.forget()
        kept = settings.table("deployment_secret")
        with moto_guard.LOCK:
            for name, table in backend("dynamodb").tables.items():
                if name != kept:
                    table.items = type(table.items)(table.items.default_factory)
                take_stream(table)
        for queue in backend("sqs").queues.values():
            queue._messages = []  # noqa: SLF001 - moto's purge needs a call a queue
            queue._pending_messages = set()  # noqa: SLF001 - see above
        for bucket in moto.backends.get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets.values():
            bucket.keys.clear()
        backend("sns").sms_messages.clear()
        backend("ses").sent_messages.clear()
        vault.forget()
        clock.reset()

    def _build(self) -> None:
        """Make what the stateful stack makes in the cloud."""
        from chalicelib.kit import aws, secret, settings  # noqa: PLC0415 - see the module's docstring

        aws.forget()
        from infra.templates import stateful  # noqa: PLC0415 - it reads the tables, hence their names

        prefix = self._environment["CABINET_PREFIX"]
        for spec in stateful.tables(prefix):
            aws.client("dynamodb").create_table(**spec.create)
            if spec.ttl:
                ttl = {"Enabled": True, "AttributeName": spec.ttl}
                aws.client("dynamodb").update_time_to_live(
                    TableName=spec.create["TableName"], TimeToLiveSpecification=ttl
                )
        for name in stateful.queues(prefix):
            _make_queue(aws.client("sqs"), name, stateful.MAX_RECEIVES)
        key = aws.client("kms").create_key(Description="Keys of owners and the deployment secret")["KeyMetadata"]
        aws.client("kms").create_alias(AliasName=settings.key_alias(), TargetKeyId=key["KeyId"])
        seal_key = aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        aws.client("kms").create_alias(AliasName=settings.seal_key_alias(), TargetKeyId=seal_key["KeyId"])
        place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        aws.client("s3").create_bucket(Bucket=settings.seals_bucket(), ObjectLockEnabledForBucket=True, **place)
        aws.client("sesv2").create_email_identity(EmailIdentity=settings.mail_sender())
        secret.store(root=secrets.token_hex(32), **self._keys)


def take_stream(table: Any) -> list[dict[str, Any]]:
    """Take the records off a table's stream as a Lambda event writes them; their numbers are not given out again.

    When UpdateItem makes an item, moto emits an INSERT of the bare keys and then that of the item: the first is left out.
    """
    with moto_guard.LOCK:
        shard = table.stream_shard
        if shard is None or not shard.items:
            return []
        taken: list[dict[str, Any]] = json.loads(dynamo_json_dump([record.to_json() for record in shard.items]))
        shard.starting_sequence_number += len(shard.items)
        shard.items = []
    return [one for one, after in zip(taken, [*taken[1:], None], strict=True) if not _is_half(one, after)]


def sweep() -> int:
    """Delete the items whose time to live is past by the cabinet's clock, as DynamoDB would; returns how many."""
    from chalicelib.kit import clock  # noqa: PLC0415 - see the module's docstring

    swept, now = 0, clock.epoch()
    with moto_guard.LOCK:
        for table in backend("dynamodb").tables.values():
            attribute = table.ttl.get("AttributeName")
            for item in [one for one in table.all_items() if _is_past(one.attrs.get(attribute), now)]:
                table.delete_item(item.hash_key, item.range_key)
                swept += 1
                if table.stream_shard is not None:
                    table.stream_shard.items[-1].record["userIdentity"] = TTL_IDENTITY
    return swept


def take_sent() -> list[dict[str, str]]:
    """Take the messages and letters that have left since the last time; `text` of a letter starts with its subject."""
    messages, letters = backend("sns").sms_messages, backend("ses").sent_messages
    taken = []
    while messages:
        _, (to, text) = messages.popitem(last=False)
        taken.append({"channel": "sms", "to": to, "text": text})
    while letters:
        letter = letters.pop(0)
        to = ", ".join(address for kind in letter.destinations.values() for address in kind)
        text = f"{letter.subject}\n\n{letter.body}"
        taken.append({"channel": "email", "to": to, "text": text, "subject": letter.subject})
    return taken


def _make_queue(sqs: Any, name: str, receives: int) -> None:
    """Make a queue and the queue of its dead letters."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
    sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})


def _is_half(record: dict[str, Any], after: dict[str, Any] | None) -> bool:
    if after is None or not record["eventName"] == after["eventName"] == "INSERT":
        return False
    return bool(record["dynamodb"]["Keys"] == after["dynamodb"]["Keys"])


def _is_past(value: Any, now: int) -> bool:
    return value is not None and value.type == "N" and float(value.value) < now
