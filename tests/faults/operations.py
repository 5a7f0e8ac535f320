"""One operation under every fault: a clean run tells its calls and its effect, then each call is broken in each way."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field

import make
from conftest import World
from faults import states
from faults.kinds import KINDS, Killed, Kind, Plan, under
from faults.states import Shape, Snapshot
from gates.examples import example_of

from chalicelib.kit import catalogue, clock, secret

REPEATS = 3


@dataclass
class Outcome:
    """What one run came to: the answers in their order (None for a killed function), the change, the log."""

    plan: Plan
    answers: list[make.Answer | None]
    changed: Shape
    first: Shape
    log: str = ""

    @property
    def last(self) -> make.Answer:
        """The answer that the client was left with."""
        answer = self.answers[-1]
        if answer is None:
            raise LookupError("The client never got an answer.")
        return answer


@dataclass
class Trial:
    """An operation with its valid request, ready to be run again and again from the same state."""

    world: World
    name: str
    example: make.Example
    start: Snapshot
    clean: Outcome
    cold: bool = False
    rebuilt: bool = False
    broken: list[str] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, world: World, name: str, *, cold: bool = False) -> "Trial":
        """Make the example and run it cleanly, twice: what cannot be repeated from a snapshot is built anew each time."""
        example = example_of(name, world)
        start = Snapshot.take()
        trial = cls(world, name, example, start, Outcome(Plan(), [], Counter(), Counter()), cold)
        start.put_back()
        trial.clean = trial._perform(Plan())
        start.put_back()
        again = trial._perform(Plan())
        trial.rebuilt = _statuses(again) != _statuses(trial.clean)
        return trial

    @property
    def operation(self) -> catalogue.Operation:
        """The declaration."""
        return catalogue.operations[self.name]

    def run(self, plan: Plan) -> Outcome:
        """Run the request under a plan, from the start."""
        if self.rebuilt:
            self.world.empty()
            self.example = example_of(self.name, self.world)
            Snapshot.take().put_back()
        else:
            self.start.put_back()
        return self._perform(plan)

    def _perform(self, plan: Plan) -> Outcome:
        secret.forget()
        if not self.cold:
            secret.key("faults")  # so that its copy does not run out in one run and hold in the next
        before = states.rows()
        key, log = make.key(), io.StringIO()
        with redirect_stdout(log):
            with under(plan):
                answers = [self._ask(key)]
            first = states.difference(before, states.rows())
            while len(answers) <= REPEATS and (answers[-1] is None or answers[-1].status in {429, 503}):
                clock.advance(waiting(answers[-1]))
                answers.append(self._ask(key))
            if self.operation.changes and (plan.kind is None or plan.kind.loses):
                answers.append(self._ask(key))
        return Outcome(plan, answers, states.difference(before, states.rows()), first, log.getvalue())

    def _ask(self, key: str) -> make.Answer | None:
        """Send the request as a client does that repeats it under the same key; None when the function was killed."""
        headers = {"Idempotency-Key": key} if self.operation.changes else {}
        try:
            return self.world.client.run(self.name, self.example, idempotency=key, headers=headers, address=ADDRESS)
        except Killed:
            return None

    def break_everything(self, judge: Callable[["Trial", Outcome], list[str]], kinds: list[Kind] = KINDS) -> None:
        """Break each call of the clean run in each way that fits it, and note what did not hold."""
        for plan in self.plans(kinds):
            outcome = self.run(plan)
            self.injected[str(plan.kind)] += plan.injected
            place = f"{self.name}: {plan.kind} at call {plan.at + 1} ({plan.target})"
            self.broken += [f"{place}: {fault}" for fault in judge(self, outcome)]

    def plans(self, kinds: list[Kind]) -> Iterator[Plan]:
        """Give each call of the first request × each kind that fits it."""
        for at, attempt in enumerate(self.clean.plan.seen):
            for kind in kinds:
                if kind.applies(attempt):
                    yield Plan(kind, at)


ADDRESS = make.USUAL_ADDRESS


def waiting(answer: make.Answer | None) -> int:
    """Return for how many seconds a client was asked to wait."""
    return 1 if answer is None else int(answer.headers.get("Retry-After", 1))


def _statuses(outcome: Outcome) -> list[int]:
    return [0 if one is None else one.status for one in outcome.answers]
