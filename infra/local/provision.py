"""Resources of a CloudFormation template, made by plain API calls on whatever engine the clients speak with.

The local cabinet and the tests get their tables, queues, keys and buckets from the very template that is deployed, so
they cannot drift from the cloud. What is unknown here stops with a sentence: nothing is passed over silently. The few
properties that no local engine acts on are `SKIPPED`; docs/engineering/local.md says why, and what guards each.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.validate import ParamValidator

ACCOUNT: Final = "123456789012"
SKIPPED: Final[Mapping[str, frozenset[str]]] = {
    "AWS::KMS::Key": frozenset({"PendingWindowInDays"}),
    "AWS::S3::Bucket": frozenset({"LifecycleConfiguration", "LoggingConfiguration"}),
    "AWS::S3::BucketPolicy": frozenset({"PolicyDocument"}),
}
_ABOUT: Final = frozenset({"Type", "Properties", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata"})
_SLOT: Final = re.compile(r"\$\{([^}]+)\}")
Tree = dict[str, Any]


class CannotProvision(Exception):  # noqa: N818 - a state of the template, told to a developer in one sentence
    """The template asks for what this module does not know; the message names it."""


@dataclass(frozen=True)
class Made:
    """A resource that exists: what `Ref` gives, and what `Fn::GetAtt` does."""

    ref: str
    attributes: Mapping[str, str]


class Api:
    """Calls whose parameters are checked against the service's own model: an unknown one is never lost on the way."""

    def __init__(self, client_of: Callable[[str], Any], region: str) -> None:
        self._client_of = client_of
        self.region = region

    def call(self, service: str, operation: str, **parameters: Any) -> Tree:
        """Make one call, `operation` in botocore's form: `create_table`."""
        client = self._client_of(service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        report = ParamValidator().validate(parameters, model.input_shape)
        if report.has_errors():
            raise CannotProvision(f"{service} does not take {operation}: {report.generate_report()}")
        answer: Tree = getattr(client, operation)(**parameters)
        return answer

    def await_table(self, name: str) -> None:
        """Wait until a table can be used; the engines of this house make it at once."""
        self._client_of("dynamodb").get_waiter("table_exists").wait(TableName=name)


class Stack:
    """One template on its way to becoming real; a resource is made when it, or what refers to it, is asked for."""

    def __init__(
        self, template: Tree, client_of: Callable[[str], Any], region: str, parameters: Mapping[str, str] | None = None
    ) -> None:
        self._resources: Mapping[str, Tree] = template["Resources"]
        self._api = Api(client_of, region)
        self._made: dict[str, Made] = {}
        self._making: list[str] = []
        self._known = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::URLSuffix": "amazonaws.com",
            **(parameters or {}),
        }

    def make(self) -> None:
        """Make everything that the template holds; CannotProvision, before anything is made, when that is not possible."""
        for name, resource in self._resources.items():
            _refuse_unknown(name, resource)
        for name in self._resources:
            self._resource(name)

    def names(self, kind: str, property_: str) -> list[str]:
        """Return what the resources of one kind are called."""
        found = [one for one in self._resources.values() if one["Type"] == kind]
        return [self.resolve(one["Properties"][property_]) for one in found]

    def resolve(self, tree: Any) -> Any:
        """Return a part of the template with its intrinsic functions replaced by their values."""
        if isinstance(tree, list):
            return [self.resolve(one) for one in tree]
        if not isinstance(tree, dict):
            return tree
        name = next(iter(tree), "")
        if len(tree) == 1 and (name in {"Ref", "Condition"} or name.startswith("Fn::")):
            return self._function(name, tree[name])
        return {key: self.resolve(value) for key, value in tree.items()}

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._known[argument] if argument in self._known else self._resource(argument).ref
        if name == "Fn::GetAtt":
            return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
        if name == "Fn::Sub":
            text, own = (argument, {}) if isinstance(argument, str) else argument
            return _SLOT.sub(lambda found: self._slot(found.group(1), own), text)
        if name == "Fn::Join":
            return argument[0].join(self.resolve(argument[1]))
        if name == "Fn::Select":
            return self.resolve(argument[1])[int(argument[0])]
        raise CannotProvision(f"{name} is an intrinsic function that infra/local/provision.py does not know.")

    def _slot(self, name: str, own: Tree) -> str:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in own:
            return str(self.resolve(own[name]))
        return str(self._attribute(*name.split(".", 1)) if "." in name else self._function("Ref", name))

    def _attribute(self, name: str, attribute: str) -> str:
        found = self._resource(name).attributes
        if attribute not in found:
            raise CannotProvision(f"{name} has no attribute {attribute} that infra/local/provision.py knows.")
        return found[attribute]

    def _resource(self, name: str) -> Made:
        if name in self._made:
            return self._made[name]
        if name not in self._resources:
            raise CannotProvision(f"The template refers to {name}, which it does not hold.")
        if name in self._making:
            raise CannotProvision(f"The template refers in a circle: {', '.join([*self._making, name])}.")
        self._making.append(name)
        resource = self._resources[name]
        make, _ = _KINDS[resource["Type"]]
        self._made[name] = make(self._api, self.resolve(resource.get("Properties", {})))
        self._making.pop()
        return self._made[name]


