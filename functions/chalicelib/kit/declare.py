"""The decorators with which a file declares its operation or worker."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from chalicelib.kit.access import Relation, Role
from chalicelib.kit.catalogue import (
    Declared,
    Every,
    Get,
    Operation,
    Outside,
    Queue,
    Stream,
    Touch,
    Uses,
    Worker,
    operations,
    workers,
)
from chalicelib.kit.outbox import Effect
from chalicelib.kit.problem import Refusal
from chalicelib.kit.tables import Table

F = TypeVar("F", bound=Callable[..., Any])


def operation(  # noqa: PLR0913 - the parts of a declaration, described in CONTRIBUTING.md
    route: str,
    *,
    allow: Mapping[Role, Relation] | None = None,
    public: bool = False,
    claimed: bool = False,
    unsettled: bool = False,
    fresh: bool = False,
    full: bool = False,
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
            unsettled=unsettled,
            fresh=fresh or full,
            full=full,
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
