"""The choice of an engine, and the folder of its data: what cannot be used is refused in one sentence."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kit import aws, clock
from infra.local.data import LOCK, MARK, OBJECTS, STATE, Data
from infra.local.engine import CannotStart, Engine
from infra.local.engines import choose
from infra.local.ministack import Ministack

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = {"Resources": {"Thing": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture(autouse=True)
def real_time() -> Iterator[None]:
    """Begin and end by the machine's clock."""
    clock.reset()
    yield
    clock.reset()


def opened(folder: Path, template: dict[str, Any] | None = None, tools: bytes = b"1") -> Data:
    """Open a folder."""
    return Data(folder, template or TEMPLATE, tools)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def filled(folder: Path) -> Path:
    """Make a folder in which a run has kept something."""
    data = opened(folder)
    (folder / STATE).parent.mkdir()
    (folder / STATE).write_text("{}")
    data.close()
    return folder


def test_without_a_word_moto_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty ENGINE means the same as none."""
    monkeypatch.delenv("DATA", raising=False)
    for name in ("", "moto"):
        monkeypatch.setenv("ENGINE", name)
        assert type(choose()) is Engine


def test_the_second_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a folder."""
    monkeypatch.setenv("ENGINE", "ministack")
    for data in ("", "somewhere"):
        monkeypatch.setenv("DATA", data)
        assert type(choose()) is Ministack


@pytest.mark.parametrize(
    ("engine", "data", "said"),
    [("dynalite", "", "Движка «dynalite» нет"), ("moto", "somewhere", "ENGINE=ministack DATA=somewhere")],
)
def test_a_wrong_choice_ends_the_program_with_one_sentence(engine: str, data: str, said: str) -> None:
    """The program ends with 2 and says what can be chosen."""
    ended = subprocess.run(
        [sys.executable, "-m", "infra.local.cabinet"],
        cwd=ROOT,
        env=os.environ | {"PORT": str(free_port()), "ENGINE": engine, "DATA": data},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_named_endpoint_is_where_calls_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service has a variable of its own; the others stay where they are."""
    monkeypatch.setenv("CABINET_DYNAMODB_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    aws.forget()
    try:
        assert aws.client("dynamodb").meta.endpoint_url == "http://127.0.0.1:1"
        assert "amazonaws.com" in aws.client("kms").meta.endpoint_url
    finally:
        aws.forget()


def test_a_new_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Keys stand in it, so nobody else may read it; nothing is kept yet."""
    folder = tmp_path / "deep" / "data"
    data = opened(folder)
    assert data.is_new
    assert folder.stat().st_mode & 0o077 == 0
    data.close()


def test_the_next_run_goes_on_and_its_clock_too(tmp_path: Path) -> None:
    """Time never runs back between runs."""
    folder = filled(tmp_path / "data")
    data = opened(folder)
    clock.advance(3600)
    data.close()
    clock.reset()
    before = clock.epoch()
    again = opened(folder)
    assert not again.is_new
    assert 3599 <= clock.epoch() - before <= 3602
    again.close()


def test_a_folder_serves_one_run_at_a_time(tmp_path: Path) -> None:
    """A second run is refused while the first lasts, and welcome after it."""
    first = opened(tmp_path / "data")
    with pytest.raises(CannotStart, match="уже работает другой кабинет"):
        opened(tmp_path / "data")
    first.close()
    opened(tmp_path / "data").close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """The sentence names it, and the file stays as it was."""
    (tmp_path / "data").write_text("mine")
    with pytest.raises(CannotStart, match="не папка"):
        opened(tmp_path / "data")
    assert (tmp_path / "data").read_text() == "mine"


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    """The system's reason is told."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CannotStart, match="недоступна"):
        opened(tmp_path / "file" / "data")


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into it."""
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(CannotStart, match="не данные кабинета"):
        opened(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("template", "tools"), [({"Resources": {}}, b"1"), (TEMPLATE, b"2")], ids=["another template", "another ministack"]
)
def test_data_of_another_version_are_refused_and_kept(tmp_path: Path, template: dict[str, Any], tools: bytes) -> None:
    """What was made from another template, or by another release of the engine, is neither read nor lost."""
    folder = filled(tmp_path / "data")
    with pytest.raises(CannotStart, match="другая версия кабинета"):
        opened(folder, template, tools)
    assert (folder / STATE).exists()
    opened(folder).close()


@pytest.mark.parametrize("mark", ["", "[]", "{}", '{"version": 1}', '{"version": "x", "clock_ahead_seconds": "y"}'])
def test_a_damaged_mark_is_another_version(tmp_path: Path, mark: str) -> None:
    """Whatever stands in it, the answer is the same sentence."""
    folder = filled(tmp_path / "data")
    (folder / MARK).write_text(mark)
    with pytest.raises(CannotStart, match="другая версия кабинета"):
        opened(folder)


def test_what_a_killed_first_run_left_is_cleared(tmp_path: Path) -> None:
    """Objects are written at once, tables at the end: without tables the objects belong to nothing."""
    data = opened(tmp_path)
    (tmp_path / OBJECTS).mkdir()
    (tmp_path / OBJECTS / "seal").write_text("1")
    data.close()
    opened(tmp_path).close()
    assert {one.name for one in tmp_path.iterdir()} == {LOCK, MARK}
    assert set(json.loads((tmp_path / MARK).read_text())) == {"version", "clock_ahead_seconds"}
