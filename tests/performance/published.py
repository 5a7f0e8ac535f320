"""Tables of docs/engineering/performance.md that the measuring runs write themselves."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/engineering/performance.md"


def publish(part: str, heads: Sequence[str], rows: Sequence[Sequence[object]], *after: str) -> None:
    """Print a table; with UPDATE_PERFORMANCE=1 also put it, dated, between the marks of its part of the page."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (heads, ["---"] * len(heads), *rows)]
    text = "\n".join([*lines, "", *(line + "  " for line in after), machine()])
    print(f"\n{part}\n{text}")  # noqa: T201 - the run tells what it measured
    if os.environ.get("UPDATE_PERFORMANCE"):
        PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8"), part, text), encoding="utf-8")


def inserted(page: str, part: str, text: str) -> str:
    """Return the page with the text between the marks of a part; a page without them is refused."""
    begin, end = f"<!-- made by the run: {part} -->\n", "<!-- end -->"
    made, count = re.subn(
        f"({re.escape(begin)}).*?({re.escape(end)})",
        lambda found: f"{found[1]}{text}\n{found[2]}",
        page,
        flags=re.DOTALL,
    )
    if count != 1:
        raise LookupError(f"The page has no place, or several, for {part}.")
    return made


def machine() -> str:
    """Say when and on what the run measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("botocore", "pynamodb", "msgspec"))
    return (
        f"Measured {datetime.now(UTC).date()} on {os.cpu_count()} cores, {platform.machine()}, "
        f"CPython {platform.python_version()}; {packages}."
    )
