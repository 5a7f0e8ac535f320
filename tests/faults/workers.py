"""One worker under every fault, on an event that the cabinet itself made: then the event comes again and time goes on."""

import copy
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from conftest import World
from faults import states
from faults.kinds import KINDS, Killed, Kind, Plan, under
from faults.states import Shape, Snapshot
from gates.examples import example_of

from chalicelib.kit import catalogue, clock, jobs, secret
from chalicelib.kit.catalogue import Declared, Queue, Stream, Worker
from infra.local.pump import Pump

TRIED = 8  # operations that are tried as the origin of a worker's event
SOON, LATER = 200, 3 * 3600  # past a lease and its grace, within the life of a code; past every wait between two tries
LEAPS = (SOON, 10 * 365 * 24 * 3600)  # what is due soon, and what is due when a term has run out

Sent = Counter[tuple[str, ...]]


@dataclass
class Occasion:
    """A state of the cabinet and the event that calls a worker in it."""

    start: Snapshot
    event: dict[str, Any]
    worth: tuple[int, int] = (0, 0)


@dataclass
class Course:
    """What one run came to, when nothing was left to do: the change, what left the cabinet, the log."""

    plan: Plan
    first: Shape
    changed: Shape
    sent: Sent
    pending: int
    log: str


@dataclass
class Trial:
    """A worker with its event, ready to be run again and again."""

    world: World
    worker: Worker
    occasion: Occasion
    clean: Course
    broken: list[str] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, world: World, name: str) -> "Trial":
        """Find an event for a worker and run it cleanly."""
        worker = catalogue.workers[name]
        trial = cls(world, worker, occasion_of(world, worker), Course(Plan(), Counter(), Counter(), Counter(), 0, ""))
        trial.clean = trial.run(Plan())
        return trial

    def run(self, plan: Plan) -> Course:
        """Run the event under a plan, then again if it failed, and let time pass until nothing is left to do."""
        self.occasion.start.put_back()
        secret.forget()
        secret.key("faults")  # so that its copy does not run out in one run and hold in the next
        self.world.register._changes.clear()
        before, log = states.rows(), io.StringIO()
        with redirect_stdout(log):
            with under(plan):
                is_done = self._call()
            first = states.difference(before, states.rows())
            if not is_done:
                self._call()
            sent = settle(self.world)
        sent.update(("register", str(sorted(one["fields"]))) for one in self.world.register.changes())
        after = states.rows()
        pending = sum(row[0] == "outbox" and item["state"] == "{'S': 'pending'}" for row, item in after.items())
        return Course(plan, first, states.difference(before, after), sent, pending, log.getvalue())

    def _call(self) -> bool:
        """Call the worker as Lambda does; False when the event has to come again."""
        try:
            answer = jobs.handle(self.worker.name, copy.deepcopy(self.occasion.event))
        except (Exception, Killed):  # noqa: BLE001 - whatever it was, Lambda sees a function that failed
            return False
        return not answer.get("batchItemFailures")

    def break_everything(self, judge: Any, kinds: list[Kind] = KINDS) -> None:
        """Break each call of the clean run in each way that fits it, and note what did not hold."""
        for at, attempt in enumerate(self.clean.plan.seen):
            for kind in (one for one in kinds if one.applies(attempt)):
                course = self.run(Plan(kind, at))
                self.injected[str(kind)] += course.plan.injected
                place = f"{self.worker.name}: {kind} at call {at + 1} ({course.plan.target})"
                self.broken += [f"{place}: {fault}" for fault in judge(self, course)]


def settle(world: World) -> Sent:
    """Let the cabinet work on until everything due is done; returns what left it."""
    pump = Pump(world.engine, catalogue.workers)
    for step in (SOON, SOON, SOON, LATER, LATER):
        pump.drain(60)
        clock.advance(step)
    pump.drain(60)
    return Counter((one["channel"], one["to"], one["text"][:40]) for one in pump.sent)


def occasion_of(world: World, worker: Worker) -> Occasion:
    """Find the event of a worker: operations that could be its cause are run until one of them calls it.

    Of what the clock calls, the occasion with most different calls is taken: then there was something to do. Among equals
    it is the one with fewest calls: to break the same call a thousand times would show nothing more.
    """
    best: Occasion | None = None
    for name in sorted(catalogue.operations, key=lambda one: -_kinship(worker, catalogue.operations[one]))[:TRIED]:
        for occasion in _occasions(world, worker, name):
            if best is None or occasion.worth > best.worth:
                best = occasion
        if best is not None and isinstance(worker.on, Queue | Stream):
            break
    if best is None:
        raise LookupError(f"No operation calls {worker.name}: give one of them an example that does.")
    return best


def _occasions(world: World, worker: Worker, name: str) -> Iterator[Occasion]:
    """Run an operation's example and give the occasions for a worker that follow from it."""
    world.empty()
    with redirect_stdout(io.StringIO()):
        world.client.run(name, example_of(name, world))
        if isinstance(worker.on, Queue | Stream):
            yield from _delivered(world, worker)
            return
        for leap in LEAPS:
            clock.advance(leap)
            occasion = Occasion(Snapshot.take(), {"source": "aws.events", "time": clock.stamp(clock.now())})
            with under(Plan()) as plan:
                jobs.handle(worker.name, occasion.event)
            occasion.worth = (len({*plan.seen}), -len(plan.seen))
            yield occasion
            settle(world)  # so that of the far future only what waits for a term is left


def _delivered(world: World, worker: Worker) -> list[Occasion]:
    """Let events go round and catch the first one of a worker, before he sees it."""
    caught: list[Occasion] = []

    def handle(name: str, event: dict[str, Any]) -> dict[str, Any]:
        if name == worker.name and not caught:
            caught.append(Occasion(Snapshot.take(), copy.deepcopy(event)))
        return jobs.handle(name, event)

    Pump(world.engine, catalogue.workers, handle).drain(60)
    return caught


def _kinship(worker: Worker, operation: catalogue.Operation) -> int:
    """Return how much an operation has to do with a worker: the effects that reach him, the tables that both touch."""
    if isinstance(worker.on, Queue):
        return int(_reaches(operation, worker.on.channel))
    return len(_models(worker) & {touch.model for touch in operation.writes})


def _reaches(sender: Declared, channel: str, depth: int = 2) -> bool:
    """Tell whether the effects of a sender come to a channel, also through the workers of other channels."""
    channels = {one.channel for one in sender.effects}
    if channel in channels:
        return True
    others = [one for one in catalogue.workers.values() if isinstance(one.on, Queue) and one.on.channel in channels]
    return depth > 0 and any(_reaches(one, channel, depth - 1) for one in others)


def _models(worker: Worker) -> set[Any]:
    of_event = {worker.on.model} if isinstance(worker.on, Stream) else set()
    return of_event | {touch.model for touch in worker.touches}
