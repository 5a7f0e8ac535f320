"""What the tests of the seals share: evidence as people and the operator take it, and the verifier's word on it."""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import make
import papers
import pytest
import trips
from conftest import World

from chalicelib.kit import aws, clock, jobs, settings
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals.rules import leaf_hash, place_of
from chalicelib.seals.tables import CHAIN, JournalLeaf, SealHead, SealNode
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


def judge(files: Files, trusted: Any, at: float, locked: Any = None, *options: str) -> tuple[int, str]:
    """Run the verifier; returns its code and what it says, of a whole journal nothing."""
    code, said = hear(files, trusted, at, locked, *options)
    return code, said if code else ""


def hear(files: Files, trusted: Any, at: float, locked: Any = None, *options: str) -> tuple[int, str]:
    """Run the verifier on files taken at a moment, with trusted keys and, if given, the bucket's seals."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, tree in files.items():
            values = tree if isinstance(tree, list) else [tree]
            write(place / f"files/{name}.jsonl", "\n".join(json.dumps(one) for one in values))
        (place / "files").mkdir(exist_ok=True)
        write(place / "keys.json", json.dumps(trusted))
        command = [str(place / "files"), "--keys", str(place / "keys.json"), "--at", moment(at), *options]
        if locked is not None:
            for number, one in enumerate(locked):
                write(place / f"seals/{number:03d}.json", json.dumps(one))
            (place / "seals").mkdir(exist_ok=True)
            command += ["--seals", str(place / "seals")]
        said = io.StringIO()
        with redirect_stdout(said):
            code = verify_journal.main(command)
    return code, said.getvalue()


def write(path: Path, text: str) -> None:
    """Write a file, with its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def moment(at: float) -> str:
    """Write a moment as exactly as it is."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def judge_now(world: World, files: Files, trusted: Any = None) -> tuple[int, str]:
    """Run the verifier on files of this moment, with the published keys unless told otherwise, a dump with the bucket."""
    locked = list(published().values()) if "dump" in files else None
    return judge(files, trusted or keys(world), clock.now().timestamp(), locked)


def published() -> dict[str, Any]:
    """Return the seals that lie in the bucket, by name."""
    s3, place = aws.client("s3"), {"Bucket": settings.seals_bucket()}
    names = [one["Key"] for one in s3.list_objects_v2(**place).get("Contents", [])]
    return {name: json.loads(s3.get_object(**place, Key=name)["Body"].read()) for name in names}


def alarms(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the alarms that were written to the log since the last look."""
    lines = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one.startswith("{")]
    return [one for one in lines if one["event"] == "journal-tampered"]


def hourly(world: World, capsys: pytest.CaptureFixture[str], later: int = 2 * 3600) -> list[tuple[str, Any]]:
    """Run the hourly jobs some time later; returns their alarms: the state, and the record's or the seal's number."""
    drain(world)
    alarms(capsys)
    clock.advance(later)
    for name in ("reconcile_journal", "compare_seals"):
        run(name)
    return [(one["state"], one["record"] or one["seal"]) for one in alarms(capsys)]


def lose(world: World, worker: make.Person, acts: int) -> list[str]:
    """Let a worker act and lose the stream; returns the numbers of the records."""
    before = {one.record_id for one in papers.acts(worker)}
    for _ in range(acts):
        world.client.call("read_profile", by=worker)
    forget_stream(world)
    return [one.record_id for one in papers.acts(worker) if one.record_id not in before]


def forget_stream(world: World) -> None:
    """Let nobody hear what was done to the journal's table."""
    world.engine.take_stream(JournalRecord.Meta.table_name)


@contextmanager
def without_bucket() -> Iterator[None]:
    """Have the bucket of the seals out of reach."""
    with patch.dict(os.environ, CABINET_SEALS_BUCKET="cabinet-dev-seals-000000000000"):
        yield


def cut_an_end(worker: make.Person, kept: int) -> None:
    """Cut a worker's journal in the tables as its owner could, but without the signing key and the bucket.

    Of his records, links and the end of his chain only the first `kept` are left.
    """
    links = list(JournalLeaf.of_person(worker.person_id).run(None, None))
    for one in links[kept:]:
        one.delete()
        JournalRecord.get(one.person_id, one.record_id).delete()
    last = json.loads(links[kept - 1].text)
    place = SealNode.bucket(*place_of(last["owner"]))
    node = SealNode.get(place)
    node.entries[last["owner"]] = [last["number"], leaf_hash(links[kept - 1].text), last["kept_until"]]
    node.save()
