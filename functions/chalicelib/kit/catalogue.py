"""The catalogue: every operation and worker, declared once and read by the door, the templates, the docs and the gates."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from chalicelib.kit.access import Relation, Role
from chalicelib.kit.outbox import Effect
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.tables import GlobalSecondaryIndex, Table

F = TypeVar("F", bound=Callable[..., Any])
_SHARED_FILES: Final = frozenset({"__init__", "tables", "rules", "refusals", "schemas"})


@dataclass(frozen=True)
class Touch:
    """One right on one table or index, for example `dynamodb:PutItem` on Profile."""

    action: str
    model: type[Table]
    index: str | None = None


def _named(action: str) -> Callable[[type[Table]], Touch]:
    return lambda model: Touch(action, model)


Put, Update, Delete, Check, Get = map(_named, ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "GetItem"))


def Query(target: "type[Table] | GlobalSecondaryIndex[Any]") -> Touch:  # noqa: N802 - reads as the others do
    """Name the right to query a table's partition or one index."""
    if isinstance(target, GlobalSecondaryIndex):
        model: type[Table] = target._model  # noqa: SLF001 - PynamoDB keeps the model there
        return Touch("Query", model, target.Meta.index_name)
    return Touch("Query", target)


@dataclass(frozen=True)
class Outside:
    """An outside system that is read inside the request."""

    system: str


@dataclass(frozen=True)
class Uses:
    """A right outside DynamoDB, for example `kms:GenerateDataKey`."""

    action: str


NEW_KEY = Uses("kms:GenerateDataKey")
SMS = Uses("sns:Publish")
EMAIL = Uses("ses:SendEmail")
QUEUES = Uses("sqs:SendMessage")
PDF = Uses("layer:typst")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What operations and workers have in common."""

    name: str
    domain: str
    function: Callable[..., Any]
    reads: tuple[Touch, ...]
    writes: tuple[Touch, ...]
    uses: tuple[Outside | Uses, ...]
    effects: tuple[type[Effect], ...]
    audit: str
    memory: int
    timeout: int

    @property
    def touches(self) -> frozenset[Touch]:
        """Every right on tables that the declaration itself names."""
        outbox = {Put(Outbox)} if self.effects else set()
        return frozenset({*self.reads, *self.writes, *outbox})

    @property
    def address(self) -> str:
        """The full name: `profile.read_profile`."""
        return f"{self.domain}.{self.name}"

    @property
    def sentence(self) -> str:
        """The Russian sentence that says what it does."""
        return (self.function.__doc__ or "").strip().splitlines()[0].rstrip(".")


@dataclass(frozen=True, kw_only=True)
class Operation(Declared):
    """One operation: one file, one function, one Lambda."""

    method: str
    path: str
    allow: Mapping[Role, Relation]
    public: bool
    claimed: bool
    fresh: bool
    match: bool
    refuses: tuple[type[Refusal], ...]
    status: int
    body: type[Any] | None
    query: type[Any] | None
    path_names: tuple[str, ...]
    answer: Any
    media: str
    internal: bool

    @property
    def keyed(self) -> bool:
        """Whether a key of repetition is required."""
        return self.method == "POST"

    @property
    def changes(self) -> bool:
        """Whether a key of repetition is accepted."""
        return self.method != "GET"


@dataclass(frozen=True)
class Stream:
    """New items of a table."""

    model: type[Table]


@dataclass(frozen=True)
class Queue:
    """Effects of one channel."""

    channel: str


@dataclass(frozen=True)
class Every:
    """A period."""

    minutes: int


@dataclass(frozen=True, kw_only=True)
class Worker(Declared):
    """One function that events call."""

    on: Stream | Queue | Every


operations: dict[str, Operation] = {}
workers: dict[str, Worker] = {}


def operation(
    route: str,
    *,
    allow: Mapping[Role, Relation] | None = None,
    public: bool = False,
    claimed: bool = False,
    fresh: bool = False,
    match: bool = False,
    reads: Iterable[type[Table] | Touch] = (),
    writes: Iterable[Touch] = (),
    uses: Iterable[Outside | Uses] = (),
    effects: Iterable[type[Effect]] = (),
    refuses: Iterable[type[Refusal]] = (),
    audit: str,
    status: int = 200,
    media: str = "application/json",
    memory: int = 256,
    timeout: int = 10,
    internal: bool = False,
) -> Callable[[F], F]:
    """Declare the function below as an operation; body, query and answer are read from its annotations."""
    method, path = route.split(" ")

    def declare(function: F) -> F:
        kinds = dict(function.__annotations__)
        declared = Operation(
            **_common(function, reads, writes, uses, effects, audit, memory, timeout),
            method=method,
            path=path,
            allow=dict(allow or {}),
            public=public,
            claimed=claimed,
            fresh=fresh,
            match=match,
            refuses=tuple(refuses),
            status=status,
            body=kinds.get("body"),
            query=kinds.get("query"),
            path_names=tuple(re.findall(r"{(\w+)}", path)),
            answer=kinds["return"],
            media=media,
            internal=internal,
        )
        _add(operations, declared)
        return function

    return declare


def worker(
    *,
    on: Stream | Queue | Every,
    reads: Iterable[type[Table] | Touch] = (),
    writes: Iterable[Touch] = (),
    uses: Iterable[Outside | Uses] = (),
    effects: Iterable[type[Effect]] = (),
    audit: str = "",
    memory: int = 256,
    timeout: int = 60,
) -> Callable[[F], F]:
    """Declare the function below as a worker that events call."""

    def declare(function: F) -> F:
        _add(workers, Worker(**_common(function, reads, writes, uses, effects, audit, memory, timeout), on=on))
        return function

    return declare


def load(address: str | None = None) -> None:
    """Import every file of every domain, or only the one that `address` names (`profile.read_profile`)."""
    if address:
        importlib.import_module(f"chalicelib.{address}")
        return
    root = Path(__file__).parent.parent
    for file in sorted(root.glob("*/*.py")):
        if file.parent.name != "kit" and file.stem not in _SHARED_FILES:
            importlib.import_module(f"chalicelib.{file.parent.name}.{file.stem}")


def _common(
    function: Callable[..., Any],
    reads: Any,
    writes: Any,
    uses: Any,
    effects: Any,
    audit: str,
    memory: int,
    timeout: int,
) -> dict[str, Any]:
    return {
        "name": function.__name__,
        "domain": function.__module__.split(".")[1],
        "function": function,
        "reads": tuple(one if isinstance(one, Touch) else Get(one) for one in reads),
        "writes": tuple(writes),
        "uses": tuple(uses),
        "effects": tuple(effects),
        "audit": audit,
        "memory": memory,
        "timeout": timeout,
    }


def _add(register: dict[str, Any], declared: Declared) -> None:
    if declared.name in operations or declared.name in workers:
        raise ValueError(f"Two files declare the name {declared.name}; names are unique in the cabinet.")
    register[declared.name] = declared
