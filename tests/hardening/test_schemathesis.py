"""An outside tool makes requests from the cabinet's own description, and judges each answer by it."""

import json
import os
import re
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


def run(url: str, clerk: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the tool in its four phases, with all checks."""
    schema = folder / "openapi.json"
    schema.write_text(json.dumps(describe()), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/hardening/schemathesis.toml", "run"]
    where = [str(schema), "--url", url, "--report", "ndjson", "--report-ndjson-path", str(folder / "events.ndjson")]
    return subprocess.run(
        [*command, *where],
        cwd=ROOT,
        env=os.environ | {"CLERK_URL": clerk, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def answers(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield phase, operation and status of each answer that came."""
    for line in (folder / "events.ndjson").read_text("utf-8").splitlines():
        finished: dict[str, Any] = json.loads(line).get("ScenarioFinished", {})
        recorder = finished.get("recorder") or {}
        for name, exchange in recorder.get("interactions", {}).items():
            case = recorder["cases"][name]["value"]
            if exchange.get("response"):
                yield finished["phase"], f"{case['method']} {case['path']}", exchange["response"]["status_code"]


@pytest.mark.proof
def test_every_answer_is_what_the_description_promises(cabinet: tuple[str, str], tmp_path: Path) -> None:
    """No failure in thousands of requests, right ones and wrong ones; every operation succeeds, and links are walked."""
    begun = time.monotonic()
    done = run(*cabinet, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    came = list(answers(tmp_path))
    paths = describe()["paths"]
    every = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {operation for _, operation, status in came if 200 <= status < 300} >= every
    assert {phase for phase, _, _ in came} >= {"examples", "coverage", "fuzzing", "stateful"}
    walked = re.search(r"API Links: +(\d+) covered", done.stdout)
    assert walked is not None
    assert int(walked[1]) >= 20
    print(f"{len(came)} requests in {time.monotonic() - begun:.0f} s, {walked[1]} links walked, 0 failures")  # noqa: T201 - the figures of this proof