def _refuse_unknown(name: str, resource: Tree) -> None:
    """Stop at a type, a property or a clause of a resource that would be lost."""
    kind = resource["Type"]
    if kind not in _KINDS:
        raise CannotProvision(f"{name} is a {kind}, which infra/local/provision.py cannot make.")
    clauses = set(resource) - _ABOUT
    properties = set(resource.get("Properties", {})) - _KINDS[kind][1] - SKIPPED.get(kind, frozenset())
    if clauses or properties:
        lost = ", ".join(sorted(clauses | properties))
        raise CannotProvision(f"{name} ({kind}) has {lost}, which infra/local/provision.py cannot make.")


_TABLE_AS_IT_IS: Final = frozenset(
    {
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "TableClass",
        "TableName",
        "Tags",
    }
)
_TABLE_OTHERWISE: Final = frozenset(
    {"PointInTimeRecoverySpecification", "SSESpecification", "StreamSpecification", "TimeToLiveSpecification"}
)


def _table(api: Api, given: Tree) -> Made:
    asked = {name: given[name] for name in _TABLE_AS_IT_IS & set(given)}
    if "SSESpecification" in given:
        sealed = dict(given["SSESpecification"])
        asked["SSESpecification"] = {"Enabled": sealed.pop("SSEEnabled"), **sealed}
    if "StreamSpecification" in given:
        asked["StreamSpecification"] = {"StreamEnabled": True, **given["StreamSpecification"]}
    table = api.call("dynamodb", "create_table", **asked)["TableDescription"]
    name = {"TableName": given["TableName"]}
    if table["TableStatus"] != "ACTIVE":
        api.await_table(given["TableName"])
    for call, part in (
        ("update_time_to_live", "TimeToLiveSpecification"),
        ("update_continuous_backups", "PointInTimeRecoverySpecification"),
    ):
        if part in given:
            api.call("dynamodb", call, **name, **{part: given[part]})
    attributes = {"Arn": table["TableArn"]}
    if "LatestStreamArn" in table:
        attributes["StreamArn"] = table["LatestStreamArn"]
    return Made(given["TableName"], attributes)


_QUEUE: Final = frozenset(
    {
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MessageRetentionPeriod",
        "QueueName",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "VisibilityTimeout",
    }
)


def _queue(api: Api, given: Tree) -> Made:
    attributes = {name: _text(given[name]) for name in given if name != "QueueName"}
    url = api.call("sqs", "create_queue", QueueName=given["QueueName"], Attributes=attributes)["QueueUrl"]
    found = api.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return Made(url, {"Arn": found["QueueArn"], "QueueName": given["QueueName"], "QueueUrl": url})


