"""The key and the bucket of the seals, and the rights around the journal, judged in the templates."""

import json

import pytest

from chalicelib.kit import catalogue
from chalicelib.kit.catalogue import KEEP_SEAL, SIGN_SEAL
from chalicelib.kit.trail.tables import JournalRecord
from infra.templates import functions, rights, seals, stateful
from infra.templates.stages import prefix_of

PREFIX = "cabinet-dev"
WORKERS = {"seal_journal", "reconcile_journal"}


def actions(name: str) -> dict[str, str]:
    """Return the actions of a worker's policy, each with its resource."""
    said = rights.statements(catalogue.workers[name], PREFIX)
    return {action: json.dumps(one["Resource"]) for one in said for action in one["Action"]}


def test_the_journal_is_only_put_and_queried() -> None:
    """No function may read a record by its key, change or remove it; nobody but the kit's door writes."""
    catalogue.load()
    for one in [*catalogue.operations.values(), *catalogue.workers.values()]:
        touches = one.touches | rights.kit_touches(one)
        found = {touch.action for touch in touches if touch.model is JournalRecord}
        assert found <= {"PutItem", "Query"}, one.address


def test_a_seal_can_neither_be_removed_nor_covered() -> None:
    """Locked for ten years in production, kept in versions, closed to the public, written only where nothing lies."""
    for stage, mode in (("prod", "COMPLIANCE"), ("dev", "GOVERNANCE")):
        made = seals.resources(prefix_of(stage), stage)
        bucket = made["SealsBucket"]["Properties"]
        retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert bucket["ObjectLockEnabled"] is True
        assert retention["Mode"] == mode
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        denied = made["SealsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        assert [(one["Effect"], one["Action"], one.get("Condition")) for one in denied] == [
            ("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}}),
            ("Deny", "s3:PutObject", {"Null": {"s3:if-none-match": "true"}}),
            ("Deny", "s3:DeleteObject", None),
        ]
    assert seals.LOCK["prod"][1] >= 3650


def test_the_key_signs_and_nothing_else() -> None:
    """An elliptic key of KMS, whose private half nobody holds."""
    key = seals.resources(PREFIX, "dev")["SealKey"]["Properties"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


def test_a_new_key_gets_its_rights_before_it_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Added first, named as the signing one later; the one before it stays within reach and nothing is taken away."""

    def targets() -> list[str]:
        made = seals.resources(PREFIX, "dev")
        names = ("SealKeyAlias", "FormerSealKeyAlias")
        assert {made[one]["DeletionPolicy"] for one in (*names, *seals.KEYS)} == {"Retain"}
        return [made[one]["Properties"]["TargetKeyId"]["Ref"] for one in names]

    assert targets() == ["SealKey", "SealKey"]
    monkeypatch.setattr(seals, "KEYS", ("SealKey", "SealKey2"))
    assert targets() == ["SealKey", "SealKey"]
    for name in WORKERS:
        assert actions(name)["kms:Sign"] == json.dumps(
            [{"Fn::ImportValue": "cabinet-dev-seals-key"}, {"Fn::ImportValue": "cabinet-dev-seals-key2"}]
        )
    exported = {one["Export"]["Name"] for one in stateful.build("dev")["Outputs"].values()}
    assert {"cabinet-dev-seals-key", "cabinet-dev-seals-key2"} <= exported
    monkeypatch.setattr(seals, "SIGNING", 1)
    assert targets() == ["SealKey2", "SealKey"]
    monkeypatch.setattr(seals, "KEYS", ("SealKey", "SealKey2", "SealKey3"))
    monkeypatch.setattr(seals, "SIGNING", 2)
    assert targets() == ["SealKey3", "SealKey2"]


def test_who_compares_may_not_sign() -> None:
    """It only reads the public key, to check the head's signature."""
    found = actions("compare_seals")
    assert found["kms:GetPublicKey"] == json.dumps([{"Fn::ImportValue": "cabinet-dev-seals-key"}])
    assert "kms:Sign" not in found


def test_only_who_seals_may_sign_and_lay_down() -> None:
    """On that one key and below one folder of that one bucket; nobody may remove or lock."""
    catalogue.load()
    for one in [*catalogue.operations.values(), *catalogue.workers.values()]:
        assert ({SIGN_SEAL, KEEP_SEAL} <= set(one.uses)) == (one.name in WORKERS)
    for name in WORKERS:
        found = actions(name)
        assert {action for action in found if action.startswith("s3:")} == {"s3:GetObject", "s3:PutObject"}
        assert found["s3:PutObject"] == json.dumps(
            [{"Fn::Join": ["/", [{"Fn::ImportValue": "cabinet-dev-seals-bucket"}, "seals", "*"]]}]
        )
        assert found["kms:Sign"] == json.dumps([{"Fn::ImportValue": "cabinet-dev-seals-key"}])


def test_the_stream_brings_each_worker_its_kind_of_changes_in_time() -> None:
    """New records wait at most twenty seconds for company; changes and removals go to the watch."""
    resources = functions.build("seals")["Resources"]
    sources = {name: one["Properties"] for name, one in resources.items() if "EventSourceMapping" in one["Type"]}
    seal, watch = sources["SealJournalSource"], sources["WatchJournalSource"]
    assert seal["MaximumBatchingWindowInSeconds"] <= 20
    patterns = [json.loads(one["FilterCriteria"]["Filters"][0]["Pattern"]) for one in (seal, watch)]
    assert patterns == [{"eventName": ["INSERT"]}, {"eventName": ["MODIFY", "REMOVE"]}]


def test_whoever_lays_seals_down_is_told_where() -> None:
    """The bucket's name holds the account, so it comes with the stack."""
    resources = functions.build("seals")["Resources"]
    given = resources["SealJournalFunction"]["Properties"]["Environment"]["Variables"]
    assert given["CABINET_SEALS_BUCKET"] == {"Fn::Sub": "cabinet-dev-seals-${AWS::AccountId}"}
    assert "CABINET_SEALS_BUCKET" not in resources["ListSealKeysFunction"]["Properties"]["Environment"]["Variables"]
