"""Every hour the journal is compared with its seals: what was not sealed is sealed late, what differs is an alarm."""

import json
from typing import Any

import evidence
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import aws, clock
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals import reconcile_journal as module
from chalicelib.seals.tables import CHAIN, JournalLeaf, Seal, SealCheck

HOURS = 2 * 3600


def reconcile(world: World, capsys: pytest.CaptureFixture[str], later: int = HOURS) -> list[tuple[str, Any]]:
    """Run the hourly job some time later; returns its alarms: the state, and the record's or the seal's number."""
    evidence.drain(world)
    evidence.alarms(capsys)
    clock.advance(later)
    evidence.run("reconcile_journal")
    return [(one["state"], one["record"] or one["seal"]) for one in evidence.alarms(capsys)]


def lose(world: World, worker: make.Person, acts: int) -> list[str]:
    """Let a worker act and lose the stream; returns the numbers of the records."""
    before = {one.record_id for one in papers.acts(worker)}
    for _ in range(acts):
        world.client.call("read_profile", by=worker)
    world.engine.take_stream(JournalRecord.Meta.table_name)
    return [one.record_id for one in papers.acts(worker) if one.record_id not in before]


def touch(worker: make.Person) -> JournalRecord:
    """Return a worker's first record, out of the watch's sight."""
    return papers.acts(worker)[0]


def assert_whole(world: World) -> None:
    """Demand that the verifier finds the whole journal whole."""
    assert evidence.judge_now(world, evidence.dump()) == (0, "")


def test_a_whole_journal_raises_no_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """However often it is compared; the position moves to the present hour and past the last seal."""
    evidence.doctor(world, 40)
    assert reconcile(world, capsys) == []
    assert reconcile(world, capsys, 3600) == []
    check = SealCheck.get(CHAIN)
    assert (check.hour, check.seal) == ((clock.epoch() - 600) // 3600, len(list(Seal.since(1).run(None, None))) + 1)
    assert_whole(world)


def test_what_the_stream_lost_is_sealed_late(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Page by page, each record once, told to the watch; such seals have no places in the stream."""
    worker = evidence.doctor(world, 1)
    lost = lose(world, worker, 35)
    clock.advance(HOURS)
    evidence.run("reconcile_journal")
    assert '"event":"journal-sealed-late"' in capsys.readouterr().out
    leaves = [json.loads(one.text) for one in JournalLeaf.of_person(worker.person_id).run(None, None)]
    assert sorted(one["number"] for one in leaves) == list(range(1, 37))
    assert {one["record_id"] for one in leaves} >= set(lost)
    places = [json.loads(one.body)["positions"] for one in Seal.since(1).run(None, None)]
    assert [bool(one) for one in places] == [True] + [False] * (len(places) - 1)
    assert_whole(world)


def test_the_very_first_seal_may_come_late(world: World) -> None:
    """When the stream has brought nothing since the beginning; its key is published with it."""
    lose(world, papers.doctor(world), 2)
    clock.advance(HOURS)
    evidence.run("reconcile_journal")
    assert len(evidence.keys(world)["items"]) == 1
    assert_whole(world)


def test_a_record_that_is_gone_or_changed_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when the stream told nobody."""
    one, two = touch(evidence.doctor(world, 1)), touch(evidence.doctor(world, 1))
    one.delete()
    two.outcome = "nothing"
    two.save()
    world.engine.take_stream(JournalRecord.Meta.table_name)
    found = reconcile(world, capsys)
    assert sorted(found) == [("record-changed", two.record_id), ("record-removed", one.record_id)]


def test_an_attribute_that_the_cabinet_does_not_know_is_a_change(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hash is over all that is stored, not over what a model reads."""
    record = touch(evidence.doctor(world, 1))
    key = {"person_id": {"S": record.person_id}, "record_id": {"S": record.record_id}}
    change = {"UpdateExpression": "SET strange = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
    aws.client("dynamodb").update_item(TableName=JournalRecord.Meta.table_name, Key=key, **change)
    world.engine.take_stream(JournalRecord.Meta.table_name)
    assert reconcile(world, capsys) == [("record-changed", record.record_id)]


def test_a_leaf_that_is_gone_forged_or_too_many_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The seal holds the hashes of its leaves for ever."""
    worker = evidence.doctor(world, 1)
    evidence.act(world, worker)
    evidence.act(world, worker)
    first, second, _ = JournalLeaf.of_person(worker.person_id).run(None, None)
    first.delete()
    second.text = second.text.replace('"number":2', '"number":9')
    second.save()
    JournalLeaf(person_id=worker.person_id, record_id="rec_x", seal=3, text=second.text, expires=1).save()
    found = reconcile(world, capsys)
    assert [one for one in found if one[0] == "leaves-differ"] == [("leaves-differ", number) for number in (1, 2, 3)]


def test_a_record_that_the_cabinet_cannot_have_written_stops_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an alarm, and the job goes on to the next."""
    worker = evidence.doctor(world, 1)
    (lost,) = lose(world, worker, 1)
    record = JournalRecord.get(worker.person_id, lost)
    key = {"person_id": {"S": record.person_id}, "record_id": {"S": record.record_id}}
    aws.client("dynamodb").update_item(
        TableName=JournalRecord.Meta.table_name, Key=key, UpdateExpression="REMOVE expires"
    )
    world.engine.take_stream(JournalRecord.Meta.table_name)
    assert reconcile(world, capsys) == [("record-strange", lost)]
    assert SealCheck.get(CHAIN).hour == (clock.epoch() - 600) // 3600


def test_a_record_whose_time_is_over_may_be_gone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that comes years late finds nothing wrong in it."""
    touch(evidence.doctor(world, 1)).delete()
    world.engine.take_stream(JournalRecord.Meta.table_name)
    assert reconcile(world, capsys, 4 * 365 * 24 * 3600) == []


def test_a_seal_that_was_not_published_is_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket was out of reach when it was made."""
    with monkeypatch.context() as patch:
        patch.setenv("CABINET_SEALS_BUCKET", "cabinet-dev-seals-000000000000")
        evidence.doctor(world, 1)
    assert evidence.published() == {}
    evidence.run("reconcile_journal")
    assert list(evidence.published()) == ["seals/000000000001.json"]


def test_a_seal_whose_note_was_lost_is_found_in_the_bucket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker was killed between the bucket and the note: what lies there is compared, and noted."""
    with monkeypatch.context() as patch:
        patch.setattr(Seal, "published", lambda _: None)
        evidence.doctor(world, 1)
    assert len(list(Seal.waiting().run(None, None))) == 1
    evidence.run("reconcile_journal")
    assert list(Seal.waiting().run(None, None)) == []


def test_a_run_that_ends_early_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three steps a run: every hour, shard, page and seal is compared in the end, none twice sealed."""
    worker = evidence.doctor(world, 2)
    lose(world, worker, 70)
    monkeypatch.setattr(module, "STEPS", 3)
    found = []
    for _ in range(30):
        found += reconcile(world, capsys, 600)
    leaves = [json.loads(one.text) for one in JournalLeaf.of_person(worker.person_id).run(None, None)]
    assert sorted(one["number"] for one in leaves) == list(range(1, 73))
    assert found == []
    assert SealCheck.get(CHAIN).seal > 2
    assert_whole(world)
