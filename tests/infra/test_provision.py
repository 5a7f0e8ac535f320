"""The local cabinet is made from the deployed template: all of it, nothing else, and no unknown part is passed over."""

import copy
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import moto
import pytest

from chalicelib.kit import aws, catalogue, settings
from infra.local.engine import ENVIRONMENT, REGION, STAGE, STRANGERS
from infra.local.provision import SKIPPED, CannotProvision, Stack
from infra.sandboxes.esia import EsiaSandbox
from infra.templates import functions, stateful
from infra.templates.stages import prefix_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/engineering/local.md").read_text(encoding="utf-8")
Tree = dict[str, Any]


@pytest.fixture(autouse=True)
def cloud() -> Iterator[None]:
    """Begin with an empty moto, and leave none of its clients behind."""
    with patch.dict(os.environ, ENVIRONMENT), moto.mock_aws():
        aws.forget()
        yield
    aws.forget()


@pytest.fixture
def template() -> Tree:
    """Copy the deployed template."""
    return copy.deepcopy(stateful.build(STAGE))


def make(template: Tree) -> None:
    """Make everything that a template holds."""
    Stack(template, aws.client, REGION).make()


def resources(template: Tree, kind: str) -> dict[str, Tree]:
    """Return the properties of a template's resources of one kind by their logical names."""
    found = template["Resources"].items()
    return {name: one["Properties"] for name, one in found if one["Type"] == f"AWS::{kind}"}


def tables() -> dict[str, Tree]:
    """Describe all tables that there are."""
    dynamodb = aws.client("dynamodb")
    names = dynamodb.list_tables(Limit=100)["TableNames"]
    return {name: dynamodb.describe_table(TableName=name)["Table"] for name in names}


