"""Declared rights against used ones, judged when a whole run has ended, however many processes shared it."""

from collections.abc import Iterable, Mapping
from typing import Any

from trips import PREFIX, Right

from chalicelib.kit import catalogue
from chalicelib.kit.catalogue import Declared
from infra.templates.rights import kit_touches

CACHED = {Right("Query", "setting", None)}  # read once a minute for all, by whoever comes first


def wrong_rights(declared: set[Right], kit: set[Right], used: set[Right], name: str) -> list[str]:
    """Compare what is declared with what was really called, both ways; the kit's own rights need not all be met."""
    stray = [
        f"{name} calls {'/'.join(filter(None, one))} without declaring it."
        for one in sorted(used - declared - kit, key=str)
    ]
    idle = [
        f"{name} declares {'/'.join(filter(None, one))} and never calls it."
        for one in sorted(declared - used - CACHED, key=str)
    ]
    return stray + idle


def rights(touches: Any) -> set[Right]:
    """Write touches as the rights they give."""
    return {Right(one.action, one.model.Meta.table_name.removeprefix(PREFIX), one.index) for one in touches}


def faults_of(used: Mapping[str, Iterable[Right]]) -> list[str]:
    """Say where an operation or worker did not call exactly what it declares (and what the kit does for it)."""
    everything: list[Declared] = [*catalogue.operations.values(), *catalogue.workers.values()]
    return [
        fault
        for one in everything
        for fault in wrong_rights(rights(one.touches), rights(kit_touches(one)), set(used.get(one.name, ())), one.name)
    ]
