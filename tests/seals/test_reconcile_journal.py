"""Every hour the journal is gone over: what was not sealed is sealed late, and waiting seals go to the locked bucket."""

import json

import evidence
import papers
import pytest
from conftest import World

from chalicelib.kit import aws, clock
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals import ports
from chalicelib.seals import reconcile_journal as module
from chalicelib.seals.schemas import TamperedError
from chalicelib.seals.tables import LOST, JournalLeaf, Seal, SealCheck

HOURS = 2 * 3600


def assert_whole(world: World) -> None:
    """Demand that the verifier finds the whole journal whole."""
    assert evidence.judge_now(world, evidence.dump()) == (0, "")


def test_what_the_stream_lost_is_sealed_late(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Page by page, each record once, told to the watch; such seals have no places in the stream."""
    worker = evidence.doctor(world, 1)
    lost = evidence.lose(world, worker, 35)
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
    evidence.lose(world, papers.doctor(world), 2)
    clock.advance(HOURS)
    evidence.run("reconcile_journal")
    assert len(evidence.keys(world)["items"]) == 1
    assert_whole(world)


def test_a_record_that_the_cabinet_cannot_have_written_stops_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an alarm, and the job goes on to the next."""
    worker = evidence.doctor(world, 1)
    (lost,) = evidence.lose(world, worker, 1)
    record = JournalRecord.get(worker.person_id, lost)
    key = {"person_id": {"S": record.person_id}, "record_id": {"S": record.record_id}}
    aws.client("dynamodb").update_item(
        TableName=JournalRecord.Meta.table_name, Key=key, UpdateExpression="REMOVE expires"
    )
    evidence.forget_stream(world)
    assert evidence.hourly(world, capsys) == [("record-strange", lost)]
    assert SealCheck.get(LOST).number == (clock.epoch() - 600) // 3600


def test_a_seal_that_was_not_published_is_published(world: World) -> None:
    """The bucket was out of reach when it was made."""
    with evidence.without_bucket():
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
    """One step a run: every hour, shard and page is gone over in the end, no record twice sealed."""
    worker = evidence.doctor(world, 2)
    evidence.lose(world, worker, 70)
    monkeypatch.setattr(module, "SEALING_SECONDS", 0)
    clock.advance(HOURS)
    for _ in range(60):
        assert evidence.hourly(world, capsys, 10) == []
    leaves = [json.loads(one.text) for one in JournalLeaf.of_person(worker.person_id).run(None, None)]
    assert sorted(one["number"] for one in leaves) == list(range(1, 73))
    assert_whole(world)


def test_the_backlog_is_published_as_long_as_there_is_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One seal a run at least; all of them where time allows."""
    worker = papers.doctor(world)
    with evidence.without_bucket():
        for _ in range(4):
            evidence.act(world, worker)
    with monkeypatch.context() as patch:
        patch.setattr(module, "PUBLISHING_SECONDS", 0)
        evidence.run("reconcile_journal")
    assert list(evidence.published()) == ["seals/000000000001.json"]
    evidence.run("reconcile_journal")
    assert len(evidence.published()) == 4
    assert list(Seal.waiting().run(None, None)) == []


def test_an_outage_of_the_bucket_costs_the_hourly_job_one_try(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is lost is sealed first, then publishing ends with the first object that nobody takes."""
    worker, tries = papers.doctor(world), list[str]()

    def hang(name: str, _: str) -> bool:
        tries.append(name)
        clock.advance(21)
        raise TimeoutError

    monkeypatch.setattr(ports, "keep", hang)
    for _ in range(3):
        evidence.act(world, worker)
    evidence.lose(world, worker, 1)
    clock.advance(HOURS)
    tries.clear()
    capsys.readouterr()
    evidence.run("reconcile_journal")
    assert tries == ["seals/000000000001.json"]
    assert len(list(JournalLeaf.of_person(worker.person_id).run(None, None))) == 4
    assert '"event":"journal-reconciled"' in capsys.readouterr().out


def test_a_tree_that_differs_stops_sealing_and_not_publishing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is signed above a cut end; seals that stand go to the bucket all the same."""
    worker = papers.doctor(world)
    with evidence.without_bucket():
        evidence.act(world, worker, 3)
    evidence.cut_an_end(worker, 2)
    evidence.lose(world, worker, 1)
    clock.advance(HOURS)
    evidence.alarms(capsys)
    with pytest.raises(TamperedError):
        evidence.run("reconcile_journal")
    assert [one["state"] for one in evidence.alarms(capsys)] == ["tree-differs"]
    assert list(evidence.published()) == ["seals/000000000001.json"]
    assert len(list(Seal.since(1).run(None, None))) == 1
