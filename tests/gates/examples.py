"""The examples that each operation's test file exports, found without importing the product at collection."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
CODE = TESTS.parent / "functions" / "chalicelib"
_DECLARED = re.compile(r'^@operation\(\s*"(\w+) (\S+)"', re.MULTILINE)


def names() -> list[str]:
    """Return the names of all operations, read from the files that declare them."""
    files = sorted(CODE.glob("*/*.py"))
    return [file.stem for file in files if _DECLARED.search(file.read_text(encoding="utf-8"))]


def example_of(name: str, world: Any) -> Any:
    """Make the valid request of an operation."""
    (source,) = (file for file in CODE.glob(f"*/{name}.py") if file.parent.name != "kit")
    path = TESTS / source.parent.name / f"test_{name}.py"
    module_name = f"example_of_{name}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        spec.loader.exec_module(module)
    return sys.modules[module_name].example(world)
