"""README's own lines are run against a running cabinet, as a newcomer would."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def cabinet() -> Iterator[str]:
    """Run the local cabinet on a free port; it has to end cleanly."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.local.cabinet"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            if answer.status == 200:
                break
        time.sleep(0.1)
    yield url
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=20)
    assert (running.returncode, complaints) == (0, b"")


def test_the_first_five_minutes_work_as_written(cabinet: str) -> None:
    """Registration to sign-out by README's curl lines: three check results, a PDF, and a dead token at the end."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```bash\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    pdf = ROOT / "build/confirmation.pdf"
    pdf.unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", "-c", found.group(1)],
        cwd=ROOT,
        env={**os.environ, "CABINET": cabinet},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    results = re.findall("Ошибка ввода$|Требуется уточнение$|Данные подтверждены$", done.stdout, re.MULTILINE)
    assert results == ["Ошибка ввода", "Требуется уточнение", "Данные подтверждены"]
    assert done.stdout.rstrip().endswith("session-ended")
    assert "Электронное подтверждение данных" in PdfReader(pdf).pages[0].extract_text()
