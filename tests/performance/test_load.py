"""The local cabinet under a bounded load keeps every promise; its speed is moto's and this machine's, not AWS's."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import papers
import pytest
from conftest import World
from performance.published import publish

CONNECTIONS = 16
PEOPLE_EACH = 4  # so that nobody comes near the limit of calls a minute
SECONDS = 30


@pytest.mark.proof
def test_under_load_nothing_is_lost_doubled_or_refused(world: World, tmp_path: Path) -> None:
    """Every answer is a success; versions count the changes, journals the calls, each once."""
    from chalicelib.kit import catalogue
    from infra.local.backstage import Backstage
    from infra.local.server import Front, Server

    people = [papers.doctor(world) for _ in range(CONNECTIONS * PEOPLE_EACH)]
    made = [{"person_id": one.person_id, "token": one.token, "version": 1, "calls": 0} for one in people]
    groups = [made[begin : begin + PEOPLE_EACH] for begin in range(0, len(made), PEOPLE_EACH)]
    assert catalogue.operations["read_session"].path == "/v1/sessions/current"
    server = Server(Front(tmp_path))
    server.start()
    try:
        behind = Backstage(pump=world.pump, systems={}, people=list, registered=bool)
        server._server.app.open(world.client.app, behind)  # type: ignore[attr-defined] # the front behind it
        command = [sys.executable, str(Path(__file__).parent / "load.py"), str(server.port), str(SECONDS)]
        done = subprocess.run(
            command, input=json.dumps(groups), capture_output=True, text=True, check=True, timeout=240
        )
    finally:
        server.stop()
    told = json.loads(done.stdout)
    assert set(told["statuses"]) == {200}
    by_id = {one.person_id: one for one in people}
    for person in told["people"]:
        held = by_id[person["person_id"]]
        assert papers.profile(held).version == person["version"] > 1
        called = [one for one in papers.acts(held) if one.kind != "session.moved"]  # the first call came from here
        assert len(called) == len({one.trace_id for one in called}) == person["calls"]
        assert {one.outcome for one in called} == {"done"}
    cuts = statistics.quantiles(told["seconds"], n=100)
    spread = [f"{cuts[place] * 1000:.0f}" for place in (49, 94, 98)]
    answered = len(told["statuses"])
    row = [CONNECTIONS, answered, f"{answered / told['lasted']:.0f}", *spread, 0]
    publish("load", ("connections", "requests", "a second", "p50 ms", "p95 ms", "p99 ms", "errors"), [row])
