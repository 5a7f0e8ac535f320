"""The links of OpenAPI: which answer of one operation is what another asks for."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

import msgspec

from chalicelib.kit.catalogue import Operation

_TAG: Final = {"If-Match": "$response.header.ETag"}


def links_of(operation: Operation, others: Iterable[Operation], tagged: frozenset[str]) -> dict[str, Any]:
    """Return the links of an operation's success, by the name of the operation that they lead to.

    A link leads to what some role of the caller may do. It fills the one parameter of a path from the answer's field
    of that name, at the top or in the first of `items`, and If-Match from the ETag where both answer with the same
    view; `tagged`: who gives an ETag.
    """
    found = {}
    for other in others:
        if other is operation or not operation.allow.keys() & other.allow.keys():
            continue
        filled = _filled(operation, other)
        if other.path_names and not filled:
            continue
        tag = _TAG if other.match and operation.name in tagged and operation.answer is other.answer else {}
        if filled or tag:
            found[other.name] = {"operationId": other.name, "parameters": filled | tag, "description": other.sentence}
    return found


def _filled(operation: Operation, other: Operation) -> dict[str, str]:
    """Return where the path parameter of another operation can be had: in the answer, or in the address just read."""
    if len(other.path_names) != 1:
        return {}
    (name,) = other.path_names
    if name in operation.path_names:
        return {name: f"$request.path.{name}"} if operation.method == "GET" else {}
    place = next((one for one in _places(operation.answer) if one.split("/")[-1] == name), None)
    return {name: f"$response.body#/{place}"} if place else {}


def _places(answer: object) -> Iterator[str]:
    """Yield the JSON pointers of an answer's fields, those of the items of a list last."""
    for name, kind in _fields(answer).items():
        yield name
        if name == "items":
            yield from (f"items/0/{inner}" for part in get_args(kind) for inner in _fields(part))


def _fields(kind: object) -> dict[str, Any]:
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
