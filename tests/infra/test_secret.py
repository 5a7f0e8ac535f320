"""The deployment secret is made once and never overwritten."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from conftest import World

from chalicelib.kit import aws, clock, secret, web
from chalicelib.kit.records.tables import DeploymentSecret
from infra import deployment, rotate_secret
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


def run(monkeypatch: pytest.MonkeyPatch, *lines: str, more: Sequence[str] = ()) -> int:
    """Run the tool with these answers."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in lines)))
    return tool.main(["--stage", "dev", *more])


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


def test_a_turned_root_gives_the_cdn_another_proof(stage: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool keeps the new one beside the one before; functions believe both, and after a leak only the new one."""
    assert run(monkeypatch) == 0
    old = web.edge_proof()
    rotate_secret.change(rotate_secret.with_another)
    clock.advance(rotate_secret.AHEAD_SECONDS)
    assert run(monkeypatch) == 0
    new = web.edge_proof()
    assert new != old
    secrets_manager = aws.client("secretsmanager")
    kept = {
        label: secrets_manager.get_secret_value(SecretId="cabinet-dev/edge", VersionStage=label)["SecretString"]
        for label in ("AWSCURRENT", "AWSPREVIOUS")
    }
    assert kept == {"AWSCURRENT": new, "AWSPREVIOUS": old}
    assert [web._proven(one.encode()) for one in (old, new, "0" * 64)] == [True, True, False]
    rotate_secret.change(rotate_secret.only_newest)
    assert [web._proven(one.encode()) for one in (old, new)] == [False, True]


def test_the_key_of_an_outside_system_can_be_changed(
    stage: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another key, or the first of a system that is connected later; the rest stays, and nothing is printed of it."""
    root = secret.fixed("anything")
    assert run(monkeypatch, "another key", more=["--change", "esia_signing"]) == 0
    assert secret.outside_key("esia_signing") == "another key"
    assert secret.fixed("anything") == root
    assert run(monkeypatch, "", more=["--change", "frmr"]) == 1
    printed = capsys.readouterr()
    assert "another key" not in printed.out + printed.err
    assert "Nothing was done" in printed.err


def test_of_two_who_change_it_at_once_one_is_told(stage: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is typed while the root turns does not take the new root away."""
    real = secret.wrap

    def late(held: dict[str, Any]) -> bytes:
        monkeypatch.setattr(secret, "wrap", real)
        rotate_secret.change(rotate_secret.with_another)
        return real(held)

    monkeypatch.setattr(secret, "wrap", late)
    assert run(monkeypatch, "key", more=["--change", "frmr"]) == 1
    assert secret._opened().roots[0].version == 2


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
