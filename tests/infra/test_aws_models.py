"""The descriptions of AWS's services in the bundle are enough for botocore, which says the same with them as with its own."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from infra import aws_models, package

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("Query", {"TableName": "t", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {}}),
    "kms": ("Decrypt", {"CiphertextBlob": b"\x00\x01", "EncryptionContext": {"purpose": "deployment"}}),
    "s3": ("PutObject", {"Bucket": "b", "Key": "k", "Body": b"body", "ObjectLockMode": "COMPLIANCE"}),
    "sesv2": ("SendEmail", {"FromEmailAddress": "a@b", "Content": {"Raw": {"Data": "Привет".encode()}}}),
    "sns": ("Publish", {"PhoneNumber": "+79000000000", "Message": "Код"}),
    "sqs": ("SendMessage", {"QueueUrl": "https://queue", "MessageBody": "{}"}),
    "sts": ("GetCallerIdentity", {}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the models once."""
    made = tmp_path_factory.mktemp("aws_models")
    aws_models.write(made, package.SERVICES)
    return made


def client(service: str, region: str, data: Path | None = None) -> Any:
    """Make a client that reads its models in a folder first, or only in botocore's own."""
    session = botocore.session.Session(session_vars={"data_path": (None, None, str(data) if data else None, None)})
    return session.create_client(service, region_name=region, config=Config(signature_version=UNSIGNED))


def said(made: Any, call: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a client would send."""
    sent: list[dict[str, Any]] = []

    def answer(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        sent.append(params)
        return SimpleNamespace(status_code=200), {}

    made.meta.events.register("before-call", answer)
    made._make_api_call(call, parameters)
    return {name: sent[0][name] for name in ("method", "url", "body")}


@pytest.mark.parametrize("service", sorted(REQUESTS))
def test_a_call_is_the_same_with_the_models_of_the_bundle(folder: Path, service: str) -> None:
    """Method, address and body of a request, in two regions."""
    call, parameters = REQUESTS[service]
    for region in ("eu-central-1", "eu-north-1"):
        whole = said(client(service, region), call, parameters)
        assert said(client(service, region, folder), call, parameters) == whole


def test_every_service_of_the_bundle_is_tried() -> None:
    """No service is packed whose description was never compared."""
    assert set(REQUESTS) == package.SERVICES


def test_nothing_is_left_of_the_texts_and_of_other_services(folder: Path) -> None:
    """What is written holds no documentation and no endpoint of a service that the cabinet does not know."""
    files = {path.name: path for path in folder.rglob("*.json")}
    assert "<p>" not in "".join(path.read_text() for path in folder.rglob("*.json"))
    known = {name for one in json.loads(files["endpoints.json"].read_text())["partitions"] for name in one["services"]}
    assert known == {"dynamodb", "kms", "s3", "email", "sns", "sqs", "sts"}


@pytest.mark.parametrize("service", sorted(aws_models.CALLS))
def test_the_calls_of_functions_are_kept_and_no_other(folder: Path, service: str) -> None:
    """A client made of the bundle's models has exactly the calls that are named."""
    assert set(client(service, "eu-central-1", folder).meta.method_to_api_mapping.values()) == aws_models.CALLS[service]
