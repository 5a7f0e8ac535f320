"""The local cabinet as a program of its own, as a newcomer starts it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

from conftest import ROOT


@contextlib.contextmanager
def running_cabinet() -> Iterator[str]:
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
    try:
        yield url
    finally:
        running.send_signal(signal.SIGINT)
        _, complaints = running.communicate(timeout=20)
    assert (running.returncode, complaints) == (0, b"")
