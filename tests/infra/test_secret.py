"""The deployment secret is made once and never overwritten."""

import io
from collections.abc import Iterator

import pytest
from conftest import World

from chalicelib.kit import aws, secret, web
from chalicelib.kit.records.tables import DeploymentSecret
from infra import deployment
from infra import secret as tool


@pytest.fixture
def stage(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the tool stay in the cloud of the tests, and give the tests' secret back afterwards."""
    monkeypatch.setattr(deployment.Deployment, "enter", lambda _: None)
    kept = DeploymentSecret.get(secret.PLACE)
    yield
    kept.save()
    secret.forget()
    for name in [one["Name"] for one in aws.client("secretsmanager").list_secrets()["SecretList"]]:
        aws.client("secretsmanager").remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=["us-east-1"])
        aws.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def run(monkeypatch: pytest.MonkeyPatch, *lines: str) -> int:
    """Run the tool with these answers."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in lines)))
    return tool.main(["--stage", "dev"])


def test_a_new_deployment_gets_its_secret_and_the_proof_of_its_cdn(
    stage: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys that were typed open outside systems; an empty one leaves a system out; nothing is printed of them."""
    DeploymentSecret.get(secret.PLACE).delete()
    secret.forget()
    assert run(monkeypatch, "key of frmr", "", "key of oidc") == 0
    assert secret.outside_key("frmr") == "key of frmr"
    assert secret.outside_key("oidc") == "key of oidc"
    with pytest.raises(KeyError):
        secret.outside_key("esia_signing")
    kept = aws.client("secretsmanager").get_secret_value(SecretId="cabinet-dev/edge")["SecretString"]
    assert kept == web.edge_proof()
    printed = capsys.readouterr()
    assert "key of" not in printed.out
    assert kept not in printed.out + printed.err


def test_a_second_run_changes_nothing(
    stage: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there stays, and what a cut-off run has not made is made."""
    before = DeploymentSecret.get(secret.PLACE).wrapped
    assert run(monkeypatch) == 0  # the proof of the CDN was missing
    assert run(monkeypatch) == 1
    assert "Nothing was done" in capsys.readouterr().err
    assert DeploymentSecret.get(secret.PLACE).wrapped == before


def test_even_the_kit_does_not_overwrite_it(stage: None) -> None:
    """Two operators at once: the second write fails."""
    before = DeploymentSecret.get(secret.PLACE).wrapped
    with pytest.raises(Exception, match="conditional"):
        secret.store(root="00" * 32)
    assert DeploymentSecret.get(secret.PLACE).wrapped == before


def test_an_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked."""
    assert tool.main(["--stage", "test"]) == 1
    assert "choose dev or prod" in capsys.readouterr().err