def _queue_policy(api: Api, given: Tree) -> Made:
    policy = {"Policy": json.dumps(given["PolicyDocument"])}
    for url in given["Queues"]:
        api.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=policy)
    return Made("", {})


_KEY: Final = frozenset(
    {"Description", "EnableKeyRotation", "KeyPolicy", "KeySpec", "KeyUsage", "RotationPeriodInDays"}
)


def _key(api: Api, given: Tree) -> Made:
    asked: Tree = {name: given[name] for name in ("Description", "KeySpec", "KeyUsage") if name in given}
    if "KeyPolicy" in given:
        asked["Policy"] = json.dumps(given["KeyPolicy"])
    key = api.call("kms", "create_key", **asked)["KeyMetadata"]
    if given.get("EnableKeyRotation"):
        period = {name: given[name] for name in ("RotationPeriodInDays",) if name in given}
        api.call("kms", "enable_key_rotation", KeyId=key["KeyId"], **period)
    return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _alias(api: Api, given: Tree) -> Made:
    api.call("kms", "create_alias", **given)
    return Made(given["AliasName"], {})


_BUCKET: Final = frozenset(
    {
        "BucketEncryption",
        "BucketName",
        "ObjectLockConfiguration",
        "ObjectLockEnabled",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "VersioningConfiguration",
    }
)


def _bucket(api: Api, given: Tree) -> Made:
    name = {"Bucket": given["BucketName"]}
    place = {"CreateBucketConfiguration": {"LocationConstraint": api.region}}
    locked = {"ObjectLockEnabledForBucket": True} if given.get("ObjectLockEnabled") else {}
    api.call("s3", "create_bucket", **name, **place, **locked)
    for call, part, value in (
        ("put_bucket_versioning", "VersioningConfiguration", given.get("VersioningConfiguration")),
        ("put_public_access_block", "PublicAccessBlockConfiguration", given.get("PublicAccessBlockConfiguration")),
        ("put_bucket_ownership_controls", "OwnershipControls", given.get("OwnershipControls")),
        ("put_bucket_encryption", "ServerSideEncryptionConfiguration", _encryption(given.get("BucketEncryption"))),
        ("put_object_lock_configuration", "ObjectLockConfiguration", given.get("ObjectLockConfiguration")),
    ):
        if value is not None:
            api.call("s3", call, **name, **{part: value})
    return Made(given["BucketName"], {"Arn": f"arn:aws:s3:::{given['BucketName']}"})


def _encryption(given: Tree | None) -> Tree | None:
    """Write the encryption of a bucket as the API does, which has another name for one part."""
    if given is None:
        return None
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = given["ServerSideEncryptionConfiguration"]
    return {"Rules": [{renamed.get(name, name): value for name, value in rule.items()} for rule in rules]}


def _bucket_policy(api: Api, given: Tree) -> Made:
    api.call("s3", "head_bucket", Bucket=given["Bucket"])  # its text is skipped, but not that it is of a bucket here
    return Made("", {})


def _text(value: Any) -> str:
    """Write an attribute of a queue, of which all are texts."""
    return json.dumps(value) if isinstance(value, dict) else str(value)


_KINDS: Final[Mapping[str, tuple[Callable[[Api, Tree], Made], frozenset[str]]]] = {
    "AWS::DynamoDB::Table": (_table, _TABLE_AS_IT_IS | _TABLE_OTHERWISE),
    "AWS::KMS::Alias": (_alias, frozenset({"AliasName", "TargetKeyId"})),
    "AWS::KMS::Key": (_key, _KEY),
    "AWS::S3::Bucket": (_bucket, _BUCKET),
    "AWS::S3::BucketPolicy": (_bucket_policy, frozenset({"Bucket"})),
    "AWS::SQS::Queue": (_queue, _QUEUE),
    "AWS::SQS::QueuePolicy": (_queue_policy, frozenset({"PolicyDocument", "Queues"})),
}
