"""The guard around moto's DynamoDB: what it promises, and that moto still needs it."""

import copy
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import moto
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb import models, responses
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from infra.local import moto_guard

REGION = "eu-central-1"
THREADS = 8
CANCELLED = "TransactionCanceledException"
CONDITION = "ConditionalCheckFailedException"
INVALID = "ValidationException"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a botocore session on guarded moto with two empty tables, `pairs` and `singles`."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    moto_guard.install()
    with moto.mock_aws():
        session = botocore.session.get_session()
        client = session.create_client("dynamodb")
        client.create_table(
            TableName="pairs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in ("pS", "rS", "gS", "nN")],
            KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_g",
                    "KeySchema": [
                        {"AttributeName": "g", "KeyType": "HASH"},
                        {"AttributeName": "n", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        client.create_table(
            TableName="singles",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        yield session


@pytest.fixture
def db(aws: Any) -> Any:
    """Make a client that does not repeat a failed request: every 500 is seen."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=THREADS)
    return aws.create_client("dynamodb", config=config)


def table(name: str) -> Table:
    """Return moto's own table object."""
    return models.dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name]


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """Run the work in all threads at once, changing between them often; an exception of any is raised here."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(run, range(THREADS)))
    finally:
        sys.setswitchinterval(usual)


def is_refused(code: str, call: Callable[..., Any], **request: Any) -> bool:
    """Tell whether the request was refused with the code; any other error is raised."""
    try:
        call(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return True
    return False


def add(name: str, delta: int, **more: Any) -> dict[str, Any]:
    """Make an Update of a transaction that adds to `v`, never below zero."""
    return {
        "Update": {
            "TableName": "singles",
            "Key": {"p": {"S": name}},
            "UpdateExpression": "SET v = v + :d",
            "ConditionExpression": "v >= :floor",
            "ExpressionAttributeValues": {":d": {"N": str(delta)}, ":floor": {"N": str(max(0, -delta))}},
            **more,
        }
    }


def put_single(name: str, value: int) -> dict[str, Any]:
    return {"Put": {"TableName": "singles", "Item": {"p": {"S": name}, "v": {"N": str(value)}}}}


def values() -> dict[str, int]:
    return {item.hash_key.value: int(item.attrs["v"].value) for item in table("singles").all_items()}


# --- parallel writes --------------------------------------------------------------------------------


def test_parallel_conditional_puts_lose_nothing(db: Any) -> None:
    """Every acknowledged put of 8 threads is there afterwards, beside refused puts and failed transactions."""

    def work(thread: int) -> list[str]:
        done = []
        for number in range(60):
            name = f"{thread}-{number}"
            item = {"p": {"S": name}, "v": {"N": "1"}}
            put = {"TableName": "singles", "Item": item, "ConditionExpression": "attribute_not_exists(p)"}
            if not is_refused(CONDITION, db.put_item, **put):
                done.append(name)
            if number % 3 == 0:
                assert is_refused(CONDITION, db.put_item, **put)
            if number % 3 == 1:
                both = [put_single(f"never-{name}", 1), {"Put": put}]
                assert is_refused(CANCELLED, db.transact_write_items, TransactItems=both)
        return done

    done = {name for names in in_threads(work) for name in names}
    assert len(done) == THREADS * 60
    assert set(values()) == done


def test_parallel_transfers_keep_the_sum(db: Any) -> None:
    """Transfers between shared accounts neither make nor lose money, and each is answered as DynamoDB would."""
    accounts = [f"account-{number}" for number in range(5)]
    for name in accounts:
        db.put_item(TableName="singles", Item={"p": {"S": name}, "v": {"N": "40"}})

    def work(thread: int) -> int:
        moved = 0
        for number in range(25):
            giver = accounts[(thread + number) % 5]
            taker = accounts[(thread + number * 3 + 1) % 5]
            if giver != taker:
                transfer = [add(taker, 30), add(giver, -30)]
                moved += not is_refused(CANCELLED, db.transact_write_items, TransactItems=transfer)
        return moved

    assert sum(in_threads(work)) > 0
    assert sum(values().values()) == 200
    assert min(values().values()) >= 0


# --- roll-back --------------------------------------------------------------------------------------


def test_failed_transaction_leaves_no_half_write(db: Any) -> None:
    """Put, update and delete before a failed condition are all undone; reasons stand by position with the old item."""
    for name in ("changed", "deleted", "guard"):
        db.put_item(TableName="singles", Item={"p": {"S": name}, "v": {"N": "5"}, "tags": {"SS": ["a"]}})
    before = copy.deepcopy(table("singles").items)
    tag = {"ExpressionAttributeValues": {":t": {"SS": ["b"]}}, "UpdateExpression": "ADD tags :t"}
    with pytest.raises(ClientError) as caught:
        db.transact_write_items(
            TransactItems=[
                put_single("new", 1),
                {"Update": {"TableName": "singles", "Key": {"p": {"S": "changed"}}, **tag}},
                add("guard", -6, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                {"Delete": {"TableName": "singles", "Key": {"p": {"S": "deleted"}}}},
                {"Put": {"TableName": "pairs", "Item": {"p": {"S": "a"}, "r": {"S": "b"}}}},
            ]
        )
    assert caught.value.response["Error"]["Code"] == CANCELLED
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None", "ConditionalCheckFailed", "None", "None"]
    assert reasons[2]["Item"] == {"p": {"S": "guard"}, "v": {"N": "5"}, "tags": {"SS": ["a"]}}
    assert table("singles").items == before
    assert len(table("pairs")) == 0


def test_refused_transaction_is_undone_too(db: Any) -> None:
    """A request refused as a whole (one item twice; a table by its ARN, which moto forgets) leaves nothing behind."""
    arn = db.describe_table(TableName="singles")["Table"]["TableArn"]
    by_arn = put_single("by-arn", 1)
    by_arn["Put"]["TableName"] = arn
    twice = [by_arn, put_single("twice", 1), put_single("twice", 2)]
    assert is_refused(INVALID, db.transact_write_items, TransactItems=twice)
    assert is_refused(CANCELLED, db.transact_write_items, TransactItems=[by_arn, add("absent", 1)])
    assert values() == {}


def test_failed_update_is_undone(db: Any) -> None:
    """A single update that fails half-way (an item over 400 KB) changes nothing."""
    db.put_item(TableName="singles", Item={"p": {"S": "a"}, "v": {"N": "1"}})
    update = {
        "TableName": "singles",
        "Key": {"p": {"S": "a"}},
        "UpdateExpression": "SET v = :v, big = :big",
        "ExpressionAttributeValues": {":v": {"N": "2"}, ":big": {"S": "x" * 410_000}},
    }
    assert is_refused(INVALID, db.update_item, **update)
    assert values() == {"a": 1}


def test_rolled_back_transaction_leaves_no_stream_records(aws: Any, db: Any) -> None:
    """Readers of a stream see committed writes only, also through an iterator taken before the roll-back."""
    streams = aws.create_client("dynamodbstreams")
    arn = streams.list_streams(TableName="singles")["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    place = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**place)["ShardIterator"]

    def seen() -> list[str]:
        records = streams.get_records(ShardIterator=iterator)["Records"]
        return [f"{record['eventName']} {record['dynamodb']['Keys']['p']['S']}" for record in records]

    db.put_item(TableName="singles", Item={"p": {"S": "one"}, "v": {"N": "1"}})
    failing = [put_single("two", 2), add("absent", 1)]
    assert is_refused(CANCELLED, db.transact_write_items, TransactItems=failing)
    assert seen() == ["INSERT one"]
    db.transact_write_items(TransactItems=[put_single("three", 3), add("one", 1)])
    assert seen() == ["INSERT one", "INSERT three", "MODIFY one"]


# --- cost -------------------------------------------------------------------------------------------


def fill(start: int, end: int) -> None:
    """Put items straight into the backend: ten in a partition, ten under a value of the index."""
    pairs: Any = table("pairs")
    for number in range(start, end):
        name = {"S": f"p{number // 10}"}
        pairs.put_item({"p": name, "r": {"S": f"r{number % 10}"}, "g": name, "n": {"N": str(number)}})


def test_cost_does_not_grow_with_the_table(db: Any) -> None:
    """A transaction of two and a Query of a partition cost at 20,000 items about what they cost at 500."""

    def transact() -> None:
        keys = [{"p": {"S": "p3"}, "r": {"S": name}} for name in ("r1", "r2")]
        update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
        db.transact_write_items(TransactItems=[{"Update": {"TableName": "pairs", "Key": k, **update}} for k in keys])

    def query(name: str, **index: str) -> None:
        request = {"KeyConditionExpression": f"{name} = :p", "ExpressionAttributeValues": {":p": {"S": "p3"}}}
        assert db.query(TableName="pairs", **request, **index)["Count"] == 10

    calls: dict[str, Callable[[], None]] = {
        "transaction": transact,
        "query": lambda: query("p"),
        "index query": lambda: query("g", IndexName="by_g"),
    }

    def medians() -> dict[str, float]:
        spent: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(15):
            for name, call in calls.items():
                began = time.perf_counter()
                call()
                spent[name].append(time.perf_counter() - began)
        return {name: statistics.median(times) for name, times in spent.items()}

    fill(0, 500)
    small = medians()
    fill(500, 20_000)
    large = medians()
    ratios = {name: round(large[name] / small[name], 2) for name in calls}
    assert max(ratios.values()) < 5, ratios


# --- Query against plain Python ---------------------------------------------------------------------

texts = st.text("abк", max_size=3)
numbers = st.integers(-3, 12)
writes = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "update", "delete"]),
        st.sampled_from("pq"),
        texts.filter(bool),
        st.sampled_from(["g", "h", None]),
        numbers,
    ),
    max_size=25,
)


def apply(db: Any, changes: list[Any], expected: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Make the changes in DynamoDB and in what must be there after them."""
    for kind, p, r, g, n in changes:
        key = {"p": {"S": p}, "r": {"S": r}}
        indexed = {"n": {"N": str(n)}} | ({"g": {"S": g}} if g else {})
        if kind == "put":
            db.put_item(TableName="pairs", Item=key | indexed)
            expected[p, r] = key | indexed
        elif kind == "update":
            change = {"UpdateExpression": "SET n = :n REMOVE g", "ExpressionAttributeValues": {":n": {"N": str(n)}}}
            if g:
                change = {
                    "UpdateExpression": "SET n = :n, g = :g",
                    "ExpressionAttributeValues": {":n": {"N": str(n)}, ":g": {"S": g}},
                }
            db.update_item(TableName="pairs", Key=key, **change)
            expected[p, r] = key | indexed
        else:
            db.delete_item(TableName="pairs", Key=key)
            expected.pop((p, r), None)


def pages(db: Any, request: dict[str, Any], limit: int | None) -> list[dict[str, Any]]:
    """Read a query to its end, page by page."""
    found: list[dict[str, Any]] = []
    if limit:
        request = request | {"Limit": limit}
    while True:
        page = db.query(TableName="pairs", **request)
        assert not limit or page["Count"] <= limit
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        request = request | {"ExclusiveStartKey": page["LastEvaluatedKey"]}


range_conditions = st.one_of(
    st.just(("", {}, lambda _: True)),
    texts.filter(bool).map(
        lambda a: (" AND begins_with(r, :a)", {":a": {"S": a}}, lambda item: item["r"]["S"].startswith(a))
    ),
    st.tuples(texts.filter(bool), texts.filter(bool))
    .map(sorted)
    .map(
        lambda ab: (
            " AND r BETWEEN :a AND :b",
            {":a": {"S": ab[0]}, ":b": {"S": ab[1]}},
            lambda item: ab[0] <= item["r"]["S"] <= ab[1],
        )
    ),
    texts.filter(bool).map(lambda a: (" AND r > :a", {":a": {"S": a}}, lambda item: item["r"]["S"] > a)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=writes,
    later=writes,
    condition=range_conditions,
    low=numbers,
    order=st.sampled_from(["ascending", "descending"]),
    limit=st.sampled_from([None, 1, 2, 3]),
)
def test_query_is_what_plain_python_expects(
    db: Any, changes: list[Any], later: list[Any], condition: Any, low: int, order: str, limit: int | None
) -> None:
    """Conditions, order and paging of table and index queries match a list comprehension, also after later writes."""
    table("pairs").items.clear()  # as between tests: the indexes are not told
    text, given_values, matches = condition
    forward = order == "ascending"
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    for step in (changes, later):
        apply(db, step, expected)

        request = {
            "KeyConditionExpression": "p = :p" + text,
            "ExpressionAttributeValues": {":p": {"S": "p"}, **given_values},
            "ScanIndexForward": forward,
        }
        wanted = [item for item in expected.values() if item["p"]["S"] == "p" and matches(item)]
        wanted.sort(key=lambda item: item["r"]["S"], reverse=not forward)
        assert pages(db, request, limit) == wanted

        request = {
            "IndexName": "by_g",
            "KeyConditionExpression": "g = :g AND n >= :n",
            "ExpressionAttributeValues": {":g": {"S": "g"}, ":n": {"N": str(low)}},
            "ScanIndexForward": forward,
        }
        wanted = [item for item in expected.values() if item.get("g") == {"S": "g"} and int(item["n"]["N"]) >= low]
        wanted.sort(key=lambda i: (int(i["n"]["N"]), i["p"]["S"], i["r"]["S"]), reverse=not forward)
        assert pages(db, request, limit) == wanted


def test_index_query_follows_a_roll_back(db: Any) -> None:
    """An index asked before and after a rolled back change of its key still finds the item at its old value."""
    key = {"p": {"S": "a"}, "r": {"S": "b"}}
    db.put_item(TableName="pairs", Item=key | {"g": {"S": "old"}, "n": {"N": "1"}})

    def found(value: str) -> int:
        request = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": value}}}
        count: int = db.query(TableName="pairs", IndexName="by_g", **request)["Count"]
        return count

    assert (found("old"), found("new")) == (1, 0)
    change = {"UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": "new"}}}
    failing = [{"Update": {"TableName": "pairs", "Key": key, **change}}, add("absent", 1)]
    assert is_refused(CANCELLED, db.transact_write_items, TransactItems=failing)
    assert (found("old"), found("new")) == (1, 0)
    db.update_item(TableName="pairs", Key=key, **change)
    assert (found("old"), found("new")) == (0, 1)


def test_single_item_partitions(db: Any) -> None:
    """Query of a table without a range key finds the one item, and nothing under an absent or malformed key."""
    db.put_item(TableName="singles", Item={"p": {"S": "a"}, "v": {"N": "1"}})
    for value, count in (({"S": "a"}, 1), ({"S": "b"}, 0), ({"N": "1"}, 0), ({"L": []}, 0)):
        request = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": value}}
        assert db.query(TableName="singles", **request)["Count"] == count


# --- the pin: these fail when a new moto makes the guard wrong or needless -----------------------------


def test_moto_is_the_version_the_guard_was_read_against(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed moto is the pinned one, and the guard refuses any other in one sentence."""
    assert moto.__version__ == moto_guard.MOTO_VERSION
    monkeypatch.setattr(moto, "__version__", "5.2.6")
    with pytest.raises(RuntimeError, match=r"^The DynamoDB guard was written for moto 5\.2\.5, not for 5\.2\.6\.$"):
        moto_guard.install()


def test_second_install_changes_nothing(aws: Any) -> None:
    """Installing twice does not wrap the wrapper."""
    before = (DynamoHandler.call_action, Table.query, models.copy)  # type: ignore[attr-defined]
    moto_guard.install()
    assert before == (DynamoHandler.call_action, Table.query, models.copy)  # type: ignore[attr-defined]


def test_moto_still_answers_requests_side_by_side(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard two requests meet inside moto's backend, with it they cannot: the lock is still needed."""
    for guarded, patience in ((True, 0.3), (False, 10)):
        meeting = threading.Barrier(2)
        met: list[bool] = []

        def describe_limits(
            _: Any, meeting: threading.Barrier = meeting, met: list[bool] = met, patience: float = patience
        ) -> str:
            try:
                meeting.wait(patience)
                met.append(True)
            except threading.BrokenBarrierError:
                met.append(False)
            return "{}"

        monkeypatch.setattr(DynamoHandler, "describe_limits", describe_limits)
        if not guarded:
            monkeypatch.setattr(DynamoHandler, "call_action", vars(DynamoHandler.call_action)["__wrapped__"])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: db.describe_limits(), range(2)))
        assert met == [not guarded] * 2


def test_moto_still_reads_too_few_items_at_once(db: Any) -> None:
    """Its limit of 25 is what the guard lifts; AWS takes a hundred."""
    assert "\nTRANSACTION_MAX_ITEMS = 25\n" in Path(responses.__file__).read_text(encoding="utf-8")
    assert responses.TRANSACTION_MAX_ITEMS == 100


def test_moto_still_copies_whole_tables(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard a transaction copies its tables, and nothing else in that module does: the undo is needed."""
    copied: list[Table] = []

    def deepcopy(value: Any) -> Any:
        copied.extend([value] if isinstance(value, Table) else [])
        return copy.deepcopy(value)

    monkeypatch.setattr(models, "copy", SimpleNamespace(deepcopy=deepcopy))
    db.put_item(TableName="singles", Item={"p": {"S": "a"}, "v": {"N": "1"}})
    before = table("singles")
    arn = db.create_backup(TableName="singles", BackupName="backup")["BackupDetails"]["BackupArn"]
    db.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    assert copied == []
    db.transact_write_items(TransactItems=[add("a", 1)])
    assert copied == [before]
    assert len(table("restored")) == 1


def test_moto_still_reads_all_items_for_a_query(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard Query goes through all items of the table, once: handing it a partition is needed and works."""
    reads: list[int] = []
    all_items = Table.all_items

    def counted(self: Table) -> Any:
        items = all_items(self)
        reads.append(len(items))
        return items

    monkeypatch.setattr(Table, "all_items", counted)
    fill(0, 30)
    request = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "p1"}}}
    assert db.query(TableName="pairs", **request)["Count"] == 10
    assert reads == []
    monkeypatch.setattr(Table, "query", vars(Table.query)["__wrapped__"])
    assert db.query(TableName="pairs", **request)["Count"] == 10
    assert reads == [30]
