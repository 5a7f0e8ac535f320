"""README's own lines are run against a running cabinet, as a newcomer would."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest
from conftest import ROOT
from pypdf import PdfReader
from running import running_cabinet


@pytest.fixture(scope="module")
def cabinet() -> Iterator[str]:
    """Run the local cabinet."""
    with running_cabinet() as url:
        yield url


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
