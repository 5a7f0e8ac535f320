"""Every worker × each of its calls to AWS × each way to break it, on events that the cabinet itself makes."""

import copy
import json
from typing import Any

import pytest
from conftest import ROOT, World
from faults import invariants
from faults.kinds import Plan, under
from faults.states import core, rows
from faults.workers import Trial, settle

from chalicelib.kit import catalogue, clock, jobs, outbox
from chalicelib.kit.catalogue import Queue
from chalicelib.kit.jobs import MAX_ATTEMPTS
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox

pytestmark = pytest.mark.moto("faults are put in below botocore, where moto answers")

CODE = ROOT / "functions/chalicelib"
WORKERS = sorted(one.stem for one in CODE.glob("*/*.py") if "\n@worker(" in one.read_text(encoding="utf-8"))
OF_QUEUES = [name for name in WORKERS if "on=Queue(" in next(CODE.glob(f"*/{name}.py")).read_text(encoding="utf-8")]
CALLS_NOTHING = "watch_journal"  # it writes lines of the log, and no operation brings about what it looks for
# One that only sends, and one that sends further effects in its own write.
ALWAYS = ("deliver_sms", "tell_owner")


@pytest.mark.parametrize("name", ALWAYS)
def test_a_fault_in_some_workers_loses_and_doubles_nothing(world: World, name: str, record_property: Any) -> None:
    """Two workers under all faults; `make proof` takes all."""
    break_all(Trial.of(world, name), record_property)


@pytest.mark.proof
@pytest.mark.parametrize("name", [one for one in WORKERS if one != CALLS_NOTHING])
def test_a_fault_in_any_worker_loses_and_doubles_nothing(world: World, name: str, record_property: Any) -> None:
    """Whichever call fails or is the last before the process ends: in the end the tables and the post are the same."""
    break_all(Trial.of(world, name), record_property)


def break_all(trial: Trial, record_property: Any) -> None:
    """Break everything and note the sum for the end of the run."""
    trial.break_everything(invariants.judge_worker)
    name = trial.worker.name
    record_property(
        "faults", {"of": "workers", "name": name, "injected": dict(trial.injected), "broken": len(trial.broken)}
    )
    assert trial.injected
    assert not trial.broken, "\n".join(trial.broken)


def test_all_workers_of_the_catalogue_are_broken(world: World) -> None:
    """The names that are read from the files are those of the catalogue."""
    assert sorted(catalogue.workers) == WORKERS
    assert sorted(name for name, one in catalogue.workers.items() if isinstance(one.on, Queue)) == OF_QUEUES


def test_the_worker_that_is_not_broken_has_no_call_to_break(world: World) -> None:
    """It declares none, and an event that makes it speak brings none about."""
    declared = catalogue.workers[CALLS_NOTHING]
    assert (declared.touches, declared.effects, declared.uses) == (frozenset(), (), ())
    changed = {"eventName": "MODIFY", "dynamodb": {"Keys": {"record_id": {"S": "rec_1"}}, "SequenceNumber": "1"}}
    with under(Plan()) as plan:
        answer = jobs.handle(CALLS_NOTHING, {"Records": [changed]})
    assert (answer, plan.seen) == ({}, [])


@pytest.mark.parametrize("name", ["tell_owner"])
def test_a_run_that_outlives_its_lease_writes_nothing(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it sleeps another run takes the effect over and settles it: the late one neither repeats nor undoes that."""
    overtake(Trial.of(world, name), monkeypatch)


@pytest.mark.proof
@pytest.mark.parametrize("name", OF_QUEUES)
def test_no_worker_writes_after_its_lease(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, of every worker of a queue."""
    overtake(Trial.of(world, name), monkeypatch)


def overtake(trial: Trial, patch: pytest.MonkeyPatch) -> None:
    """Let a second run of the same event pass the first between its claim and its work; compare the end of both."""
    real, runs = outbox.open_row, []

    def open_late(*args: Any) -> Any:
        runs.append(args)
        if len(runs) == 1:
            clock.advance(jobs.LEASE_SECONDS + 1)
            jobs.handle(trial.worker.name, copy.deepcopy(trial.occasion.event))
        return real(*args)

    patch.setattr(outbox, "open_row", open_late)
    course = trial.run(Plan())
    assert len(runs) >= 2
    assert core(course.changed) == core(trial.clean.changed)
    assert course.pending == trial.clean.pending


def poisoned(trial: Trial) -> tuple[str, dict[str, Any]]:
    """Put an effect that cannot be read beside the worker's own, in front of it in one batch; return its id and the batch."""
    trial.occasion.start.put_back()
    (record, *_) = trial.occasion.event["Records"]
    good = Outbox.get(json.loads(record["body"])["effect_id"])
    bad = outbox.row(Sms(to="+79000000000", text=""), "trace")
    bad.channel, bad.kind, bad.sealed = good.channel, good.kind, b"\x01 unreadable"
    bad.save()
    body = json.dumps({"effect_id": bad.effect_id})
    return str(bad.effect_id), {"Records": [{**record, "messageId": "poison", "body": body}, copy.deepcopy(record)]}


@pytest.mark.proof
@pytest.mark.parametrize("name", OF_QUEUES)
def test_a_poisoned_effect_ends_dead_and_holds_up_nobody(world: World, name: str) -> None:
    """It is tried twelve times and put aside to be read; the effect beside it is delivered at once, and once."""
    trial = Trial.of(world, name)
    effect_id, batch = poisoned(trial)
    assert jobs.handle(name, batch) == {"batchItemFailures": []}
    own = json.loads(batch["Records"][1]["body"])["effect_id"]
    assert Outbox.get(own).state in {"delivered", "dead"}
    sent = settle(world)
    for _ in range(MAX_ATTEMPTS):
        clock.advance(3 * 3600)
        sent += settle(world)
    row = Outbox.get(effect_id)
    assert (row.state, int(row.attempts)) == ("dead", MAX_ATTEMPTS)
    assert {one: count for one, count in sent.items() if count > 1} == {}
    assert not [one for place, one in rows().items() if place[0] == "outbox" and one["state"] == "{'S': 'pending'}"]
