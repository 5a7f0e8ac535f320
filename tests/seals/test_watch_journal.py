"""A journal record never changes, and only its time to live removes it: whatever else happens is an alarm."""

import evidence
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.trail.tables import JournalRecord


def test_a_changed_record_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With the record's number and nothing of what it says; new records are none."""
    worker = evidence.doctor(world, 2)
    assert evidence.alarms(capsys) == []
    record = papers.acts(worker)[0]
    record.outcome = "nothing"
    record.save()
    evidence.drain(world)
    (said,) = evidence.alarms(capsys)
    assert (said["state"], said["record"]) == ("record-changed", record.record_id)
    assert worker.person_id not in str(said)


def test_a_time_to_live_that_is_cut_short_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a change, before anything is removed by it."""
    record = papers.acts(evidence.doctor(world, 1))[0]
    JournalRecord.change(record.person_id, record.record_id, actions=[JournalRecord.expires.set(1)])
    evidence.drain(world)
    assert [one["state"] for one in evidence.alarms(capsys)] == ["record-changed"]


def test_a_removed_record_is_an_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever removed it."""
    record = papers.acts(evidence.doctor(world, 2))[0]
    record.delete()
    evidence.drain(world)
    assert [(one["state"], one["record"]) for one in evidence.alarms(capsys)] == [("record-removed", record.record_id)]


def test_a_record_whose_time_is_over_goes_quietly(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The service removes it by itself, and says so in the stream."""
    worker = evidence.doctor(world, 2)
    clock.advance(4 * 365 * 24 * 3600)
    assert world.engine.sweep() > 0
    evidence.drain(world)
    assert papers.acts(worker) == []
    assert evidence.alarms(capsys) == []
