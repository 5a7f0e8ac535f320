"""One write: entities, journal record, effects and the keyed answer in one TransactWriteItems, or nothing at all."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.kit.items import connection
from chalicelib.kit.outbox import Effect
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Idempotency
from chalicelib.kit.refusals import Busy
from chalicelib.kit.tables import Get, Table, patiently

Kind = Literal["check", "delete", "put", "update"]
_ORDER: dict[Kind, int] = {"check": 0, "delete": 1, "put": 2, "update": 3}


class Step(msgspec.Struct, frozen=True):
    """One item of a transaction, and the refusal that its failed condition means."""

    kind: Kind
    item: Any
    refusal: type[Refusal] | Refusal
    actions: Sequence[Action] = ()
    condition: Condition | None = None


class AlreadyAnswered(Exception):  # noqa: N818 - not an error: the first sending succeeded
    """The keyed request had succeeded before; holds the stored record."""

    def __init__(self, stored: Idempotency) -> None:
        super().__init__()
        self.stored = stored


class Transaction:
    """Gathers what an operation wants to write; the kit commits it after the operation has answered.

    `lost` is the refusal when an item changed since it was loaded: stale for who named a version, busy for others.
    """

    def __init__(self, lost: type[Refusal] = Busy) -> None:
        self._lost = lost
        self.steps: list[Step] = []
        self.effects: list[Effect] = []

    def put(self, item: Table, refusal: type[Refusal] | Refusal = Busy) -> None:
        """Write a new item; `refusal` when one with the same key exists."""
        self.steps.append(Step("put", item, refusal, condition=item.is_new()))

    def replace(self, item: Table) -> None:
        """Write an item over whatever stands in its place."""
        self.steps.append(Step("put", item, Busy))

    def update(
        self,
        item: Table,
        *actions: Action,
        when: Condition | None = None,
        refusal: type[Refusal] | Refusal | None = None,
        edits: bool = True,
    ) -> None:
        """Change a loaded item; `when` must hold.

        If the item has a version, it must still be the loaded one, and grows; `edits=False` is for changes that take
        nothing from anybody's edit and make nobody's copy stale.
        """
        if edits and item.has_version():
            when = item.is_unedited() if when is None else item.is_unedited() & when
            actions = (*actions, item.next_version())
        self.steps.append(Step("update", item, refusal or self._lost, actions, when))

    def delete(
        self, item: Table, *, when: Condition | None = None, refusal: type[Refusal] | Refusal | None = None
    ) -> None:
        """Remove a loaded item under the same conditions."""
        self.steps.append(Step("delete", item, refusal or self._lost, condition=when))

    def check(self, get: Get[Any], when: Condition, refusal: type[Refusal] | Refusal | None = None) -> None:
        """Demand a condition of an item that is not changed."""
        self.steps.append(Step("check", get, refusal or self._lost, condition=when))

    def send(self, effect: Effect) -> None:
        """Have an effect delivered once the transaction stands."""
        self.effects.append(effect)


def commit(steps: list[Step]) -> None:
    """Write all steps or none. Raises the refusal of the failed step, Busy, or AlreadyAnswered."""
    ordered = sorted(steps, key=lambda step: _ORDER[step.kind])
    write = TransactWrite(connection=connection())
    for step in ordered:
        _add(write, step)
    try:
        patiently(write._commit)  # noqa: SLF001 - leaving a `with` block would not let us retry
    except TransactWriteError as error:
        failed = [
            (step, reason.raw_item)
            for step, reason in zip(ordered, error.cancellation_reasons, strict=False)
            if reason is not None and reason.code == "ConditionalCheckFailed"
        ]
        for step, found in failed:  # first of all: after its own success a repeated write fails in other steps too
            if isinstance(step.item, Idempotency) and found:
                raise AlreadyAnswered(Idempotency.from_raw_data(found)) from None
        for step, _ in failed:
            raise (step.refusal if isinstance(step.refusal, Refusal) else step.refusal()) from None
        raise


def _add(write: TransactWrite, step: Step) -> None:
    if step.kind == "check" and step.condition is not None:
        write.condition_check(step.item.model, step.item.hash, step.item.range, condition=step.condition)
    elif step.kind == "delete":
        write.delete(step.item, condition=step.condition)
    elif step.kind == "put" and step.condition is None:  # two of three items of a usual write; PynamoDB takes a detour
        plain = {"TableName": step.item.Meta.table_name, "Item": step.item.serialize()}
        write._put_items.append(plain)  # noqa: SLF001 - see above
    elif step.kind == "put":
        keep = "ALL_OLD" if isinstance(step.item, Idempotency) else None
        write.save(step.item, condition=step.condition, return_values=keep)
    else:
        write.update(step.item, actions=list(step.actions), condition=step.condition)
