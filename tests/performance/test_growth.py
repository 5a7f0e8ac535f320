"""A list reads as much of a long history as of a short one, and as much in a full cabinet as in an empty one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from performance import growth
from performance.published import publish

MOST_GROWTH = 1.1
LONGEST = 3600  # seconds; the engine is filled with 10^5 items of an owner and of others, table by table
Row = dict[str, Any]


def growths(row: Row) -> dict[str, float]:
    """Return how many times more is read, of items or of bytes, where it is worst: among others, and in a long list."""
    return {
        kind: max(
            new / old
            for page in ("first", "middle")
            for new, old in zip(row[kind][page], row["alone"][page], strict=True)
        )
        for kind in ("among", "long")
    }


def faults(rows: list[Row]) -> list[str]:
    """Say which list reads more as the table grows."""
    return [
        f"{row['title']} reads {ratio:.2f} times as much ({kind})."
        for row in rows
        for kind, ratio in growths(row).items()
        if ratio > MOST_GROWTH
    ]


def lists() -> dict[str, set[tuple[str, str | None]]]:
    """Return the operations that give a list by pages, each with the tables and indexes that it says it queries."""
    from chalicelib.kit import catalogue

    return {
        one.name: {(touch.model.Meta.table_name, touch.index) for touch in one.reads if touch.action == "Query"}
        for one in catalogue.operations.values()
        if "cursor" in getattr(one.query, "__struct_fields__", ())
        or "next_cursor" in getattr(one.answer, "__struct_fields__", ())
    }


def test_every_list_and_every_way_to_ask_it_is_measured(world: World) -> None:
    """A new list needs a case and a filler; a new index needs a case."""
    assert {case.operation for case in growth.CASES} == set(lists())


@pytest.mark.proof
def test_no_list_reads_more_as_its_table_grows(world: World) -> None:
    """With 10^2 and 10^5 items of one owner, and with 10^2 and 10^5 other owners, on the first page and in the middle."""
    command = [sys.executable, str(Path(growth.__file__))]
    done = subprocess.run(command, cwd=growth.ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=LONGEST)
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines() if '"title"' in line]
    assert sorted(row["title"] for row in rows) == sorted(one.title for one in growth.CASES)
    read: dict[str, set[tuple[str, str | None]]] = {}
    for row in rows:
        read.setdefault(row["title"].split()[0], set()).update(map(tuple, row["long"]["read"]))
    assert read == lists()
    heads = ("list", "items and bytes, short list alone", "short among 10^5 others", "long", "worst ratio")
    publish("growth", heads, [_line(row) for row in sorted(rows, key=lambda row: str(row["title"]))])
    assert faults(rows) == []


def _line(row: Row) -> list[str]:
    shown = [
        " / ".join("{} · {:,}".format(*row[kind][page]) for page in ("first", "middle"))
        for kind in ("alone", "among", "long")
    ]
    return [f"`{row['title']}`", *shown, f"{max(growths(row).values()):.3f}"]


def test_a_growing_list_is_noticed() -> None:
    """One item or byte more than a tenth is a fault, in either way of growing; a tenth is none."""
    alone = {"first": [100, 1000], "middle": [100, 1000]}
    same = {"title": "a", "alone": alone, "among": alone, "long": {"first": [110, 1000], "middle": [100, 1000]}}
    assert faults([same]) == []
    assert len(faults([same | {"long": {"first": [100, 1000], "middle": [100, 1101]}}])) == 1
    assert len(faults([same | {"among": {"first": [111, 1000], "middle": [100, 1000]}}])) == 1
