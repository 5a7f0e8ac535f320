"""New journal records are sealed within a minute."""

import hashlib
import json
import subprocess
import threading
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import evidence
import make
import papers
import pytest
from conftest import World
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.refusals import Busy
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.transaction import commit
from chalicelib.seals import ports, schemas
from chalicelib.seals.rules import MOST, bucket_hash, canonical, entry_hashes, node_hash, place_of
from chalicelib.seals.tables import CHAIN, TOP, JournalLeaf, Seal, SealHead, SealKey, SealNode


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
    evidence.run("reconcile_journal")  # the repeated batch leaves what was not published to the hourly job
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
    evidence.run("reconcile_journal")  # whoever seals nothing publishes nothing
    assert_whole(world)


def test_a_bucket_out_of_reach_stops_no_seal(world: World) -> None:
    """Sealing goes on; what could not be published is published later."""
    worker = papers.doctor(world)
    with evidence.without_bucket():
        evidence.act(world, worker, 2)
        assert len(list(Seal.waiting().run(None, None))) == 1
    evidence.run("reconcile_journal")
    assert_whole(world)


def test_a_bucket_that_hangs_costs_a_batch_one_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of a large batch is sealed first; a try may take 21 seconds of the worker's 60."""
    people, tries = [papers.doctor(world) for _ in range(3)], list[str]()

    def hang(name: str, _: str) -> bool:
        tries.append(name)
        raise TimeoutError

    batches = [event(world, one, MOST) for one in people]
    monkeypatch.setattr(ports, "keep", hang)
    whole = {"Records": [one for batch in batches for one in batch["Records"]]}
    evidence.run("seal_journal", whole)
    evidence.run("seal_journal", whole)  # the same batch again does not go through what waits
    assert len(seals()) == 3
    assert tries == ["seals/000000000001.json"]


# --- what was touched in the tables is not signed ----------------------------------------------------


def touched_bucket(worker: make.Person) -> None:
    """Cut an end in its bucket only."""
    evidence.cut_an_end(worker, 2)


def touched_branch(worker: make.Person) -> None:
    """And make the middle node and the top above it anew."""
    evidence.cut_an_end(worker, 2)
    middle, number = place_of(schemas.owner_of(worker.person_id))
    node, top = SealNode.get(SealNode.middle(middle)), SealNode.get(TOP)
    below = SealNode.get(SealNode.bucket(middle, number)).ends
    hashes, heads = node.hashes, top.hashes
    hashes[number] = bucket_hash(entry_hashes(below))
    heads[middle] = node_hash(hashes)
    SealNode.of_children(SealNode.middle(middle), hashes).save()
    SealNode.of_children(TOP, heads).save()


def touched_middle(worker: make.Person) -> None:
    """The same without the top."""
    top = SealNode.get(TOP)
    touched_branch(worker)
    top.save()


def touched_head(worker: make.Person) -> None:
    """And write the new root into the head, which only the key can sign."""
    touched_branch(worker)
    head = SealHead.get(CHAIN)
    said = json.loads(head.body)
    head.body = canonical(said | {"owners_root": node_hash(SealNode.get(TOP).hashes)})
    head.save()


def signed_head(worker: make.Person) -> None:
    """And sign it with a key of one's own."""
    touched_head(worker)
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    head = SealHead.get(CHAIN)
    key_id = hashlib.sha256(der).hexdigest()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    SealKey(key_id=key_id, pem=pem, number=1, valid_from="2020-01-01T00:00:00Z").save()
    head.body = canonical(json.loads(head.body) | {"key_id": key_id})
    head.signature = private.sign(head.body.encode(), ec.ECDSA(SHA256())).hex()
    head.save()


def removed_head(worker: make.Person) -> None:
    """Or remove the head, so that the chain would begin anew."""
    evidence.cut_an_end(worker, 2)
    SealHead.get(CHAIN).delete()


def removed_bucket(worker: make.Person) -> None:
    """Or remove the bucket, so that the owner would be new."""
    SealNode.get(SealNode.bucket(*place_of(schemas.owner_of(worker.person_id)))).delete()


