"""Write the descriptions of AWS's services that functions read at a cold start, without what no function reads.

botocore's own files hold the documentation of every parameter and the endpoints of 400 services: parsing them takes a tenth
of a cold start. botocore looks in the folder that AWS_DATA_PATH names first, and in its own for what is not there.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from botocore import loaders

# The calls that functions make, of the services that every function knows; the tests fail at a call that is not here.
# Of other services all calls are kept.
CALLS: Final = {
    "dynamodb": frozenset(
        {
            *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"),
            *("TransactGetItems", "TransactWriteItems"),
        }
    ),
    "kms": frozenset({"Decrypt", "Encrypt", "GenerateDataKey", "GetPublicKey", "Sign"}),
}
_MODEL: Final = "service-2"


def write(folder: Path, services: Iterable[str]) -> None:
    """Write the models of services and where they are found in each region into `folder`, laid out as botocore's data."""
    loader = loaders.Loader()
    prefixes = set()
    for service in sorted(services):
        version = loader.determine_latest_version(service, _MODEL)
        model = _silent(loader.load_service_model(service, _MODEL, version))
        prefixes.add(model["metadata"]["endpointPrefix"])
        if service in CALLS:
            model = _only(model, CALLS[service])
        _put(folder / service / version / f"{_MODEL}.json", model)
    endpoints = loader.load_data("endpoints")
    for partition in endpoints["partitions"]:
        partition["services"] = {name: one for name, one in partition["services"].items() if name in prefixes}
    _put(folder / "endpoints.json", endpoints)


def _silent(model: Any) -> Any:
    """Empty the texts; botocore asks for some of them by name, and a member called `documentation` is no text."""
    if isinstance(model, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else _silent(value)
            for key, value in model.items()
        }
    return [_silent(one) for one in model] if isinstance(model, list) else model


def _only(model: dict[str, Any], calls: frozenset[str]) -> dict[str, Any]:
    """Keep some calls and the shapes that they speak of."""
    operations = {name: model["operations"][name] for name in sorted(calls)}
    kept, waiting = set[str](), [*_named(operations)]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += _named(model["shapes"][name])
    shapes = {name: shape for name, shape in model["shapes"].items() if name in kept}
    return model | {"operations": operations, "shapes": shapes}


def _named(part: Any) -> Iterator[str]:
    """Yield the shapes that a part of a model refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        part = [*part.values()]
    if isinstance(part, list):
        for one in part:
            yield from _named(one)


def _put(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
