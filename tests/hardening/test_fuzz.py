"""A fuzzer that is led by the branches of the code finds no input that breaks, stops or deceives a parser."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hardening.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("FUZZ_SECONDS", "20"))


@pytest.mark.proof
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str, tmp_path: Path) -> None:
    """From sound samples, with a fixed seed; FUZZ_SECONDS makes it longer."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    options = ["-seed=20261122", f"-max_total_time={SECONDS}", "-max_len=8192", "-timeout=30", "-rss_limit_mb=2048"]
    done = subprocess.run(
        [sys.executable, ROOT / "tests/hardening/fuzz.py", name, corpus, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    ran = re.search(r"DONE +cov: (\d+) .*Done (\d+) runs in (\d+) second", done.stderr, re.DOTALL)
    assert ran is not None
    assert int(ran[2]) > 100
    print(f"{name}: {ran[2]} inputs in {ran[3]} s, {ran[1]} branches seen")  # noqa: T201 - figures
