"""What the tests need of the system is installed where that is possible, and named where it is not."""

import os
import subprocess
from pathlib import Path

from conftest import ROOT


def run(place: Path, *names: str, installed: str = "", user: int = 0, code: int = 0) -> tuple[int, str, list[str]]:
    """Run the script with stand-ins for the system's programs; returns its code, its words and what was called."""
    called = place / "called"
    called.write_text("", encoding="utf-8")
    programs = {
        "dpkg-query": f'case " {installed} " in *" $3 "*) printf installed;; *) exit 1;; esac',
        "apt-get": f'echo "$@" >> {called}; exit {code}',
        "id": f"echo {user}",
    }
    for name, body in programs.items():
        (place / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (place / name).chmod(0o755)
    environment = {"PATH": f"{place}:{os.defpath}"}
    command = ["bash", str(ROOT / "infra/debian.sh"), *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr, called.read_text(encoding="utf-8").splitlines()


def test_without_root_the_command_is_named(tmp_path: Path) -> None:
    """Nothing is tried; one sentence says what is missing."""
    code, said, called = run(tmp_path, "openssl", "oathtool", installed="openssl", user=1000)
    assert (code, called) == (1, [])
    assert said.strip().endswith("apt-get install oathtool")


def test_a_failed_installation_is_told(tmp_path: Path) -> None:
    """The names are said, and the script fails."""
    code, said, _ = run(tmp_path, "oathtool", code=100)
    assert code == 1
    assert "could not be installed: oathtool" in said


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    """Nothing when nothing is missing, whoever asks."""
    assert run(tmp_path, "openssl", installed="openssl", user=1000) == (0, "", [])
    code, said, called = run(tmp_path, "openssl", "oathtool", "xxd", installed="openssl")
    assert (code, said) == (0, "")
    assert called == ["update -qq", "install -qq -y --no-install-recommends oathtool xxd"]


def test_the_setup_asks_for_what_the_tests_need() -> None:
    """The packages that the maker of signatures names are among those of the setup."""
    import papers_of_signature

    setup = (ROOT / "infra/setup.sh").read_text(encoding="utf-8")
    (line,) = (one for one in setup.splitlines() if "infra/debian.sh" in one)
    assert set(papers_of_signature.PACKAGES.values()) <= set(line.split())
