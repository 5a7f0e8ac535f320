"""What the tests of the seals share: evidence as people and the operator take it, and the verifier's word on it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import make
import papers
import pytest
import trips
from conftest import World

from chalicelib.kit import aws, clock, jobs, settings
from chalicelib.seals.tables import CHAIN, SealHead
from infra import dump_journal, verify_journal

Files = dict[str, Any]


def doctor(world: World, acts: int = 3) -> make.Person:
    """Make a worker with so many sealed acts."""
    worker = papers.doctor(world)
    act(world, worker, acts)
    return worker


def act(world: World, worker: make.Person, acts: int = 1) -> None:
    """Let a worker do something, and have it sealed."""
    for _ in range(acts):
        assert world.client.call("read_profile", by=worker).status == 200
    drain(world)


def drain(world: World) -> None:
    """Let all workers run; none may fail."""
    before = len(world.pump.failures)
    assert world.pump.drain()
    assert len(world.pump.failures) == before, world.pump.failures[-1]


def run(name: str, event: dict[str, Any] | None = None) -> None:
    """Run a worker on an event, under its name."""
    mark = trips.current.set(name)
    try:
        jobs.handle(name, event or {})
    finally:
        trips.current.reset(mark)


def own(world: World, worker: make.Person) -> Files:
    """Take a person's evidence in the order that the help names: proof, leaves, records."""
    return {
        "proof": said(world.client.call("read_own_proof", by=worker)),
        "leaves": pages(world, worker, "list_own_leaves"),
        "records": pages(world, worker, "list_own_records"),
    }


def pages(world: World, worker: make.Person, name: str, limit: int = 100) -> Any:
    """Read all pages of a list into one."""
    items: list[Any] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = said(world.client.call(name, by=worker, query=query))
        items += page["items"]
        if page["next_cursor"] is None:
            return {"items": items}
        query["cursor"] = page["next_cursor"]


def said(answer: make.Answer) -> Any:
    """Return the body of a success."""
    assert answer.status == 200, answer.raw
    return answer.json


def dump() -> Files:
    """Take the operator's dump of everything."""
    head = SealHead.get(CHAIN, consistent_read=True)
    return {"dump": list(dump_journal.lines(int(head.number)))}


def keys(world: World) -> Any:
    """Read the published keys."""
    return said(world.client.call("list_seal_keys"))


def judge(files: Files, trusted: Any, at: float) -> tuple[int, str]:
    """Run the verifier on files taken at a moment, with trusted keys; returns its code and faults."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "files"
        place.mkdir()
        for name, tree in files.items():
            values = tree if isinstance(tree, list) else [tree]
            (place / f"{name}.jsonl").write_text("\n".join(json.dumps(one) for one in values), encoding="utf-8")
        trust = Path(folder) / "keys.json"
        trust.write_text(json.dumps(trusted), encoding="utf-8")
        try:
            found = verify_journal.load([place], at)
            faults = verify_journal.judge(found, verify_journal.load_keys([trust]))
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            return 2, repr(error)
    return (1 if faults else 0), "\n".join(faults)


def judge_now(world: World, files: Files, trusted: Any = None) -> tuple[int, str]:
    """Run the verifier on files of this moment, with the published keys unless told otherwise."""
    return judge(files, trusted or keys(world), clock.now().timestamp())


def published() -> dict[str, Any]:
    """Return the seals that lie in the bucket, by name."""
    s3, place = aws.client("s3"), {"Bucket": settings.seals_bucket()}
    names = [one["Key"] for one in s3.list_objects_v2(**place).get("Contents", [])]
    return {name: json.loads(s3.get_object(**place, Key=name)["Body"].read()) for name in names}


def alarms(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the alarms that were written to the log since the last look."""
    lines = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one.startswith("{")]
    return [one for one in lines if one["event"] == "journal-tampered"]
