"""The harness is no blind watchman: planted defects are noticed, and a sound product is not accused."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from conftest import World
from faults import invariants, workers
from faults.kinds import KINDS, Kind
from faults.operations import Trial

from chalicelib.kit import door, jobs, journal
from chalicelib.kit.idempotency import KeyedRequest
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Idempotency, Outbox
from chalicelib.kit.transaction import Step, commit

pytestmark = pytest.mark.moto("faults are put in below botocore, where moto answers")

NAME = "change_profile"


def kinds(*names: str) -> list[Kind]:
    """Choose some of the faults, so that a defect is shown quickly."""
    chosen = [one for one in KINDS if str(one) in names]
    assert len(chosen) == len(names)
    return chosen


def broken(world: World, *names: str) -> str:
    """Break the calls of one operation and return what did not hold."""
    trial = Trial.of(world, NAME)
    trial.break_everything(invariants.judge, kinds(*names))
    return "\n".join(trial.broken)


def test_a_journal_record_outside_the_transaction_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two writes, the change stands without its record."""

    def apart(steps: list[Step]) -> None:
        records = [one for one in steps if type(one.item).__name__ == "JournalRecord"]
        commit([one for one in steps if one not in records])
        for one in records:
            journal.alone(one)

    monkeypatch.setattr(door, "commit", apart)
    assert "half-written" in broken(world, "killed after")


def test_effects_written_before_the_change_are_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the effect stands though the change does not."""

    def apart(steps: list[Step]) -> None:
        rows = [one for one in steps if type(one.item).__name__ == "Outbox"]
        for group in (rows, [one for one in steps if one not in rows]):
            if group:
                commit(group)

    monkeypatch.setattr(door, "commit", apart)
    assert "half-written" in broken(world, "refused ever")


def test_a_dropped_idempotency_item_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client who never heard the answer is told that his own change is in his way."""
    monkeypatch.setattr(
        door, "commit", lambda steps: commit([one for one in steps if not isinstance(one.item, Idempotency)])
    )
    assert "the repetition answers 412 stale" in broken(world, "killed after")


def test_an_outage_told_as_an_error_of_ours_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that passes must say so."""
    monkeypatch.setattr(door, "is_outage", lambda _: False)
    assert "a passing fault is told as 500 internal-error" in broken(world, "refused ever")


def test_a_conflict_that_is_not_tried_again_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What passes at once is not the client's business."""
    monkeypatch.setattr("chalicelib.kit.tables.ATTEMPTS", 1)
    assert "a short fault is told as 503 busy" in broken(world, "conflict once")


def test_another_answer_to_the_same_key_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repetition that is answered anew, and not from what was kept, is another answer."""
    real, opened = KeyedRequest.open, []

    def anew(request: KeyedRequest, found: Idempotency) -> Any:
        reply = real(request, found)
        opened.append(found)
        return msgspec.structs.replace(reply, body=reply.body + b" " * len(opened))

    monkeypatch.setattr(KeyedRequest, "open", anew)
    assert "one key, 2 different answers" in broken(world, "killed after")


def test_a_personal_detail_in_a_failure_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that quotes the person's phone is told by name."""
    trial = Trial.of(world, NAME)
    who = trial.example.by
    assert who is not None
    real: Callable[..., Any] = Refusal.problem

    def quoting(refusal: Refusal, trace_id: str) -> Any:
        refusal.sentence += f" Телефон {who.phone}."
        return real(refusal, trace_id)

    monkeypatch.setattr(Refusal, "problem", quoting)
    trial.break_everything(invariants.judge, kinds("refused ever"))
    assert f"told in log or failure: {who.phone}" in "\n".join(trial.broken)


def test_an_effect_settled_before_it_is_done_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that says «delivered» first and sends later loses what it was killed over."""
    trial = workers.Trial.of(world, "deliver_sms")
    claim = Outbox.claim

    def settled_at_once(effect_id: str, seconds: int) -> Any:
        row = claim(effect_id, seconds)
        if row is not None:
            Outbox.change(effect_id, actions=row.settled("delivered"))
        return row

    monkeypatch.setattr(Outbox, "claim", settled_at_once)
    trial.break_everything(invariants.judge_worker, kinds("killed before"))
    assert "instead of" in "\n".join(trial.broken)


def test_a_worker_that_writes_in_two_steps_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further effects that stand before the row is settled are written again by the next run."""
    trial = workers.Trial.of(world, "tell_owner")

    def apart(steps: list[Step]) -> None:
        for one in sorted(steps, key=lambda step: step.kind):
            commit([one])

    monkeypatch.setattr(jobs, "commit", apart)
    trial.break_everything(invariants.judge_worker, kinds("killed after"))
    assert "another end" in "\n".join(trial.broken)
