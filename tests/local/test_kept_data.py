"""The second engine as a program: it listens here alone, is never left behind, and keeps data between runs."""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pyotp
import pytest

from chalicelib.kit import aws
from infra.local.demo import PASSWORD
from infra.local.engine import CannotStart
from infra.local.ministack import HOST, Ministack

pytestmark = pytest.mark.proof
ROOT = Path(__file__).resolve().parents[2]
LOGIN = "zaozerov_ve"


def test_only_this_machine_can_speak_with_it() -> None:
    """It listens on 127.0.0.1 alone, and its port is closed and its files are gone when it is left."""
    with Ministack() as started:
        url = os.environ["CABINET_DYNAMODB_ENDPOINT"]
        port = int(url.rpartition(":")[2])
        listening = Path("/proc/net/tcp").read_text().split("\n") + Path("/proc/net/tcp6").read_text().split("\n")
        places = {one.split()[1] for one in listening if f":{port:04X} " in one[:45] and one.split()[3] == "0A"}
        assert places == {f"0100007F:{port:04X}"}
        assert started.take_sent() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=1)
    assert "CABINET_DYNAMODB_ENDPOINT" not in os.environ


def test_data_written_by_halves_are_told_in_one_sentence(tmp_path: Path) -> None:
    """Tables without their key would open nothing."""
    with Ministack(folder=tmp_path / "data"):
        pass
    (tmp_path / "data/state/kms.json").unlink()
    with pytest.raises(CannotStart, match="записаны не полностью"), Ministack(folder=tmp_path / "data"):
        pass
    assert (tmp_path / "data/state/dynamodb.json").exists()


def test_objects_with_all_their_versions_are_kept(tmp_path: Path) -> None:
    """And the bucket still locks what is written into it."""
    name, place = {"Bucket": "seals-of-a-test"}, {"LocationConstraint": "eu-central-1"}
    with Ministack(folder=tmp_path / "data"):
        s3 = aws.client("s3")
        s3.create_bucket(**name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=place)
        first = s3.put_object(**name, Key="a", Body=b"1")["VersionId"]
        s3.put_object(**name, Key="a", Body=b"2")
    with Ministack(folder=tmp_path / "data"):
        s3 = aws.client("s3")
        assert s3.get_object(**name, Key="a")["Body"].read() == b"2"
        assert s3.get_object(**name, Key="a", VersionId=first)["Body"].read() == b"1"
        locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": "2099-01-01T00:00:00Z"}
        third = s3.put_object(**name, Key="a", Body=b"3", **locked)["VersionId"]
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            s3.delete_object(**name, Key="a", VersionId=third)


class Cabinet:
    """A running cabinet on the second engine."""

    def __init__(self, data: str) -> None:
        with closing(socket.socket()) as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.cabinet"],
            cwd=ROOT,
            env=os.environ | {"PORT": str(self.port), "ENGINE": "ministack", "DATA": data},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        self.token = ""

    def await_ready(self) -> None:
        """Read what it says until it says how it is stopped."""
        assert self.process.stdout is not None
        while "Остановить" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read() if self.process.stderr else ""
            self.said += line

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, str | None]:
        """Call an operation; returns the status, the body and the entity tag."""
        sent = {"Idempotency-Key": secrets.token_urlsafe(24)} | headers
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        with closing(http.client.HTTPConnection("localhost", self.port, timeout=30)) as line:
            line.request(method, path, None if body is None else json.dumps(body), sent)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read() or b"null"), answer.headers["ETag"]

    def sign_in(self) -> None:
        """Sign in as the demonstration's doctor."""
        found = re.search(rf"{LOGIN} .* (\w+)$", self.said, re.MULTILINE)
        assert found is not None
        _, flow, _ = self.call("POST", "/v1/sign_in/flows", {"login": LOGIN})
        checked = {"ticket": flow["ticket"], "password": PASSWORD}
        _, flow, _ = self.call("POST", "/v1/sign_in/password_checks", checked)
        _, now, _ = self.call("POST", "/_local/clock", {"advance_seconds": 0})
        code = pyotp.TOTP(found.group(1)).at(int(time.mktime(time.strptime(now["now"], "%Y-%m-%dT%H:%M:%SZ"))))
        proved = {"ticket": flow["ticket"], "kind": "totp", "code": code}
        status, opened, _ = self.call("POST", "/v1/sign_in/sessions", proved)
        assert status == 201, opened
        self.token = opened["token"]


@contextmanager
def cabinet(data: Path | str = "") -> Iterator[Cabinet]:
    """Run a cabinet, end it by SIGTERM; it has to end cleanly."""
    running = Cabinet(str(data))
    try:
        running.await_ready()
        yield running
        running.process.send_signal(signal.SIGTERM)
        _, complaints = running.process.communicate(timeout=60)
        assert (running.process.returncode, complaints) == (0, "")
    finally:
        running.process.kill()
        running.process.communicate()


def test_a_change_is_found_again_after_a_restart(tmp_path: Path) -> None:
    """Session, profile, demonstration and clock go on; the demonstration is not made a second time."""
    with cabinet(tmp_path / "data") as first:
        first.call("POST", "/_local/clock", {"advance_seconds": 86400})
        first.sign_in()
        _, _, tag = first.call("GET", "/v1/profile")
        status, changed, _ = first.call("PATCH", "/v1/profile", {"speciality": "Хирургия"}, **{"If-Match": str(tag)})
        assert (status, changed["speciality"]) == (200, "Хирургия")
        _, before, _ = first.call("POST", "/_local/clock", {"advance_seconds": 0})
    with cabinet(tmp_path / "data") as second:
        people = re.compile(r"^  \w+ — .*$", re.MULTILINE)
        assert people.findall(second.said) == people.findall(first.said)
        assert len(people.findall(second.said)) == 5
        second.token = first.token
        status, profile, _ = second.call("GET", "/v1/profile")
        assert (status, profile["speciality"]) == (200, "Хирургия")
        _, after, _ = second.call("POST", "/_local/clock", {"advance_seconds": 0})
        assert after["now"] >= before["now"]
        second.token = ""
        second.call("POST", "/_local/clock", {"advance_seconds": 60})
        second.sign_in()


def test_without_a_folder_all_is_forgotten() -> None:
    """The next run has other keys, so an old session is none."""
    with cabinet() as first:
        first.sign_in()
    with cabinet() as second:
        second.token = first.token
        status, refused, _ = second.call("GET", "/v1/profile")
        assert (status, refused["code"]) == (401, "session-ended")


def test_a_killed_cabinet_leaves_no_engine_and_keeps_its_data(tmp_path: Path) -> None:
    """The engine notices by itself, writes down what it holds, and lets the folder go only then."""
    running = Cabinet(str(tmp_path / "data"))
    running.await_ready()
    running.process.kill()
    running.process.communicate()
    until = time.monotonic() + 60
    while time.monotonic() < until and not (tmp_path / "data/state/dynamodb.json").exists():
        time.sleep(0.1)

    def started_again() -> str:
        with cabinet(tmp_path / "data") as again:
            return again.said

    said = eventually(started_again)
    people = re.compile(r"^  \w+ — .*$", re.MULTILINE)
    assert people.findall(said) == people.findall(running.said)
    children = [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in environ(one.parent)]
    assert children == []


def eventually(act: Callable[[], str]) -> str:
    """Try again while the folder is still held."""
    for _ in range(20):
        with suppress(AssertionError):
            return act()
        time.sleep(0.5)
    return act()


def environ(process: Path) -> bytes:
    """Return the environment of a process, nothing when it is gone."""
    with suppress(OSError):
        return (process / "environ").read_bytes()
    return b""