def queues() -> dict[str, Tree]:
    """Return the attributes of all queues that there are."""
    sqs = aws.client("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    return {one["QueueArn"].rpartition(":")[2]: one for one in found}


def only(kind: str, **properties: Any) -> Tree:
    """Make a template of one resource, `Thing`."""
    return {"Resources": {"Thing": {"Type": f"AWS::{kind}", "Properties": properties}}}


def test_every_table_is_there_with_all_that_the_template_says(template: Tree) -> None:
    """Keys, indexes, streams, time to live, backups, deletion protection and the key of the data."""
    make(template)
    wanted, dynamodb = {one["TableName"]: one for one in resources(template, "DynamoDB::Table").values()}, tables()
    assert set(dynamodb) == set(wanted)
    for name, table in dynamodb.items():
        said = wanted[name]
        assert table["KeySchema"] == said["KeySchema"]
        assert shapes(table) == shapes(said)
        assert table["DeletionProtectionEnabled"] is said["DeletionProtectionEnabled"] is True
        assert table["SSEDescription"]["KMSMasterKeyArn"].startswith(f"arn:aws:kms:{REGION}:")
        assert ("LatestStreamArn" in table) is ("StreamSpecification" in said)
        life = aws.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert life.get("AttributeName") == said.get("TimeToLiveSpecification", {}).get("AttributeName")
        backups = aws.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def shapes(table: Tree) -> dict[str, Any]:
    """Return the keys and projections of a table's indexes by their names."""
    found = table.get("GlobalSecondaryIndexes", [])
    return {one["IndexName"]: (one["KeySchema"], one["Projection"]) for one in found}


def test_every_queue_is_there_with_its_dead_letters_and_visibility(template: Tree) -> None:
    """The same attributes as in the cloud, references resolved."""
    make(template)
    found = queues()
    assert set(found) == {one["QueueName"] for one in resources(template, "SQS::Queue").values()}
    for said in resources(template, "SQS::Queue").values():
        attributes = found[said["QueueName"]]
        for name in {"VisibilityTimeout", "MessageRetentionPeriod"} & set(said):
            assert attributes[name] == str(said[name])
        if "RedrivePolicy" in said:
            assert f"{said['QueueName']}-dead" in attributes["RedrivePolicy"]
        assert attributes["KmsMasterKeyId"].startswith(f"arn:aws:kms:{REGION}:")


def test_the_data_key_turns_over_and_carries_its_alias(template: Tree) -> None:
    """The alias is the one that the code asks for under the same prefix."""
    make(template)
    kms = aws.client("kms")
    key = {"KeyId": kms.describe_key(KeyId=settings.key_alias())["KeyMetadata"]["KeyId"]}
    assert kms.get_key_rotation_status(**key)["KeyRotationEnabled"] is True
    assert "kms:ViaService" in kms.get_key_policy(**key, PolicyName="default")["Policy"]


def test_a_changed_template_changes_what_there_is(template: Tree) -> None:
    """An index removed, a queue renamed and a table taken out are gone here too."""
    name, table = next((name, one) for name, one in resources(template, "DynamoDB::Table").items() if shapes(one))
    index = table.pop("GlobalSecondaryIndexes")[0]["IndexName"]
    used = {part["AttributeName"] for part in table["KeySchema"]}
    table["AttributeDefinitions"] = [one for one in table["AttributeDefinitions"] if one["AttributeName"] in used]
    queue = next(iter(resources(template, "SQS::Queue").values()))
    queue["QueueName"] = "another-name"
    without = next(one for one in resources(template, "DynamoDB::Table") if one != name)
    gone = template["Resources"].pop(without)["Properties"]["TableName"]
    make(template)
    assert index not in shapes(tables()[table["TableName"]])
    assert "another-name" in queues()
    assert gone not in tables()


def test_a_bucket_keeps_versions_is_locked_and_closed_to_the_public() -> None:
    """What the template says of a bucket can be read back."""
    policy = {"Version": "2012-10-17", "Statement": []}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 3}}}
    closed = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    sealed = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    template = only(
        "S3::Bucket",
        BucketName="seals-of-a-test",
        VersioningConfiguration={"Status": "Enabled"},
        PublicAccessBlockConfiguration=closed,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        BucketEncryption=sealed,
        ObjectLockEnabled=True,
        ObjectLockConfiguration=lock,
    )
    rule = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Thing"}, "PolicyDocument": policy}}
    template["Resources"]["Rule"] = rule
    stack = Stack(template, aws.client, REGION)
    stack.make()
    assert stack.names("AWS::S3::Bucket", "BucketName") == ["seals-of-a-test"]
    s3, name = aws.client("s3"), {"Bucket": "seals-of-a-test"}
    assert s3.get_bucket_versioning(**name)["Status"] == "Enabled"
    assert s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"] == closed
    kept = s3.get_object_lock_configuration(**name)["ObjectLockConfiguration"]
    assert kept["ObjectLockEnabled"] == "Enabled"
    assert kept["Rule"]["DefaultRetention"].items() >= {"Mode": "COMPLIANCE", "Days": 3}.items()
    (rule,) = s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_a_key_for_signatures_signs() -> None:
    """Usage and kind of a key are taken from the template."""
    make(only("KMS::Key", KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256", PendingWindowInDays=30))
    (key,) = aws.client("kms").list_keys()["Keys"]
    signed = aws.client("kms").sign(KeyId=key["KeyId"], Message=b"text", SigningAlgorithm="ECDSA_SHA_256")
    assert signed["Signature"]


QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "thing"}}


@pytest.mark.parametrize(
    ("template", "named"),
    [
        (only("SNS::Topic", TopicName="thing"), "AWS::SNS::Topic"),
        (only("SQS::Queue", QueueName="thing", FairQueue=True), "FairQueue"),
        (only("DynamoDB::Table", TableName="thing", KeySchema=[{"AttributeName": "p", "KeyKind": "HASH"}]), "KeyKind"),
        (only("SQS::Queue", QueueName={"Fn::FindInMap": ["a", "b", "c"]}), "Fn::FindInMap"),
        (only("SQS::Queue", QueueName={"Ref": "Nothing"}), "Nothing"),
        (only("SQS::Queue", QueueName={"Ref": "Thing"}), "circle"),
        (only("SQS::Queue", QueueName={"Fn::GetAtt": ["Other", "Colour"]}) | {"Other": QUEUE}, "Other"),
        ({"Resources": {"Thing": QUEUE | {"Condition": "IsProd"}}}, "Condition"),
    ],
)
def test_what_is_unknown_stops_with_a_sentence_that_names_it(template: Tree, named: str) -> None:
    """No type, property, part of a property, function or clause is passed over in silence."""
    with pytest.raises(CannotProvision, match=re.escape(named)):
        make(template)


