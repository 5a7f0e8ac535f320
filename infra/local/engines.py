"""Which engine stands in the place of AWS, as `make` was told: `ENGINE=moto` or nothing, `ENGINE=ministack DATA=…`."""

import os
from collections.abc import Mapping
from pathlib import Path

from infra.local.engine import CannotStart, Engine
from infra.local.ministack import Ministack


def choose(keys: Mapping[str, str] | None = None, **environment: str) -> Engine:
    """Return the engine that the environment names, not started yet; CannotStart when there is none such."""
    name, data = os.environ.get("ENGINE") or Engine.name, os.environ.get("DATA")
    if name == Ministack.name:
        return Ministack(keys, Path(data).expanduser() if data else None, **environment)
    if name != Engine.name:
        raise CannotStart(f"Движка «{name}» нет. В ENGINE можно указать {Engine.name} или {Ministack.name}.")
    if data:
        raise CannotStart(f"Данные хранит только движок {Ministack.name}: make run ENGINE={Ministack.name} DATA={data}")
    return Engine(keys, **environment)
