"""The examples of the pages for developers are run as written, page after page, and answer what the pages show."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from running import running_cabinet

from docs.hooks import facts

DOCS = ROOT / "docs"
# As a reader meets them; the last one moves the clock.
PAGES = (
    *("developers/quick-start.md", "developers/refusals.md", "developers/idempotency.md", "developers/paging.md"),
    *("developers/polling.md", "developers/authentication.md", "developers/schemes.md", "client-programs.md"),
    "developers/sandbox.md",
)
BLOCK = re.compile(r"^```\{ \.(bash|python|json) \.(run|answer) \}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SWITCH = {"bash": "exec >'{file}'", "python": "import sys\nsys.stdout = open('{file}', 'w', encoding='utf-8')"}
RUN = {"bash": ("bash", "-euo", "pipefail"), "python": (sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning")}


@dataclass
class Example:
    """A block that is run, and the answer that the page shows below it."""

    page: str
    language: str
    text: str
    answer: str | None = None


def examples() -> list[Example]:
    """Return the examples of all pages in the order in which they are run."""
    found: list[Example] = []
    for page in PAGES:
        for language, purpose, text in BLOCK.findall(facts.render((DOCS / page).read_text("utf-8"), page)):
            if purpose == "run":
                found.append(Example(page, language, text))
            else:
                assert found[-1].answer is None, f"{page}: an answer stands below nothing that is run"
                found[-1].answer = text
    return found


def shown(wanted: Any, given: Any) -> bool:
    """Tell whether an answer holds what a page shows of it: `…` stands for any text, fields and last items may be left out."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(name in given and shown(wanted[name], given[name]) for name in wanted)
    if isinstance(wanted, list):
        return isinstance(given, list) and len(given) >= len(wanted) and all(map(shown, wanted, given))
    if isinstance(wanted, str):
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        return isinstance(given, str) and re.fullmatch(pattern, given, re.DOTALL) is not None
    return type(wanted) is type(given) and bool(wanted == given)


@pytest.fixture
def cabinet() -> Iterator[str]:
    """Run a fresh local cabinet."""
    with running_cabinet() as url:
        yield url


@pytest.mark.parametrize("language", RUN)
def test_examples_work_as_written(language: str, cabinet: str, tmp_path: Path) -> None:
    """All examples of a language in one go, as a reader types them; each shown answer is the answer."""
    ours = [one for one in examples() if one.language == language]
    lines = []
    for number, one in enumerate(ours):
        lines += [SWITCH[language].format(file=tmp_path / f"{number}.out"), one.text]
    shutil.copy(ROOT / "infra/verify_journal.py", tmp_path)  # the site offers it, and may not be built here
    done = subprocess.run(
        [*RUN[language], "-c", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "CABINET": cabinet, "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    outputs = [tmp_path / f"{number}.out" for number in range(len(ours))]
    begun = [one for one, output in zip(ours, outputs, strict=True) if output.exists()]
    last = (
        f"\n{begun[-1].page}:\n{begun[-1].text}\n{outputs[len(begun) - 1].read_text('utf-8')[-2000:]}" if begun else ""
    )
    assert done.returncode == 0, done.stderr[-3000:] + last
    otherwise = [
        f"{one.page}:\n{one.text}\n{one.answer}\n{output.read_text('utf-8')}"
        for one, output in zip(ours, outputs, strict=True)
        if one.answer is not None and not shown(json.loads(one.answer), json.loads(output.read_text("utf-8")))
    ]
    assert not otherwise, "\n".join(otherwise)


def test_every_page_with_examples_is_run() -> None:
    """No page has examples that nobody runs, and none calls the cabinet in a block that is only shown."""
    files = [DOCS / "client-programs.md", *(DOCS / "developers").glob("*.md")]
    texts = {file.relative_to(DOCS).as_posix(): file.read_text("utf-8") for file in files}
    assert {name for name, text in texts.items() if BLOCK.search(text)} == set(PAGES)
    shown_only = re.compile(r"^```(bash|python|sh)\n(?:(?!```).)*CABINET", re.MULTILINE | re.DOTALL)
    assert [name for name, text in texts.items() if shown_only.search(text)] == []


@pytest.mark.parametrize(
    ("wanted", "given", "right"),
    [
        ({"a": "x…"}, {"a": "xy", "b": 1}, True),
        ({"a": "x…"}, {"a": "yx"}, False),
        ({"a": "x"}, {}, False),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], True),
        ([{"a": 1}], [], False),
        (None, "text", False),
        (1, True, False),
        (True, True, True),
    ],
)
def test_what_a_page_shows_is_compared_with_care(wanted: Any, given: Any, *, right: bool) -> None:
    """Left-out fields are no fault; another value, another type or a missing field is."""
    assert shown(wanted, given) is right
