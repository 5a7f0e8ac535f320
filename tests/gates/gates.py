"""The gates of the house: each looks at what it is given and returns one sentence for every fault it finds."""

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from chalicelib.kit.catalogue import Operation
from chalicelib.kit.text import Text

ROOT = Path(__file__).parent.parent.parent
FUNCTIONS = ROOT / "functions"
SHARED = {"tables", "rules", "schemas", "refusals", "ports", "__init__"}
LONGER_FILES = {
    "kit/text.py": "one class a field type: a dictionary, not logic",
    "kit/refusals.py": "one class a refusal: a dictionary, not logic",
    "kit/catalogue.py": "the vocabulary of declarations stands in one place",
    "kit/door.py": "the stations of a request are read in one sitting",
    "kit/tables.py": "everything PynamoDB lacks, in the one file that may know it",
}
LONGER_FUNCTIONS = {
    "kit/declare.py:operation": "the parts of a declaration are its arguments",
}
FOUNDATIONS = ("accounts", "credentials")
KNOWS_PYNAMODB = {"kit/items.py", "kit/tables.py", "kit/transaction.py"}


def sources(root: Path = FUNCTIONS) -> dict[str, str]:
    """Return every source of the bundle by its path below chalicelib."""
    base = root / "chalicelib"
    return {str(file.relative_to(base)): file.read_text(encoding="utf-8") for file in sorted(base.rglob("*.py"))}


def imports_of(source: str) -> list[str]:
    """Return the full names that a source imports, `chalicelib.kit.clock` for `from chalicelib.kit import clock`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{one.name}" for one in node.names]
    return found


def stray_imports(files: Mapping[str, str]) -> list[str]:
    """Imports point down only; frameworks are known in one place each."""
    faults = []
    for path, source in files.items():
        for name in imports_of(source):
            faults += _library_faults(path, name) + _floor_faults(path, name, files)
    return faults


def _library_faults(path: str, name: str) -> list[str]:
    library = name.split(".", maxsplit=1)[0]
    if library == "chalice" and path != "kit/http.py":
        return [f"{path} imports chalice: only kit/http.py knows it."]
    if library == "pynamodb" and not path.endswith("tables.py") and path not in KNOWS_PYNAMODB:
        return [f"{path} imports pynamodb: only files named tables.py and {', '.join(sorted(KNOWS_PYNAMODB))} know it."]
    if library in {"boto3", "botocore"} and path != "kit/aws.py":
        return [f"{path} imports {library}: only kit/aws.py makes clients."]
    return []


def _floor_faults(path: str, name: str, files: Mapping[str, str]) -> list[str]:
    product, target, file = [*name.split("."), "", ""][:3]
    if product != "chalicelib" or target == "kit":
        return []
    domain, own = path.split("/", maxsplit=1)[0], path.rsplit("/", maxsplit=1)[-1].removesuffix(".py")
    why = ""
    if domain == "kit":
        why = "the kit knows no domain"
    elif f"{target}/{file}.py" not in files or file not in SHARED:
        why = "an operation never imports an operation"
    elif own in SHARED and target not in {domain, *FOUNDATIONS}:
        why = f"what operations share knows only its own domain and {', '.join(FOUNDATIONS)}"
    elif own == "rules" and file not in {"rules", "ports", "refusals"}:
        why = f"rules are pure and stand below {file}"
    return [f"{path} imports {name}: {why}."] if why else []


def clocks(files: Mapping[str, str]) -> list[str]:
    """All time comes from kit/clock."""
    forbidden = {"now", "utcnow", "today", "time", "time_ns", "gmtime", "localtime"}
    faults = []
    for path, source in files.items():
        if path == "kit/clock.py":
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden:
                owner = ast.unparse(node.func.value)
                if owner.split(".")[-1] in {"datetime", "date", "time"}:
                    faults.append(f"{path}:{node.lineno} asks {owner}.{node.func.attr}: time comes from kit/clock.")
    return faults


def sizes(files: Mapping[str, str]) -> list[str]:
    """Files and functions stay small; an explained line makes an exception."""
    faults = []
    for path, source in files.items():
        lines, limit = len(source.splitlines()), _file_limit(path)
        if limit and lines > limit and path not in LONGER_FILES:
            faults.append(f"{path} has {lines} lines, the budget is {limit}: find the missing idea.")
        long = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef) and _length(one) > 25]
        faults += [
            f"{path}: {one.name} has {_length(one)} lines, the budget is 25."
            for one in long
            if f"{path}:{one.name}" not in LONGER_FUNCTIONS
        ]
    return faults


def _length(node: ast.FunctionDef) -> int:
    """Count the lines of a body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def _file_limit(path: str) -> int:
    name = path.rsplit("/", maxsplit=1)[-1].removesuffix(".py")
    if name in {"rules", "tables"} and path != "kit/tables.py":
        return 250
    if path.startswith("kit/"):
        return 150
    return 0 if name in SHARED else 80