def test_an_unknown_attribute_of_a_known_resource_is_named() -> None:
    """GetAtt gives only what the API has told."""
    template = only("SQS::Queue", QueueName={"Fn::GetAtt": "Other.Colour"})
    template["Resources"]["Other"] = QUEUE
    with pytest.raises(CannotProvision, match="Other has no attribute Colour"):
        make(template)


def test_nothing_is_made_of_a_template_that_is_not_understood(template: Tree) -> None:
    """The refusal comes before the first call, so no half of a cloud is left."""
    template["Resources"]["Last"] = {"Type": "AWS::SNS::Topic", "Properties": {}}
    with pytest.raises(CannotProvision):
        make(template)
    assert tables() == {}


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        ({"Ref": "AWS::Region"}, REGION),
        ({"Ref": "Given"}, "thing"),
        ({"Fn::Sub": "arn:${AWS::Partition}:${Given}-${!Kept}"}, "arn:aws:thing-${Kept}"),
        ({"Fn::Sub": ["${Own}.${AWS::URLSuffix}", {"Own": {"Ref": "Given"}}]}, "thing.amazonaws.com"),
        ({"Fn::Sub": "${Other.QueueName}"}, "thing"),
        ({"Fn::GetAtt": "Other.QueueName"}, "thing"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Given"}]]}, "a-thing"),
        ({"Fn::Select": ["1", ["a", {"Ref": "Given"}]]}, "thing"),
        ({"Deep": [{"Ref": "Given"}, 1, True]}, {"Deep": ["thing", 1, True]}),
    ],
)
def test_the_functions_of_a_template_are_resolved(tree: Any, value: Any) -> None:
    """Each function that the house's templates may use, wherever it stands."""
    stack = Stack({"Resources": {"Other": QUEUE}}, aws.client, REGION, {"Given": "thing"})
    assert stack.resolve(tree) == value


def test_the_page_lists_what_is_skipped_and_nothing_else() -> None:
    """Each skipped property has its row with a reason and a guard that exists."""
    rows = re.findall(r"^\| `(AWS::\w+::\w+)` \| `(\w+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {(kind, name) for kind, name, _, _ in rows} == {
        (kind, one) for kind, names in SKIPPED.items() for one in names
    }
    assert all(reason.strip() and guard.strip() for _, _, reason, guard in rows)


def test_the_page_names_only_tests_that_exist() -> None:
    """A guard that is gone must not stay on the page."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE))
    assert named
    assert {one for one in named if not (ROOT / one).is_file()} == set()


def test_functions_are_given_the_settings_that_the_code_reads_and_the_local_cabinet_sets() -> None:
    """A setting that is in the template alone, in the code alone or set locally alone is a drift."""
    catalogue.load()
    given = {
        name
        for domain in functions.domains()
        for one in resources(functions.build(domain, STAGE), "Lambda::Function").values()
        for name in one["Environment"]["Variables"]
    }
    local = {name for name in ENVIRONMENT | esia_settings() if name.startswith("CABINET_")}
    local |= {"CABINET_PUBLIC_URL", "CABINET_FRMR_URL"}  # infra/local/cabinet.py knows them once it listens
    assert local <= given
    assert given - read_by_the_code() == {"AWS_DATA_PATH"}  # read by botocore: infra/aws_models.py
    unset = {name for name in read_by_the_code() - given if not name.endswith("_ENDPOINT")}
    assert unset == {"CABINET_TRUST_FILE"}  # set by operators who trust other authorities than the release does
    assert set(STRANGERS) & given == {"CABINET_OPERATION"}  # the local cabinet is all operations at once
    assert ENVIRONMENT["CABINET_PREFIX"] == prefix_of(STAGE)


def esia_settings() -> dict[str, str]:
    """Return the settings by which the local cabinet knows its sandbox of ЕСИА."""
    sandbox = EsiaSandbox(lambda: 0.0, ["http://localhost:8080/esia/return.html"])
    sandbox.start()
    try:
        return dict(sandbox.environment())
    finally:
        sandbox.stop()


def read_by_the_code() -> set[str]:
    """Return every CABINET_ variable that the functions read."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py")]
    named = {
        one
        for text in sources
        for one in re.findall(r"\"(CABINET_[A-Z_]+)\"|'(CABINET_[A-Z_]+)'", text)
        for one in one
        if one
    }
    return named | {f"CABINET_{system}_{name}".upper() for system, names in settings.OUTSIDE.items() for name in names}
