"""AWS in this process: guarded moto with what the stateful template holds, a sender of mail and the deployment secret.

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
from moto.dynamodb.models.utilities import dynamo_json_dump

from infra.local import moto_guard
from infra.local.provision import ACCOUNT, Stack

REGION: Final = "eu-central-1"
STAGE: Final = "dev"  # whose template is taken, as it is
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
    "CABINET_PREFIX": f"cabinet-{STAGE}",
    "CABINET_SEALS_BUCKET": f"cabinet-{STAGE}-seals-{ACCOUNT}",
}
STRANGERS: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "CABINET_OPERATION",
)
TTL_IDENTITY: Final = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class CannotStart(Exception):  # noqa: N818 - a state of the machine, told to a person in one sentence
    """The engine does not run here; the message says why and what to do."""


def backend(service: str) -> Any:
    """Return moto's state of one service (`dynamodb`, `sqs`, `sns`, `ses`) in the engine's account and region."""
    found: Any = moto.backends.get_backend(service)  # type: ignore[call-overload] # the name is not a literal here
    return found[ACCOUNT][REGION]


class Engine:
    """The cloud that the cabinet stands on, for `make run` and the tests; all of it is gone when the block ends.

    `keys`: how the cabinet presents itself to outside systems, kept in its deployment secret.
    """

    name = "moto"
    idle_seconds = 0.05  # how long the pump rests when nothing moves

    def __init__(self, keys: Mapping[str, str] | None = None, **environment: str) -> None:
        self._environment = ENVIRONMENT | environment
        self._keys = {"frmr": "sandbox", **(keys or {})}
        self._buckets: list[str] = []
        self._beside = ExitStack()
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(_forget)
            undo.callback(self.stop)
            self._start(undo)
            self._build()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def stop(self) -> None:
        """End what runs beside this process; the environment stays, so that no late call finds the way to AWS."""
        self._beside.close()

    def empty(self) -> None:
        """Empty tables, streams, queues and post; the deployment's secret stays, the clock returns to real time."""
        from chalicelib.kit import clock, options, settings, vault  # noqa: PLC0415 - see the module's docstring

        if self._empty_tables(settings.table("deployment_secret"), settings.table("setting")):
            options.forget()
        self._empty_queues()
        self._empty_buckets()
        backend("sns").sms_messages.clear()
        backend("ses").sent_messages.clear()
        vault.forget()
        clock.reset()

    def take_stream(self, table: str) -> list[dict[str, Any]]:
        """Take the records off a table's stream as a Lambda event writes them; their numbers are not given out again.

        When UpdateItem makes an item, moto emits an INSERT of the bare keys and then that of the item: the first is
        left out.
        """
        with moto_guard.LOCK:
            shard = backend("dynamodb").tables[table].stream_shard
            if shard is None or not shard.items:
                return []
            taken: list[dict[str, Any]] = json.loads(dynamo_json_dump([record.to_json() for record in shard.items]))
            shard.starting_sequence_number += len(shard.items)
            shard.items = []
        return [one for one, after in zip(taken, [*taken[1:], None], strict=True) if not _is_half(one, after)]

    def sweep(self) -> int:
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

    def has_messages(self, queue: str) -> bool:
        """Tell whether it is worth while to ask a queue for messages: on moto a call for every look costs too much."""
        found = backend("sqs").queues.get(queue)
        return found is not None and bool(found.messages)

    def take_sent(self) -> list[dict[str, str]]:
        """Take messages and letters that have left since the last time; `text` of a letter starts with its subject."""
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

    def _start(self, undo: ExitStack) -> None:
        """Set the environment and begin to answer in the place of AWS."""
        undo.enter_context(patch.dict(os.environ, self._environment))
        for name in STRANGERS:
            os.environ.pop(name, None)
        moto_guard.install()
        undo.enter_context(moto.mock_aws())

    def _build(self) -> None:
        """Make what the stateful stack makes in the cloud, and what the operator adds to it."""
        from chalicelib.kit import aws, secret, settings  # noqa: PLC0415 - see the module's docstring

        aws.forget()
        from infra.templates import stateful  # noqa: PLC0415 - it reads the tables, hence their names

        aws.client("sesv2").create_email_identity(EmailIdentity=settings.mail_sender())
        stack = Stack(stateful.build(STAGE), aws.client, REGION)
        self._buckets = stack.names("AWS::S3::Bucket", "BucketName")
        if self._provision(stack):
            secret.store(root=secrets.token_hex(32), **self._keys)
        else:
            secret.change_outside_keys(**self._keys)

    def _provision(self, stack: Stack) -> bool:
        """Make what is not there yet; tells whether everything is new."""
        stack.make()
        return True

    def _empty_tables(self, kept: str, told: str) -> bool:
        """Empty all tables but one, and their streams; tells whether one of them had held anything."""
        with moto_guard.LOCK:
            had = bool(backend("dynamodb").tables[told].items)
            for name, table in backend("dynamodb").tables.items():
                if name != kept:
                    table.items = type(table.items)(table.items.default_factory)
                self.take_stream(name)
        return had

    def _empty_queues(self) -> None:
        for queue in backend("sqs").queues.values():
            queue._messages = []  # noqa: SLF001 - moto's purge needs a call a queue
            queue._pending_messages = set()  # noqa: SLF001 - see above

    def _empty_buckets(self) -> None:
        for name in self._buckets:  # moto keeps them under a region of their own
            moto.backends.get_backend("s3")[ACCOUNT]["aws"].buckets[name].keys.clear()


def _forget() -> None:
    """Drop whatever the code keeps of an engine that is gone."""
    from chalicelib.kit import aws, clock, options, secret, vault  # noqa: PLC0415 - see the module's docstring

    for forget in (aws.forget, secret.forget, vault.forget, options.forget, clock.reset):
        forget()


def _is_half(record: dict[str, Any], after: dict[str, Any] | None) -> bool:
    if after is None or not record["eventName"] == after["eventName"] == "INSERT":
        return False
    return bool(record["dynamodb"]["Keys"] == after["dynamodb"]["Keys"])


def _is_past(value: Any, now: int) -> bool:
    return value is not None and value.type == "N" and float(value.value) < now
