"""The local cabinet under a bounded load keeps every promise; its speed is moto's and this machine's, not AWS's."""

import json
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import make
import papers
import pytest
from conftest import World
from performance.published import publish

CONNECTIONS = 16
PEOPLE_EACH = 4  # 64 sign-ins of four calls come near the 300 public calls a minute of one address, and stay below
SECONDS = 60
SIGN_IN = ("start_sign_in", "check_password", "send_sign_in_code", "finish_sign_in")
WORK = ("read_profile", "list_acts", "read_session", "change_profile")
Answer = tuple[str, float, int]


@pytest.mark.proof
def test_under_load_nothing_is_lost_doubled_or_refused(world: World, tmp_path: Path) -> None:
    """Every answer is a success; everybody signs in once; versions count the changes, journals the calls, each once."""
    people = [papers.doctor(world, signed_in=False) for _ in range(CONNECTIONS * PEOPLE_EACH)]
    told = _loaded(world, tmp_path, people)
    operations = _operations()
    assert [one for one in told["answers"] if one[2] != operations[one[0]][2]] == []
    by_id = {one.person_id: one for one in people}
    for person in told["people"]:
        held, calls = by_id[person["person_id"]], Counter(person["calls"])
        assert {calls[name] for name in SIGN_IN} == {1}
        assert papers.profile(held).version == person["version"] == 1 + calls["change_profile"] > 1
        acts = [one for one in papers.acts(held) if one.operation in (*WORK, "finish_sign_in")]
        assert Counter(one.operation for one in acts) == {name: calls[name] for name in (*WORK, "finish_sign_in")}
        assert len(acts) == len({one.trace_id for one in acts})
        assert {one.outcome for one in acts} == {"done"}
    _publish(told["answers"], told["lasted"])


def _operations() -> dict[str, tuple[str, str, int]]:
    from chalicelib.kit import catalogue

    found = {name: catalogue.operations[name] for name in (*SIGN_IN, *WORK)}
    return {name: (one.method, one.path, one.status) for name, one in found.items()}


def _loaded(world: World, folder: Path, people: list[make.Person]) -> Any:
    """Put the local server before the cabinet, as `make run` does, and let the client loose on it."""
    from infra.local.backstage import Backstage
    from infra.local.server import Front, Server

    front = Front(folder)
    front.open(world.client.app, Backstage(pump=world.pump, systems={}, people=list, registered=bool))
    made = [
        {"person_id": one.person_id, "login": one.login, "phone": one.phone, "password": make.PASSWORD}
        | {"token": "", "version": 1, "calls": []}
        for one in people
    ]
    groups = [made[begin : begin + PEOPLE_EACH] for begin in range(0, len(made), PEOPLE_EACH)]
    given = json.dumps({"operations": _operations(), "groups": groups})
    server = Server(front)
    server.start()
    world.pump.start()
    try:
        command = [sys.executable, str(Path(__file__).parent / "load.py"), str(server.port), str(SECONDS)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=SECONDS * 5)
    finally:
        world.pump.stop()
        server.stop()
    assert done.stderr == ""
    return json.loads(done.stdout)


def _publish(answers: list[Answer], lasted: float) -> None:
    rows = [_row(name, [one for one in answers if one[0] == name]) for name in (*SIGN_IN, *WORK)]
    heads = ("operation", "requests", "p50 ms", "p95 ms", "p99 ms", "errors")
    said = f"{CONNECTIONS} connections, {lasted:.0f} seconds, {len(answers) / lasted:.0f} requests a second."
    publish("load", heads, [*rows, _row("all", answers)], said)


def _row(name: str, answers: list[Answer]) -> list[object]:
    cuts = statistics.quantiles([seconds for _, seconds, _ in answers], n=100, method="inclusive")
    failed = sum(status >= 400 for _, _, status in answers)
    return [name, len(answers), *(f"{cuts[place] * 1000:.0f}" for place in (49, 94, 98)), failed]
