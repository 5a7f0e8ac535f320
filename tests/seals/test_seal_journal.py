"""New journal records are sealed within a minute."""

import json
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import evidence
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.refusals import Busy
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.transaction import commit
from chalicelib.seals import ports, schemas
from chalicelib.seals.rules import MOST
from chalicelib.seals.tables import JournalLeaf, Seal


class Killed(BaseException):
    """The process of a worker ends here."""


def seals() -> list[Seal]:
    """Read all seals."""
    return list(Seal.since(1).run(None, None))


def leaves(*people: make.Person) -> list[dict[str, Any]]:
    """Read people's leaves in the order of their numbers."""
    found = [json.loads(leaf.text) for one in people for leaf in JournalLeaf.of_person(one.person_id).run(None, None)]
    return sorted(found, key=lambda said: (said["owner"], said["number"]))


def event(world: World, worker: make.Person, acts: int) -> dict[str, Any]:
    """Let a worker act and take the stream's event before anybody else does."""
    for _ in range(acts):
        world.client.call("read_profile", by=worker)
    return {"Records": world.engine.take_stream(JournalRecord.Meta.table_name)}


def assert_whole(world: World) -> None:
    """Demand that the verifier finds the whole journal whole, and each seal in the bucket."""
    evidence.drain(world)
    assert evidence.judge_now(world, evidence.dump()) == (0, "")
    assert list(evidence.published()) == [f"seals/{int(one.number):012d}.json" for one in seals()]
    assert list(Seal.waiting().run(None, None)) == []


def test_each_record_becomes_one_link_of_its_owners_chain(world: World) -> None:
    """Numbers count from one, each link names the one before, and the leaf lives as long as its record."""
    worker, other = papers.doctor(world), papers.doctor(world)
    for one in (worker, other, worker):
        evidence.act(world, one)
    found = leaves(worker)
    assert [(one["number"], one["previous_kept_until"]) for one in found] == [(1, 0), (2, found[0]["kept_until"])]
    assert [one["record_id"] for one in found] == [one.record_id for one in papers.acts(worker)]
    assert [one["number"] for one in leaves(other)] == [1]
    (first, _) = JournalLeaf.of_person(worker.person_id).run(None, None)
    assert first.expires == papers.acts(worker)[0].expires
    assert_whole(world)


def test_a_leaf_is_kept_no_shorter_than_the_one_before_it(world: World) -> None:
    """A record of a session is kept a year; its leaf stays as long as the older records' three."""
    worker = evidence.doctor(world, 1)
    world.client.call("read_session", by=worker)
    evidence.drain(world)
    before, after = leaves(worker)
    assert after["expires"] < before["expires"] == after["kept_until"]


def test_a_large_batch_is_split(world: World) -> None:
    """No seal holds more than its transaction can carry; a hundred records of many people are sealed."""
    people = [papers.doctor(world) for _ in range(MOST + 3)]
    for one in people:
        world.client.call("read_profile", by=one)
    evidence.drain(world)
    assert [len(one.hashes) for one in seals()] == [MOST, 3]
    assert_whole(world)


def test_records_that_come_twice_are_sealed_once(world: World) -> None:
    """The same batch again, a batch that repeats a record, and halves of it change nothing."""
    worker = papers.doctor(world)
    batch = event(world, worker, 3)
    doubled = {"Records": batch["Records"] + batch["Records"][:1]}
    for one in (doubled, batch, {"Records": batch["Records"][1:]}):
        evidence.run("seal_journal", one)
    assert [one["number"] for one in leaves(worker)] == [1, 2, 3]
    assert len(seals()) == 1
    assert_whole(world)


def test_parallel_sealers_make_one_chain(world: World) -> None:
    """Eight shards at once: every record once, no fork, in the table and in the bucket."""
    people = [papers.doctor(world) for _ in range(8)]
    batches = [event(world, one, 3) for one in people]
    failures: list[BaseException] = []

    def work(batch: dict[str, Any]) -> None:
        for _ in range(5):  # as Lambda does with a batch that failed
            try:
                evidence.run("seal_journal", batch)
            except Busy as error:
                failures.append(error)
            else:
                return

    threads = [threading.Thread(target=work, args=(one,)) for one in batches]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Counter(one["number"] for one in leaves(*people)) == {1: 8, 2: 8, 3: 8}
    assert [one.number for one in seals()] == list(range(1, 9))
    assert_whole(world)


