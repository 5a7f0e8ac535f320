"""Both engines show the same: what the template holds, streams, expiry, emptiness, keys bound to their owners."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.kit import aws, clock, vault
from infra.local.engine import REGION, STAGE, TTL_IDENTITY, Engine
from infra.local.ministack import Ministack
from infra.local.provision import Stack
from infra.templates import stateful

pytestmark = pytest.mark.proof
Tree = dict[str, Any]


@pytest.fixture(scope="module", params=[Engine, Ministack], ids=["moto", "ministack"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Start each engine in its turn."""
    with request.param() as started:
        yield started


def outbox(name: str) -> Tree:
    """Make an item of the outbox's shape, as the API takes it."""
    return {"effect_id": {"S": name}, "sealed": {"B": b"\x00\xff"}, "attempts": {"N": "1"}}


def put(item: Tree) -> None:
    """Write an item into the table that has a stream."""
    aws.client("dynamodb").put_item(TableName=f"cabinet-{STAGE}-outbox", Item=item)


def test_both_engines_hold_what_the_template_says(engine: Engine) -> None:
    """Tables with their keys and indexes, time to live and streams; queues with their visibility; the alias."""
    template = stateful.build(STAGE)["Resources"].values()
    dynamodb, sqs = aws.client("dynamodb"), aws.client("sqs")
    tables = {one["Properties"]["TableName"]: one["Properties"] for one in template if one["Type"].endswith("::Table")}
    assert set(dynamodb.list_tables(Limit=100)["TableNames"]) == set(tables)
    for name, said in tables.items():
        table = dynamodb.describe_table(TableName=name)["Table"]
        assert table["KeySchema"] == said["KeySchema"]
        indexes = {one["IndexName"] for one in table.get("GlobalSecondaryIndexes", [])}
        assert indexes == {one["IndexName"] for one in said.get("GlobalSecondaryIndexes", [])}
        assert ("LatestStreamArn" in table) is ("StreamSpecification" in said)
        life = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert life.get("AttributeName") == said.get("TimeToLiveSpecification", {}).get("AttributeName")
    for said in [one["Properties"] for one in template if one["Type"] == "AWS::SQS::Queue"]:
        url = sqs.get_queue_url(QueueName=said["QueueName"])["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert "VisibilityTimeout" not in said or attributes["VisibilityTimeout"] == str(said["VisibilityTimeout"])
    assert f"alias/cabinet-{STAGE}-data" in {one["AliasName"] for one in aws.client("kms").list_aliases()["Aliases"]}


def test_streams_bring_the_same_events(engine: Engine) -> None:
    """New, changed and deleted items in Lambda's form, binary values in base64, nothing twice."""
    table = f"cabinet-{STAGE}-outbox"
    engine.empty()
    put(outbox("a"))
    put(outbox("a") | {"attempts": {"N": "2"}})
    aws.client("dynamodb").delete_item(TableName=table, Key={"effect_id": {"S": "a"}})
    seen = [
        (one["eventName"], one["dynamodb"]["Keys"], one["dynamodb"].get("NewImage"))
        for one in json.loads(json.dumps(engine.take_stream(table)))
    ]
    key, image = {"effect_id": {"S": "a"}}, outbox("a") | {"sealed": {"B": "AP8="}}
    assert seen == [
        ("INSERT", key, image),
        ("MODIFY", key, image | {"attempts": {"N": "2"}}),
        ("REMOVE", key, None),
    ]
    assert engine.take_stream(table) == []


def test_what_is_past_is_swept_by_the_cabinets_clock_as_the_services_own_deletion(engine: Engine) -> None:
    """The clock moves, the machine's does not."""
    table = f"cabinet-{STAGE}-outbox"
    engine.empty()
    put(outbox("old") | {"expires": {"N": str(clock.epoch() + 600)}})
    put(outbox("young") | {"expires": {"N": str(clock.epoch() + 60000)}})
    put(outbox("lasting"))
    assert engine.sweep() == 0
    clock.advance(1200)
    assert engine.sweep() == 1
    (removed,) = [one for one in engine.take_stream(table) if one["eventName"] == "REMOVE"]
    assert removed["userIdentity"] == TTL_IDENTITY
    assert removed["dynamodb"]["Keys"] == {"effect_id": {"S": "old"}}


def test_an_emptied_engine_holds_nothing_and_tells_nothing(engine: Engine) -> None:
    """Tables, streams and queues; the deployment secret stays."""
    sqs = aws.client("sqs")
    put(outbox("a"))
    url = sqs.get_queue_url(QueueName=f"cabinet-{STAGE}-sms")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a")
    engine.empty()
    assert engine.take_stream(f"cabinet-{STAGE}-outbox") == []
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    tables = aws.client("dynamodb").list_tables(Limit=100)["TableNames"]
    held = {name for name in tables if aws.client("dynamodb").scan(TableName=name)["Count"]}
    assert held == {f"cabinet-{STAGE}-deployment_secret"}


def test_an_emptied_bucket_holds_no_version(engine: Engine) -> None:
    """Also of objects under a lock that an administrator may open."""
    retention = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    bucket = {"BucketName": "locked-for-a-test", "ObjectLockEnabled": True, "ObjectLockConfiguration": retention}
    resources = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket}}
    Stack({"Resources": resources}, aws.client, REGION).make()
    engine._buckets.append("locked-for-a-test")
    for text in (b"1", b"2"):
        aws.client("s3").put_object(Bucket="locked-for-a-test", Key="a", Body=text)
    assert len(aws.client("s3").list_object_versions(Bucket="locked-for-a-test")["Versions"]) == 2
    engine.empty()
    assert "Versions" not in aws.client("s3").list_object_versions(Bucket="locked-for-a-test")


def test_a_key_opens_only_with_its_owner_as_context(engine: Engine) -> None:
    """The wrapped key of one owner does not open as another's."""
    kms = aws.client("kms")
    key = vault.OwnerKey.new("psn_a")
    assert kms.decrypt(CiphertextBlob=key.wrapped, EncryptionContext={"owner": "psn_a"})["Plaintext"]
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=key.wrapped, EncryptionContext={"owner": "psn_b"})
