"""The second engine: ministack beside us on 127.0.0.1, for tables, streams, keys, buckets and queues.

Messages and letters stay in moto, which hands over what was sent; nothing of them is kept anyway.
"""

import base64
import http.client
import json
import os
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from infra.local.data import Data
from infra.local.engine import REGION, STAGE, TTL_IDENTITY, CannotStart, Engine
from infra.local.provision import ACCOUNT, Stack

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv/tools/ministack/bin/python"
TOOLS: Final = ROOT / "infra/tools/ministack.txt"
CHILD: Final = Path(__file__).with_name("ministack_child.py")
HOST: Final = "127.0.0.1"
SERVICES: Final = ("dynamodb", "dynamodbstreams", "kms", "s3", "sqs")
START_SECONDS: Final = 30
STOP_SECONDS: Final = 60
BATCH: Final = 25


class Process:
    """ministack as a child on a free port; its log and whatever it writes are in one folder.

    `kept_by`: the descriptor of the lock on a folder whose data are to stay; the child holds it too.
    """

    def __init__(self, folder: Path, kept_by: int | None = None) -> None:
        if not PYTHON.exists():
            raise CannotStart("Второй движок не установлен. Выполните: bash infra/tools/install.sh ministack")
        self.log = folder / "ministack.log"
        self._port = _free_port()
        self.url = f"http://{HOST}:{self._port}"
        kept = "0" if kept_by is None else "1"
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "TMPDIR": str(folder),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self._port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "SERVICES": ",".join(SERVICES),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": kept,
            "STATE_DIR": str(folder / "state"),
            "S3_PERSIST": kept,
            "S3_DATA_DIR": str(folder / "s3"),
        }
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [PYTHON, "-P", CHILD, sysconfig.get_path("platlib")],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=() if kept_by is None else (kept_by,),
                start_new_session=True,  # Ctrl-C is for us; we end it when nobody needs it any more
            )
        self._await_ready()

    def stop(self) -> None:
        """End it as SIGTERM does, so that it writes down what it keeps, and wait for that."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise

    def _await_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._child.poll() is None:
            with suppress(OSError), closing(http.client.HTTPConnection(HOST, self._port, timeout=1)) as line:
                line.request("GET", "/_ministack/ready")
                if line.getresponse().status == http.HTTPStatus.OK:
                    return
            time.sleep(0.02)
        self._child.kill()
        self._child.wait()
        raise CannotStart(f"Второй движок не запустился; что он сказал: {self.log}")


class Ministack(Engine):
    """The same cloud over HTTP. All of it is gone when the block ends."""

    name = "ministack"
    idle_seconds = 0.25  # every look costs calls

    def __init__(self, keys: Mapping[str, str] | None = None, folder: Path | None = None, **environment: str) -> None:
        super().__init__(keys, **environment)
        self._folder = folder
        self._data: Data | None = None
        self._places: dict[str, str] = {}
        self._taken: dict[str, str] = {}  # the number of the last record of each stream
        self._swept: set[str] = set()
        self._key_names: dict[str, list[str]] = {}
        self._touched: set[str] = set()  # what has to be emptied; to look into everything would take half a second

    def take_stream(self, table: str) -> list[dict[str, Any]]:
        """Take the new records off a table's stream as a Lambda event writes them."""
        streams = _client("dynamodbstreams")
        try:
            answer = streams.get_records(ShardIterator=self._places[table])
        except streams.exceptions.ExpiredIteratorException:  # nobody has asked for a quarter of an hour
            answer = streams.get_records(ShardIterator=_place(table, self._taken.get(table)))
        self._places[table] = answer["NextShardIterator"]
        records = [_as_event(one) for one in answer["Records"]]
        for one in records:
            self._taken[table] = one["dynamodb"]["SequenceNumber"]
            mark = _mark(table, one["dynamodb"]["Keys"])
            if one["eventName"] == "REMOVE" and mark in self._swept:
                self._swept.remove(mark)
                one["userIdentity"] = TTL_IDENTITY
        return records

    def sweep(self) -> int:
        """Delete the items whose time to live is past by the cabinet's clock, as DynamoDB would; returns how many."""
        from chalicelib.kit import clock  # noqa: PLC0415 - see infra/local/engine.py

        swept, dynamodb = 0, _client("dynamodb")
        for table in self._key_names:
            attribute = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName")
            if attribute is None:
                continue
            past = {
                "ExpressionAttributeNames": {"#expires": attribute},
                "ExpressionAttributeValues": {":now": {"N": str(clock.epoch())}},
            }
            for key in self._stored(table, FilterExpression="#expires < :now", **past):
                with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
                    self._swept.add(_mark(table, key))
                    dynamodb.delete_item(TableName=table, Key=key, ConditionExpression="#expires < :now", **past)
                    swept += 1
        return swept

    def has_messages(self, queue: str) -> bool:  # noqa: ARG002 - see Engine
        """Tell that asking for messages is the way to know."""
        return True

    def _start(self, undo: ExitStack) -> None:
        super()._start(undo)
        if self._folder is None:
            folder = Path(self._beside.enter_context(tempfile.TemporaryDirectory(prefix="cabinet-")))
            process = Process(folder)
        else:
            from infra.templates import stateful  # noqa: PLC0415 - see infra/local/engine.py

            self._data = Data(self._folder, stateful.build(STAGE), TOOLS.read_bytes())
            self._beside.callback(self._data.close)
            process = Process(self._folder, self._data.lock)
        self._beside.callback(process.stop)
        endpoints = {f"CABINET_{service.upper()}_ENDPOINT": process.url for service in SERVICES}
        undo.enter_context(patch.dict(os.environ, endpoints))

    def _provision(self, stack: Stack) -> bool:
        tables, aliases = _client("dynamodb").list_tables()["TableNames"], _client("kms").list_aliases()["Aliases"]
        is_new = self._data is None or self._data.is_new
        if is_new and not tables and not aliases:
            return super()._provision(stack)
        if not (tables and aliases):
            raise CannotStart(
                f"Данные в папке {self._folder} записаны не полностью. "
                "Укажите в DATA другую папку или удалите эту: тогда кабинет начнёт заново."
            )
        return False

    def _build(self) -> None:
        super()._build()
        dynamodb = _client("dynamodb")
        for table in dynamodb.list_tables(Limit=100)["TableNames"]:
            described = dynamodb.describe_table(TableName=table)["Table"]
            self._key_names[table] = [part["AttributeName"] for part in described["KeySchema"]]
            if "LatestStreamArn" in described:
                self._places[table] = _place(table)
        dynamodb.meta.events.register("before-call", self._note_tables)
        _client("sqs").meta.events.register("before-call.sqs.SendMessage", self._note_queues)

    def _note_tables(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        if model.name not in {"DescribeTable", "GetItem", "Query", "Scan", "TransactGetItems"}:
            body = params["body"].decode()
            self._touched |= {table for table in self._key_names if f'"{table}"' in body}

    def _note_queues(self, **_: Any) -> None:
        self._touched.add("sqs")

    def _empty_tables(self, kept: str, told: str) -> bool:
        had = told in self._touched
        for table in self._touched & set(self._key_names) - {kept}:
            keys = list(self._stored(table))
            for start in range(0, len(keys), BATCH):
                gone = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + BATCH]]
                _client("dynamodb").batch_write_item(RequestItems={table: gone})
            self._touched.discard(table)
        for table in self._places:
            while self.take_stream(table):
                pass
        self._swept.clear()
        return had

    def _empty_queues(self) -> None:
        if "sqs" in self._touched:
            for url in _client("sqs").list_queues()["QueueUrls"]:
                _client("sqs").purge_queue(QueueUrl=url)
        self._touched.clear()

    def _empty_buckets(self) -> None:
        for bucket in self._buckets:
            for page in _client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket):
                for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    version = {"Bucket": bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
                    _client("s3").delete_object(**version, BypassGovernanceRetention=True)

    def _stored(self, table: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """Yield the keys of a table's items, of all or of those asked for."""
        for page in _client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **asked):
            for item in page["Items"]:
                yield {name: item[name] for name in self._key_names[table]}


def _client(service: str) -> Any:
    from chalicelib.kit import aws  # noqa: PLC0415 - see infra/local/engine.py

    return aws.client(service)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port


def _place(table: str, after: str | None = None) -> str:
    """Return the iterator of a stream's oldest records, or of those after a number."""
    arn = _client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = _client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    where = {"ShardIteratorType": "TRIM_HORIZON"}
    if after is not None:
        where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
    iterator: str = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **where)["ShardIterator"]
    return iterator


def _mark(table: str, key: Mapping[str, Any]) -> str:
    return json.dumps([table, _as_event(key)], sort_keys=True)


def _as_event(tree: Any) -> Any:
    """Write what botocore has parsed as the JSON of a Lambda event: bytes in base64, moments in seconds."""
    if isinstance(tree, Mapping):
        return {name: _as_event(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_as_event(one) for one in tree]
    if isinstance(tree, bytes):
        return base64.b64encode(tree).decode()
    return tree.timestamp() if isinstance(tree, datetime) else tree
