"""What must hold after any fault: each function says in sentences what does not."""

import re
from collections.abc import Iterator
from typing import Any

import make
from faults import workers
from faults.operations import Outcome, Trial
from faults.states import RECORDS, Shape, core

from chalicelib.kit import catalogue, clock
from chalicelib.kit.catalogue import Queue

RUSSIAN = re.compile(r"[а-яё]{3}", re.IGNORECASE)
PASSING = {503, 429}
SENDERS = {"sns", "sesv2"}
SHORTEST_SECRET = 6


def judge(trial: Trial, outcome: Outcome) -> list[str]:
    """Ask every invariant of an operation."""
    asked = (whole_or_nothing, one_effect, answered_in_the_end, unseen_when_short, same_answer, told_well, kept_secret)
    return [fault for one in asked for fault in one(trial, outcome)]


def judge_worker(trial: workers.Trial, course: workers.Course) -> list[str]:
    """Ask every invariant of a worker."""
    asked = (delivered_whole_or_not, worked_once, nothing_waits, sent_at_least_once, names_nobody)
    return [fault for one in asked for fault in one(trial, course)]


def whole_or_nothing(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """Entity, journal record, effects and stored answer stand together or not at all, from the first answer on."""
    found, whole = core(outcome.first), core(trial.clean.first)
    if found and found != whole:
        yield f"half-written: {_unlike(whole, found)}"


def one_effect(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """However often the client repeats, the change is that of one clean run; of a read only records may be more."""
    found, wanted = core(outcome.changed), core(trial.clean.changed)
    if starts_again(trial, outcome):
        return
    if not trial.operation.changes:
        found, wanted = (_once(one) for one in (found, wanted))
    if found != wanted:
        yield f"not one effect: {_unlike(wanted, found)}"


def answered_in_the_end(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """Once the fault is over the client gets the success, unless his session ended by his own act and nothing is owed."""
    status = outcome.last.status
    is_over = (status == 401 and ends_itself(trial)) or starts_again(trial, outcome)
    if status != trial.operation.status and not is_over:
        yield f"the repetition answers {said(outcome.last)}"


def unseen_when_short(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """What passes at once is not seen by the client; what lasts is refused as passing, with the time to wait."""
    kind, first = outcome.plan.kind, outcome.answers[0]
    if kind is None or kind.kills or first is None:
        return
    if kind.lasts == "once" and first.status != trial.operation.status:
        yield f"a short fault is told as {said(first)}"
    if first.status >= 400 and first.status not in PASSING:
        yield f"a passing fault is told as {said(first)}"


def same_answer(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """All successes of one key are the same answer."""
    if trial.operation.changes:
        said = {one.raw for one in outcome.answers if one is not None and one.status == trial.operation.status}
        if len(said) > 1:
            yield f"one key, {len(said)} different answers"


def told_well(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """A failure is problem+json in Russian with a trace id, and says when to try again."""
    for answer in failures(outcome):
        body = answer.json
        fits = answer.headers.get("Content-Type") == "application/problem+json" and body["status"] == answer.status
        if not (fits and RUSSIAN.search(body["detail"]) and body["trace_id"]):
            yield f"a failure is told badly: {answer.raw!r}"
        if answer.status in PASSING and not answer.headers.get("Retry-After", "").isdigit():
            yield f"{answer.status} does not say when to try again"


def kept_secret(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """Neither the log nor a failure quotes what was typed, a token or a person."""
    told = outcome.log + "".join(answer.raw.decode() for answer in failures(outcome))
    for secret in secrets_of(trial.example):
        if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", told):
            yield f"told in log or failure: {secret}"


def delivered_whole_or_not(trial: workers.Trial, course: workers.Course) -> Iterator[str]:
    """One effect is one write: what a worker of a queue does stands with the row that says so, or not at all."""
    found, whole = core(course.first), core(trial.clean.first)
    if isinstance(trial.worker.on, Queue) and found and found != whole:
        yield f"half-written: {_unlike(whole, found)}"


def worked_once(trial: workers.Trial, course: workers.Course) -> Iterator[str]:
    """When time has gone on, the tables are as after a clean run: nothing lost, nothing doubled."""
    found, wanted = core(course.changed), core(trial.clean.changed)
    if found != wanted:
        yield f"another end: {_unlike(wanted, found)}"


def nothing_waits(trial: workers.Trial, course: workers.Course) -> Iterator[str]:
    """No effect is left behind."""
    if course.pending != trial.clean.pending:
        yield f"{course.pending} effects still wait"


def sent_at_least_once(trial: workers.Trial, course: workers.Course) -> Iterator[str]:
    """Each message leaves; more than once only by SMS or mail, and only after a fault in or behind the sending itself."""
    wanted, found = trial.clean.sent, course.sent
    if wanted - found or found.keys() - wanted.keys():
        yield f"sent {sorted(found)} instead of {sorted(wanted)}"
    has_left = any(one.service in SENDERS for one in trial.clean.plan.seen[: course.plan.at + 1])
    doubled = [one for one in found - wanted if one[0] == "register" or not has_left]
    if doubled:
        yield f"sent more than once: {sorted(doubled)}"


def names_nobody(trial: workers.Trial, course: workers.Course) -> Iterator[str]:
    """The log of workers quotes neither addresses nor texts."""
    for channel, *facts in trial.clean.sent:
        if channel != "register" and any(fact in course.log for fact in facts):
            yield f"told in the log: {facts}"


def said(answer: make.Answer) -> str:
    """Write an answer shortly."""
    return f"{answer.status} {answer.code if answer.status >= 400 else ''}".strip()


def failures(outcome: Outcome) -> list[make.Answer]:
    """Return the answers that are no success."""
    return [one for one in outcome.answers if one is not None and one.status >= 400]


def ends_itself(trial: Trial) -> bool:
    """Tell whether a clean run ends the caller's session and gives him no new one."""
    ended = any(change[:2] == ("session", "delete") for change in trial.clean.changed)
    first = trial.clean.answers[0]
    return ended and first is not None and b'"token":"' not in first.raw


def starts_again(trial: Trial, outcome: Outcome) -> bool:
    """Tell whether an outside system had taken its one-time code before the fault: nothing is written, and he begins anew.

    Nobody can give such a code back; the refusal must be one that the operation declares.
    """
    declared = {one.code() for one in trial.operation.refuses}
    is_refused = outcome.last.status >= 400 and outcome.last.code in declared
    is_outside = any(isinstance(one, catalogue.Outside) for one in trial.operation.uses)
    return trial.rebuilt and is_outside and is_refused and not core(outcome.changed)


def secrets_of(example: make.Example) -> set[str]:
    """Return what may be told nowhere: everything typed, and who is signed in."""
    who = example.by
    found = set(_leaves(example.body))
    if who is not None:
        found |= {who.token.split(".")[2], who.phone, who.email, who.snils, who.totp, who.login}
    return {one for one in found if len(one) >= SHORTEST_SECRET and not clock.stamp(clock.now()).startswith(one)}


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict | list):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(one)
    elif isinstance(tree, str):
        yield tree


def _once(shape: Shape) -> Shape:
    return type(shape)({change: 1 if change[0] in RECORDS else count for change, count in shape.items()})


def _unlike(wanted: Shape, found: Shape) -> str:
    return f"missing {sorted(wanted - found)}, too much {sorted(found - wanted)}"