def incomplete(operations: Iterable[Operation], tests: set[str], explained: set[str]) -> list[str]:
    """Every operation has a sentence, roles or `public`, an audit word, a test file with an example and a help page."""
    faults = []
    for one in operations:
        if not re.search("[а-яё]", one.sentence or "", re.IGNORECASE):
            faults.append(f"{one.address} has no Russian sentence as its docstring.")
        if bool(one.allow) == one.public:
            faults.append(f"{one.address} must say who may call: roles with relations, or public.")
        if not re.fullmatch(r"[a-z_]+\.[a-z_]+", one.audit):
            faults.append(f"{one.address} has no audit fact such as `visit.opened`.")
        if f"{one.domain}/test_{one.name}.py" not in tests:
            faults.append(f"{one.address} has no tests/{one.domain}/test_{one.name}.py with an example.")
        if not one.internal and one.name not in explained:
            faults.append(f"{one.address} stands in the `operations` of no help page and is not internal.")
        if len(one.name) > 40 or one.path.split("/")[2] != one.domain:
            faults.append(f"{one.address} has a name over 40 characters or a path outside its domain.")
        faults += _match_faults(one)
    return faults


def _match_faults(one: Operation) -> list[str]:
    if one.method in {"PATCH", "PUT"} and not one.match:
        return [f"{one.address} changes an entity and does not ask for If-Match."]
    return []


def loose_structs(operations: Iterable[Operation]) -> list[str]:
    """Bodies hold no bare `str`, answers no defaults, and schema names are unique."""
    faults: list[str] = []
    names: dict[str, type] = {}
    for one in operations:
        for kind in filter(None, (one.body, one.query)):
            faults += [
                f"{one.address}: {kind.__name__}.{name} is a bare str; use a type of kit/text." for name in _bare(kind)
            ]
        for kind in _structs(one.answer) | _structs(one.body):
            if names.setdefault(kind.__name__, kind) is not kind:
                faults.append(f"Two structs are named {kind.__name__}; schema names are unique.")
        for kind in _structs(one.answer):
            loose = [field.name for field in msgspec.structs.fields(kind) if not field.required]
            faults += [
                f"{one.address}: {kind.__name__}.{name} has a default; answers state every field." for name in loose
            ]
    return faults


def _structs(kind: Any) -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        found.add(kind)
        for field in msgspec.structs.fields(kind):
            found |= _structs(field.type)
    for part in get_args(kind):
        found |= _structs(part)
    return found


def _bare(kind: type[msgspec.Struct]) -> list[str]:
    return [
        field.name
        for field in msgspec.structs.fields(kind)
        if str in {field.type, *get_args(field.type)}
        and not (isinstance(field.type, type) and issubclass(field.type, Text))
    ]


def unused_packages(named: Iterable[str], code: str) -> list[str]:
    """Each package named in pyproject is really used by the product or its tools."""
    modules = {"argon2-cffi": "argon2", "phonenumberslite": "phonenumbers", "mkdocs-material": "material"}
    modules |= {"pyyaml": "yaml", "types-pyyaml": "yaml"}
    modules |= {
        "pytest-xdist": "numprocesses",
        "cfn-lint": "cfnlint|cfn-lint",
        "openapi-spec-validator": "openapi_spec_validator",
    }
    return [
        f"pyproject.toml names {name} and nothing uses it."
        for name in named
        if not re.search(rf"\b({modules.get(name, name.replace('-', '_'))})\b", code)
    ]


def undocumented(codes: set[str], page: str) -> list[str]:
    """Every refusal code has its entry in the help, and every entry is a code."""
    entries = set(re.findall(r"^### .*\{\s*#([a-z0-9-]+)\s*\}", page, re.MULTILINE))
    return [f"The refusal {code} has no entry in docs/errors.md." for code in sorted(codes - entries)] + [
        f"docs/errors.md explains {entry}, which is no refusal." for entry in sorted(entries - codes)
    ]
