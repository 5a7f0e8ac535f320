"""The gates hold for the product, and each notices a planted violation."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from conftest import ROOT, World
from gates import gates

from chalicelib.kit import catalogue


def _has_head(file: Path) -> bool:
    return file.read_text(encoding="utf-8").startswith("---")


def operations(world: World) -> list[catalogue.Operation]:
    """Return the whole catalogue."""
    return list(catalogue.operations.values())


def test_imports_point_down_only(world: World) -> None:
    """No file of the product imports sideways or upwards, or a library that is not its own to know."""
    assert gates.stray_imports(gates.sources()) == []


def test_a_sideways_import_is_noticed() -> None:
    """An operation that imports an operation, a kit that knows a domain, a stray framework: each is one fault."""
    files = {
        "profile/read_profile.py": "from chalicelib.profile.change_profile import ChangeProfile\nimport chalice",
        "profile/change_profile.py": "",
        "profile/rules.py": "from chalicelib.profile.tables import Profile",
        "profile/tables.py": "",
        "kit/clock.py": "import chalicelib.profile.tables\nimport boto3",
        "journal/schemas.py": "from pynamodb.models import Model\nfrom chalicelib.profile.tables import Profile",
    }
    assert len(gates.stray_imports(files)) == 7


def test_time_comes_from_the_clock(world: World) -> None:
    """Nothing but kit/clock asks the machine for the time."""
    assert gates.clocks(gates.sources()) == []


def test_a_private_clock_is_noticed() -> None:
    """datetime.now, date.today and time.time are faults outside the clock."""
    source = "import datetime, time\na = datetime.datetime.now()\nb = datetime.date.today()\nc = time.time()\nd = time.monotonic()"
    assert len(gates.clocks({"profile/rules.py": source, "kit/clock.py": source})) == 3


def test_files_and_functions_stay_small(world: World) -> None:
    """Every file and function is within its budget or on the explained list."""
    assert gates.sizes(gates.sources()) == []


def test_every_size_exception_is_still_needed() -> None:
    """An exception whose file came back into its budget has to go."""
    files = gates.sources()
    needless = [path for path in gates.LONGER_FILES if len(files[path].splitlines()) <= gates._file_limit(path)]
    assert needless == []


def test_a_long_file_and_a_long_function_are_noticed() -> None:
    """81 lines of an operation and 26 lines of a function are faults."""
    body = "\n".join("    a = 1" for _ in range(26))
    assert len(gates.sizes({"profile/big.py": "a = 1\n" * 81, "profile/rules.py": f"def long():\n{body}"})) == 2


def test_every_operation_is_complete(world: World) -> None:
    """Sentence, roles, audit, test with example, help page: nothing is missing anywhere."""
    tests = {
        f"{file.parent.name}/{file.name}"
        for file in (ROOT / "tests").glob("*/test_*.py")
        if "def example(" in file.read_text(encoding="utf-8")
    }
    heads = [
        file.read_text(encoding="utf-8").split("---")[1] for file in (ROOT / "docs").rglob("*.md") if _has_head(file)
    ]
    explained = set(
        re.findall(r"\w+", " ".join(line for head in heads for line in head.splitlines() if "operations:" in line))
    )
    assert gates.incomplete(operations(world), tests, explained) == []


def test_an_unfinished_operation_is_noticed(world: World) -> None:
    """Each missing part is named in a sentence of its own."""

    def bare(call: Any) -> None: ...

    one = operations(world)[0]
    planted = msgspec.structs.replace(
        one,
        method="PATCH",
        name="x" * 41,
        function=bare,
        allow={},
        public=False,
        audit="Bad",
        match=False,
        internal=False,
    )
    assert len(gates.incomplete([planted], set(), set())) == 7


def test_bodies_and_answers_are_strict(world: World) -> None:
    """No bare strings come in, no defaults go out, no two schemas share a name."""
    assert gates.loose_structs(operations(world)) == []


def test_loose_structs_are_noticed(world: World) -> None:
    """A bare str, a default in an answer and a doubled name are faults."""
    body = msgspec.defstruct("Same", [("name", str)])
    answer = msgspec.defstruct("Same", [("name", str, "x")])
    one = msgspec.structs.replace(operations(world)[0], body=body, query=None, answer=answer)
    assert len(gates.loose_structs([one])) == 3


def test_every_named_package_is_used() -> None:
    """Pyproject names nothing that the code, the tools or the tests do not use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    named = [re.split(r"[<>=!~ ]", one)[0] for one in wanted]
    files = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "infra").rglob("*"), *(ROOT / "tests").rglob("*.py")]
    files += [*(ROOT / "docs").rglob("*.py"), ROOT / "Makefile", ROOT / "mkdocs.yml"]
    texts = [
        file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in {".py", ".sh", ".yml"} or file.name == "Makefile"
    ]
    assert gates.unused_packages([one for one in named if one != "tzdata"], "\n".join(texts)) == []


def test_an_unused_package_is_noticed() -> None:
    """A package that no line mentions is a fault."""
    assert len(gates.unused_packages(["left-pad", "msgspec"], "import msgspec")) == 1


def test_every_refusal_is_explained_and_back(world: World) -> None:
    """docs/errors.md and the catalogue's refusal codes are the same set (the gateway's own three included)."""
    from chalicelib.kit.problem import known
    from infra.templates.gateway import GATEWAY_SENTENCES

    codes = {code for code, kind in known().items() if kind.__module__.startswith("chalicelib.")}
    codes |= {sentence.code for sentence in GATEWAY_SENTENCES.values()}
    assert gates.undocumented(codes, (ROOT / "docs/errors.md").read_text(encoding="utf-8")) == []


def test_an_unexplained_refusal_and_a_stale_entry_are_noticed() -> None:
    """Both directions count."""
    assert len(gates.undocumented({"busy", "stale"}, "### Занято {#busy}\n### Старое {#gone}")) == 2