@pytest.mark.parametrize("step", ["sign", "commit", "committed", "keep", "kept", "published"])
def test_a_worker_killed_between_two_steps_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The batch comes again and everything stands once: record, leaf, seal, object."""
    worker = evidence.doctor(world, 1)
    batch = event(world, worker, 2)

    def after(real: Any) -> Any:
        def done(*given: Any) -> Any:
            real(*given)
            raise Killed

        return done

    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        if step in {"sign", "keep"}:
            patch.setattr(ports, step, killed)
        elif step == "commit":
            patch.setattr(schemas, "commit", killed)
        elif step == "committed":
            patch.setattr(schemas, "commit", after(commit))
        elif step == "kept":
            patch.setattr(ports, "keep", after(ports.keep))
        else:
            patch.setattr(Seal, "published", after(Seal.published))
        with pytest.raises(Killed):
            evidence.run("seal_journal", batch)
    evidence.run("seal_journal", batch)
    assert [one["number"] for one in leaves(worker)] == [1, 2, 3]
    assert len(seals()) == 2
    assert_whole(world)


def test_a_lost_answer_of_the_transaction_seals_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write stood and the sealer was told that it did not: it reads again and finds nothing to do."""
    worker = papers.doctor(world)
    batch, lost = event(world, worker, 2), list[Any]()

    def lose(steps: Any) -> None:
        commit(steps)
        if not lost:
            lost.append(steps)
            raise Busy

    monkeypatch.setattr(schemas, "commit", lose)
    evidence.run("seal_journal", batch)
    assert len(seals()) == 1
    assert_whole(world)


def test_a_bucket_out_of_reach_stops_no_seal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing goes on; what could not be published is published later."""
    worker = papers.doctor(world)
    with monkeypatch.context() as patch:
        patch.setenv("CABINET_SEALS_BUCKET", "cabinet-dev-seals-000000000000")
        evidence.act(world, worker, 2)
        assert len(list(Seal.waiting().run(None, None))) == 1
    evidence.run("reconcile_journal")
    assert_whole(world)


def test_a_seal_is_never_overwritten(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Another text under the next number is an alarm and stays as it is."""
    aws.client("s3").put_object(Bucket=settings.seals_bucket(), Key="seals/000000000001.json", Body=b"{}")
    evidence.doctor(world, 1)
    assert evidence.published() == {"seals/000000000001.json": {}}
    (said,) = evidence.alarms(capsys)
    assert (said["state"], said["seal"]) == ("another-seal-in-the-bucket", 1)


def test_openssl_verifies_a_seal_of_the_bucket(world: World, tmp_path: Path) -> None:
    """An independent program takes the signature over the body with the published key, and no other body."""
    evidence.doctor(world, 2)
    (sealed,) = evidence.published().values()
    (key,) = evidence.keys(world)["items"]
    (tmp_path / "key.pem").write_text(key["pem"])
    (tmp_path / "signature").write_bytes(bytes.fromhex(sealed["signature"]))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "body"]
    for body, code in ((sealed["body"], 0), (sealed["body"].replace('"number":1', '"number":2'), 1)):
        (tmp_path / "body").write_text(body)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr


def test_a_new_key_is_published_with_its_first_seal(world: World) -> None:
    """Seals of both keys stand in one chain; who trusts only one of them says so."""
    worker, kms = evidence.doctor(world, 1), aws.client("kms")
    before = evidence.keys(world)
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=settings.seal_key_alias(), TargetKeyId=made)
    clock.advance(301)
    evidence.act(world, worker)
    after = evidence.keys(world)
    assert len(before["items"]) == 1
    assert len(after["items"]) == 2
    assert_whole(world)
    code, said = evidence.judge_now(world, evidence.dump(), before)
    assert code == 1
    assert "неизвестным ключом" in said


def test_a_record_that_the_cabinet_cannot_have_written_is_an_alarm_and_holds_up_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its time to live, or with another kind of number."""
    worker, table = papers.doctor(world), JournalRecord.Meta.table_name
    for number in ("rec_x", f"rec_{'0' * 32}"):
        aws.client("dynamodb").put_item(
            TableName=table, Item={"person_id": {"S": worker.person_id}, "record_id": {"S": number}}
        )
    evidence.act(world, worker)
    assert [one["state"] for one in evidence.alarms(capsys)] == ["record-strange"] * 2
    assert [one["number"] for one in leaves(worker)] == [1]
    code, said = evidence.judge_now(world, evidence.dump())
    assert code == 1
    assert "Запись rec_x не опечатана" in said


def test_a_late_record_is_noted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What is sealed an hour after its own time is sealed, and told to the watch."""
    batch = event(world, papers.doctor(world), 1)
    clock.advance(3700)
    evidence.run("seal_journal", batch)
    assert '"event":"journal-sealed-late"' in capsys.readouterr().out
    assert_whole(world)