TOUCHED = {
    touched_bucket: "tree-differs",
    touched_middle: "tree-differs",
    touched_branch: "tree-differs",
    touched_head: "head-forged",
    signed_head: "head-forged",
    removed_head: "tree-differs",
    removed_bucket: "tree-differs",
}


@pytest.mark.parametrize("attack", TOUCHED, ids=lambda one: one.__name__)
def test_nothing_is_signed_above_what_was_touched(
    world: World, capsys: pytest.CaptureFixture[str], attack: Any
) -> None:
    """Whoever writes the tables without the key and cuts a sealed journal gets no seal over it, but an alarm."""
    worker, other = evidence.doctor(world, 4), evidence.doctor(world, 1)
    attack(worker)
    evidence.forget_stream(world)
    before = {one.number: one.body for one in seals()}
    capsys.readouterr()
    clock.advance(1000)
    make.sign_in(worker)
    batch = event(world, worker, 1)
    evidence.forget_stream(world)
    with pytest.raises(schemas.TamperedError):
        evidence.run("seal_journal", batch)
    assert [one["state"] for one in evidence.alarms(capsys)] == [TOUCHED[attack]]
    assert {one.number: one.body for one in seals()} == before
    assert leaves(other) != []


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


# --- keys ---------------------------------------------------------------------------------------------


def change_key() -> None:
    """Let another key sign, as the template does it."""
    kms, (alias, before) = aws.client("kms"), settings.seal_key_aliases()
    kms.update_alias(AliasName=before, TargetKeyId=kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=alias, TargetKeyId=made)


def test_a_new_key_is_endorsed_by_the_one_before_it(world: World) -> None:
    """With its first seal, in the same transaction; who trusts the first key trusts all seals."""
    worker = evidence.doctor(world, 1)
    first = evidence.keys(world)
    for number in (2, 3):
        change_key()
        clock.advance(301)
        make.sign_in(worker)
        evidence.act(world, worker)
        assert len(evidence.keys(world)["items"]) == number
    evidence.act(world, worker)
    found = evidence.keys(world)["items"]
    assert [one["valid_to"] for one in found] == [found[1]["valid_from"], found[2]["valid_from"], None]
    assert found[0]["endorsement"] is None
    said = json.loads(found[1]["endorsement"])
    assert (said["endorsed_by"], said["key_id"]) == (found[0]["key_id"], found[1]["key_id"])
    assert said["valid_from"] == found[1]["valid_from"]
    assert_whole(world)
    assert evidence.judge_now(world, evidence.dump(), first) == (0, "")


def test_a_function_that_remembers_the_old_key_follows_the_head(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two functions share one chain: after the first seal of the new key the old one signs no more."""
    worker = evidence.doctor(world, 1)
    old = ports.signing_key()
    change_key()
    with monkeypatch.context() as patch:  # another function, which has not seen the old key
        patch.setattr(ports, "_key", lru_cache(maxsize=2)(ports._key.__wrapped__))
        evidence.act(world, worker)
        new = ports.signing_key()
    assert ports.signing_key() == old
    evidence.act(world, worker)
    assert [json.loads(one.body)["key_id"] for one in seals()] == [old.key_id, new.key_id, new.key_id]
    assert_whole(world)


def test_a_former_key_never_signs_again(world: World) -> None:
    """Its term is over: whoever points the alias back gets no seal."""
    worker = evidence.doctor(world, 1)
    kms, (alias, before) = aws.client("kms"), settings.seal_key_aliases()
    change_key()
    clock.advance(301)
    evidence.act(world, worker)
    former, present = (kms.describe_key(KeyId=one)["KeyMetadata"]["KeyId"] for one in (before, alias))
    kms.update_alias(AliasName=alias, TargetKeyId=former)
    kms.update_alias(AliasName=before, TargetKeyId=present)
    clock.advance(301)
    batch = event(world, worker, 1)
    with pytest.raises(Busy):
        evidence.run("seal_journal", batch)
    assert len(seals()) == 2


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
