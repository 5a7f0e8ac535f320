"""The catalogue: every operation and worker of the cabinet."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from chalicelib.kit.access import Relation, Role
from chalicelib.kit.outbox import Effect
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.tables import GlobalSecondaryIndex, Table

_SHARED_FILES: Final = frozenset({"__init__", "tables", "rules", "refusals", "schemas", "ports"})


class Touch(msgspec.Struct, frozen=True):
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


class Outside(msgspec.Struct, frozen=True):
    """An outside system that is read inside the request."""

    system: str


class Uses(msgspec.Struct, frozen=True):
    """A right outside DynamoDB, for example `kms:GenerateDataKey`."""

    action: str


NEW_KEY = Uses("kms:GenerateDataKey")
SMS = Uses("sns:Publish")
EMAIL = Uses("ses:SendEmail")
QUEUES = Uses("sqs:SendMessage")
PDF = Uses("layer:typst")
SIGN_SEAL = Uses("kms:Sign")
READ_SEAL_KEY = Uses("kms:GetPublicKey")
KEEP_SEAL = Uses("s3:PutObject")


class Declared(msgspec.Struct, frozen=True, kw_only=True):
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
        return (self.function.__doc__ or "").strip().partition("\n")[0].rstrip(".")


class Operation(Declared, frozen=True, kw_only=True):
    """One operation: one file, one function, one Lambda."""

    method: str
    path: str
    allow: Mapping[Role, Relation]
    public: bool
    claimed: bool
    unsettled: bool
    fresh: bool
    full: bool
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
    def renews(self) -> bool:
        """Whether the answer holds the new token of the caller's session: if it is lost, nobody else can tell it."""
        return not self.public and "token" in getattr(self.answer, "__struct_fields__", ())

    @property
    def changes(self) -> bool:
        """Whether a key of repetition is accepted."""
        return self.method != "GET"


class Stream(msgspec.Struct, frozen=True):
    """New items of a table, or other changes; a batch waits so many seconds for company."""

    model: type[Table]
    kinds: tuple[Literal["INSERT", "MODIFY", "REMOVE"], ...] = ("INSERT",)
    batching_seconds: int = 0


class Queue(msgspec.Struct, frozen=True):
    """Effects of one channel."""

    channel: str


class Every(msgspec.Struct, frozen=True):
    """A period."""

    minutes: int


class Worker(Declared, frozen=True, kw_only=True):
    """One function that events call."""

    on: Stream | Queue | Every


operations: dict[str, Operation] = {}
workers: dict[str, Worker] = {}


def load(address: str | None = None) -> None:
    """Import every file of every domain, or only the one that `address` names (`profile.read_profile`)."""
    if address:
        importlib.import_module(f"chalicelib.{address}")
        return
    root = Path(__file__).parent.parent
    for file in sorted(root.glob("*/*.py")):
        if file.parent.name != "kit" and file.stem not in _SHARED_FILES:
            importlib.import_module(f"chalicelib.{file.parent.name}.{file.stem}")
