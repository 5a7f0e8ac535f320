"""Numbered steps as data: a block of `steps` in a page is a YAML list, shown as a numbered list and run by the tests.

    ```steps
    - text: Откройте «Профиль» и нажмите «Проверить данные».
      section: Профиль
      label: Проверить данные
      operation: check_profile
    ```

`text` is Markdown. `section` and `label` are the names that the cabinet's screens carry. A step of the person alone
(to take out a document, to wait for a letter) has no `operation`.
"""

import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml

from docs.hooks import facts

BLOCK: Final = re.compile(r"^```steps\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLE: Final = "{ .step-operation }"
_FIELDS: Final = {"text", "section", "label", "operation"}


def of(text: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the lists of steps of a page's text."""
    for block in BLOCK.finditer(text):
        yield _read(block[1])


def render(text: str, page: str) -> str:
    """Show the steps of a page as numbered lists; each says which operation does it until the screens exist."""
    return BLOCK.sub(lambda block: _list(_read(block[1]), page), text)


def _read(block: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(block)
    for step in steps:
        if not step.get("text") or not set(step) <= _FIELDS:
            raise facts.FactError(f"A step has a text, and of {sorted(_FIELDS)} nothing else: {step}")
        if ("operation" in step) and not ("section" in step and "label" in step):
            raise facts.FactError(f"A step of an operation names its section and its label: {step}")
    return steps


def _list(steps: list[dict[str, Any]], page: str) -> str:
    lines = []
    for number, step in enumerate(steps, 1):
        said = step["text"].strip()
        if "operation" in step:
            said += f"\n\n*Операция:* {facts.operation(page, step['operation'])}\n{STYLE}"
        lines.append(f"{number}.  " + textwrap.indent(said, "    ").lstrip())
    return "\n\n".join(lines) + "\n"
