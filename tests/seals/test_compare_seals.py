"""Every hour seals are compared with what they were made of: new ones, then old ones and the tree in turns."""

import json

import evidence
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import aws, clock
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals import compare_seals as module
from chalicelib.seals.tables import CHAIN, NEW, OLD, JournalLeaf, Seal, SealCheck, SealHead


def position(place: str) -> int:
    """Return the next seal of a position."""
    return int(SealCheck.get(place).number)


def touch(worker: make.Person) -> JournalRecord:
    """Return a worker's first record, out of the watch's sight."""
    return papers.acts(worker)[0]


def assert_whole(world: World) -> None:
    """Demand that the verifier finds the whole journal whole."""
    assert evidence.judge_now(world, evidence.dump()) == (0, "")


def test_a_whole_journal_raises_no_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """However often it is compared; the positions move past the last seal and begin anew."""
    evidence.doctor(world, 40)
    assert evidence.hourly(world, capsys) == []
    assert evidence.hourly(world, capsys, 3600) == []
    last = len(list(Seal.since(1).run(None, None)))
    assert (position(NEW), position(OLD)) == (last + 1, last + 1)
    assert_whole(world)


def test_a_record_that_is_gone_or_changed_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when the stream told nobody."""
    one, two = touch(evidence.doctor(world, 1)), touch(evidence.doctor(world, 1))
    one.delete()
    two.outcome = "nothing"
    two.save()
    evidence.forget_stream(world)
    found = evidence.hourly(world, capsys)
    assert sorted(found) == [("record-changed", two.record_id), ("record-removed", one.record_id)]


def test_an_attribute_that_the_cabinet_does_not_know_is_a_change(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hash is over all that is stored, not over what a model reads."""
    record = touch(evidence.doctor(world, 1))
    key = {"person_id": {"S": record.person_id}, "record_id": {"S": record.record_id}}
    change = {"UpdateExpression": "SET strange = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
    aws.client("dynamodb").update_item(TableName=JournalRecord.Meta.table_name, Key=key, **change)
    evidence.forget_stream(world)
    assert evidence.hourly(world, capsys) == [("record-changed", record.record_id)]


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
    found = evidence.hourly(world, capsys)
    assert [one for one in found if one[0] == "leaves-differ"] == [("leaves-differ", number) for number in (1, 2, 3)]


def test_a_record_whose_time_is_over_may_be_gone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that comes years late finds nothing wrong in it."""
    touch(evidence.doctor(world, 1)).delete()
    evidence.forget_stream(world)
    assert evidence.hourly(world, capsys, 4 * 365 * 24 * 3600) == []


def test_a_seal_that_is_gone_or_changed_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text follows from the seal before it, its leaves from its text; of the newest the head says it."""
    worker = evidence.doctor(world, 1)
    for _ in range(4):
        evidence.act(world, worker)
    seals = list(Seal.since(1).run(None, None))
    seals[0].leaves = bytes(32)
    seals[0].save()
    seals[1].body = seals[1].body.replace('"made_at":"2', '"made_at":"1')
    seals[1].save()
    seals[3].delete()
    seals[4].body = seals[4].body.replace('"version":1', '"version":2')
    seals[4].save()
    found = [number for state, number in evidence.hourly(world, capsys) if state == "seal-changed"]
    assert sorted(set(found)) == [1, 3, 4, 5]  # what follows a changed seal does not follow it


def test_a_seal_whose_text_is_none_stops_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """And one that pretends to be of tomorrow is not passed over for ever."""
    worker = evidence.doctor(world, 1)
    evidence.act(world, worker)
    evidence.act(world, worker)
    first, second, third = Seal.since(1).run(None, None)
    first.body = "?"
    first.save()
    second.body = second.body.replace('"made_at":"2', '"made_at":"3')
    second.save()
    assert third.number == 3
    found = evidence.hourly(world, capsys)
    assert {("seal-changed", 1), ("seal-changed", 2)} <= set(found)
    assert position(NEW) == 4


def test_old_seals_are_compared_again_in_turns(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that is removed long after its seal was compared is told when its turn comes, one seal a run here."""
    worker = evidence.doctor(world, 1)
    for _ in range(4):
        evidence.act(world, worker)
    assert evidence.hourly(world, capsys) == []
    record = papers.acts(worker)[2]
    record.delete()
    evidence.forget_stream(world)
    monkeypatch.setattr(module, "OLD_SECONDS", 0)
    found = [evidence.hourly(world, capsys, 3600) for _ in range(6)]
    assert found.count([]) == 5
    assert [("record-removed", record.record_id)] in found


def test_each_part_of_the_job_moves_on_in_every_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time there is; none takes the time of another."""
    worker = evidence.doctor(world, 1)
    evidence.act(world, worker)
    for name in ("NEW_SECONDS", "OLD_SECONDS", "TREE_SECONDS"):
        monkeypatch.setattr(module, name, 0)
    places = []
    clock.advance(3600)
    for _ in range(3):
        evidence.run("compare_seals")
        places.append([int(one.number) for one in (SealCheck.get(NEW), *SealCheck.batch_get([OLD]))])
    assert places == [[2], [3, 2], [3, 3]]


def test_a_node_that_was_changed_is_an_alarm_within_its_turn(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each hour another of the 64 branches of the tree is compared with the signed head."""
    evidence.cut_an_end(evidence.doctor(world, 3), 2)
    evidence.forget_stream(world)
    found = []
    for _ in range(64):
        found += evidence.hourly(world, capsys, 3600)
    assert found.count(("tree-differs", 1)) == 1


def test_a_head_that_nobody_signed_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text decides what everything else must be."""
    evidence.doctor(world, 1)
    head = SealHead.get(CHAIN)
    head.body = head.body.replace('"version":1', '"version":2')
    head.save()
    assert evidence.hourly(world, capsys) == [("head-forged", 1)]


def test_a_position_that_no_job_can_have_reached_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever moves it would have nothing compared any more: the job begins anew."""
    record = touch(evidence.doctor(world, 1))
    record.delete()
    evidence.forget_stream(world)
    SealCheck(place=NEW, number=10**9).save()
    found = evidence.hourly(world, capsys)
    assert found[0] == ("position-beyond", 0)
    assert ("record-removed", record.record_id) in found


def test_the_end_of_a_run_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """An alarm rings when these lines stay away."""
    evidence.doctor(world, 1)
    capsys.readouterr()
    for name in ("reconcile_journal", "compare_seals"):
        evidence.run(name)
    lines = [json.loads(one)["event"] for one in capsys.readouterr().out.splitlines()]
    assert lines == ["journal-reconciled", "journal-compared"]
