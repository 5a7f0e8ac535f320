"""The operator's guide names commands that really exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs/engineering/operations.md").read_text("utf-8")
MODULES = sorted(set(re.findall(r"python -m (infra\.\w+)", GUIDE)))


def helped(module: str) -> str:
    """Run a tool with --help."""
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", MODULES)
def test_every_command_of_the_guide_runs_and_knows_its_options(module: str) -> None:
    """Each tool shows its help, and the help knows every option that the guide gives it."""
    said = helped(module)
    for line in re.findall(rf"python -m {re.escape(module)}([^`\n]*)", GUIDE):
        for option in re.findall(r"--\w+", line):
            assert option in said, f"{module} does not know {option}."


def test_the_guide_speaks_of_the_tools_that_operators_have() -> None:
    """Deploying, the secret, the first people and dead letters each have their command."""
    assert {"infra.deploy", "infra.secret", "infra.bootstrap", "infra.dead_letters"} <= set(MODULES)


def test_every_make_target_of_the_guide_exists() -> None:
    """What the guide calls `make …` stands in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)(?: STAGE|`)", GUIDE)) <= targets
