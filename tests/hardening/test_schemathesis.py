"""An outside tool makes requests from the cabinet's own description, and judges each answer by it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from infra.openapi import describe

ROOT = Path(__file__).parents[2]
LONGEST = 3000  # seconds; a quiet machine takes a fifth
SEEDS = (20261122, 20261125, 20261126)  # a walk may end early; walks of several beginnings reach further
LEAST_WALKED = 15


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def cabinet() -> Iterator[tuple[str, str]]:
    """Run the local cabinet with its clerk; it has to end cleanly."""
    url, clerk = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    ports = {"PORT": url.rpartition(":")[2], "CLERK_PORT": clerk.rpartition(":")[2]}
    command = [sys.executable, "tests/hardening/cabinet.py"]
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ | ports, stdout=subprocess.DEVNULL)
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=2):
            break
        time.sleep(0.1)
    yield url, clerk
    running.terminate()
    assert running.wait(30) == 0


def run(url: str, clerk: str, folder: Path, *phases: str, seed: int, only: set[str] | None = None) -> None:
    """Run phases of the tool with all checks, on all operations or some; fails when anything is wrong."""
    schema = describe()
    if only is not None:
        schema["paths"] = {
            path: {method: one for method, one in methods.items() if one["operationId"] in only}
            for path, methods in schema["paths"].items()
        }
    (folder / "openapi.json").write_text(json.dumps(schema), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/hardening/schemathesis.toml", "run"]
    command += [str(folder / "openapi.json"), "--url", url, "--phases", ",".join(phases)]
    command += ["--seed", str(seed)]
    command += ["--report", "ndjson", "--report-ndjson-path", str(folder / "events.ndjson")]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"CLERK_URL": clerk, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def scenarios(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what was recorded: cases, their answers, and which led to which."""
    for line in (folder / "events.ndjson").read_text("utf-8").splitlines():
        finished: dict[str, Any] = json.loads(line).get("ScenarioFinished", {})
        if finished.get("recorder"):
            yield finished["recorder"]


def name_of(case: dict[str, Any]) -> str:
    """Return method and path of a recorded case."""
    return f"{case['value']['method']} {case['value']['path']}"


@pytest.mark.proof
def test_every_answer_is_what_the_description_promises(cabinet: tuple[str, str], tmp_path: Path) -> None:
    """No failure in thousands of requests, right ones and wrong ones; every operation also succeeds."""
    begun = time.monotonic()
    run(*cabinet, tmp_path, "examples", "coverage", "fuzzing", seed=SEEDS[0])
    came = [
        (name_of(one["cases"][number]), exchange["response"]["status_code"])
        for one in scenarios(tmp_path)
        for number, exchange in one.get("interactions", {}).items()
        if exchange.get("response")
    ]
    every = {f"{method.upper()} {path}" for path, methods in describe()["paths"].items() for method in methods}
    assert {operation for operation, status in came if 200 <= status < 300} >= every
    print(f"{len(came)} requests in {time.monotonic() - begun:.0f} s, 0 failures")  # noqa: T201 - the figures of this proof


@pytest.mark.proof
def test_walks_along_the_published_links_find_no_failure(cabinet: tuple[str, str], tmp_path: Path) -> None:
    """What one answer gives is put into the next request, by one and the same person."""
    begun, paths = time.monotonic(), describe()["paths"]
    links = {
        one["operationId"]: {target for answer in one["responses"].values() for target in answer.get("links", ())}
        for methods in paths.values()
        for one in methods.values()
    }
    linked = {name for name, targets in links.items() if targets}.union(*links.values())
    found = []
    for seed in SEEDS:
        run(*cabinet, tmp_path, "stateful", seed=seed, only=linked)
        found += list(scenarios(tmp_path))
    walked = {
        (name_of(one["cases"][case["parent_id"]]), name_of(case))
        for one in found
        for case in one.get("cases", {}).values()
        if case.get("is_transition_applied")
    }
    assert len(walked) >= LEAST_WALKED
    requests = sum(len(one.get("interactions", {})) for one in found)
    seconds = time.monotonic() - begun
    print(f"{requests} requests in {seconds:.0f} s, {len(walked)} links walked, 0 failures")  # noqa: T201 - see above
