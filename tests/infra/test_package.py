"""The package, really built, but without pip: the bundle and the templates."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

from chalicelib.kit import catalogue
from infra import package
from infra.package import Archive, Package, Stack

UNCHECKED_HASH = 0b01  # PEP 552: the hash is there (bit 0) and is not compared with the source (bit 1 is clear)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Build once for all tests of this file."""
    return package.build(tmp_path_factory.mktemp("package"), dependencies=False)


@pytest.fixture(scope="module")
def bundle(built: Package) -> zipfile.ZipFile:
    """Open the built bundle."""
    return zipfile.ZipFile(built.archives[0].path)


def test_every_source_has_its_compiled_file_that_is_never_checked(bundle: zipfile.ZipFile) -> None:
    """Each .py has a .pyc that the interpreter takes without looking at times: half of a cold start."""
    names = set(bundle.namelist())
    sources = [name for name in names if name.endswith(".py")]
    assert {"app.py", "chalicelib/kit/door.py"} <= set(sources)
    for source in sources:
        content = bundle.read(importlib.util.cache_from_source(source))
        assert content[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(content[4:8], "little") == UNCHECKED_HASH, source


def test_the_bundle_holds_the_product_and_its_data_only(bundle: zipfile.ZipFile) -> None:
    """No tests, no tools, no leftovers; the dated data of the law comes along."""
    assert "chalicelib/kit/data/journal_retention.json" in bundle.namelist()
    assert "chalicelib/accounts/data/common_passwords.txt.gz" in bundle.namelist()
    for name in bundle.namelist():
        assert name.startswith(("app.py", "__pycache__/app.", "chalicelib/", "aws_models/")), name
        assert "test" not in Path(name).parts[-1].split("_")[0], name
        assert Path(name).suffix in {".json", ".py", ".pyc", ".typ", ".ttf", ".gz", ".txt"}, name


def test_compiled_files_name_no_place_of_the_building_machine(bundle: zipfile.ZipFile) -> None:
    """Traces in the cloud show where the code lies there."""
    content = bundle.read(importlib.util.cache_from_source("app.py"))
    assert b"/var/task/app.py" in content
    assert str(package.ROOT).encode() not in content


def test_the_same_input_gives_the_same_bytes(built: Package, tmp_path: Path) -> None:
    """A second build has the digests of the first, so a release can be proven from its sources."""
    again = package.build(tmp_path, dependencies=False)
    assert [one.sha256 for one in again.archives] == [one.sha256 for one in built.archives]
    for one, other in zip(built.stacks, again.stacks, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_the_package_stays_within_the_limits_and_says_its_sizes(built: Package) -> None:
    """The table names every stack, and nothing is over a limit."""
    assert built.over_limits() == []
    for stack in (*built.stacks, *built.planned):
        assert stack.name in built.table()


def test_the_plan_is_really_built_at_its_full_size(built: Package) -> None:
    """A domain at fifteen operations is a template of fifteen functions, not a guess; shared stacks grow with domains."""
    planned = {one.name: one for one in built.planned}
    now = {one.name: one for one in built.stacks}
    profile = planned["functions-profile at 15 operations"]
    constant = now["functions-profile"].resources - 2 * len(
        [one for one in catalogue.operations.values() if one.domain == "profile"]
    )
    assert profile.resources == constant + 2 * package.FULLEST_DOMAIN
    assert profile.api_resources >= now["functions-profile"].api_resources
    assert planned["stateful at 28 domains"].resources >= 2 * now["stateful"].resources
    assert built.planned_roles > package.PLANNED_OPERATIONS
    assert built.behaviours == 2


def test_no_third_stage_is_packaged(tmp_path: Path) -> None:
    """A misspelt stage is refused by a sentence."""
    with pytest.raises(ValueError, match="choose dev or prod"):
        package.build(tmp_path, "production", dependencies=False)


def test_each_passed_limit_is_said_in_a_sentence() -> None:
    """Too many resources, bytes, API resources, unpacked bytes, roles or behaviours stop the build with the reason."""
    heavy = Archive(Path("layer-typst.zip"), "0", 1, package.MAX_UNZIPPED_BYTES - package.MAX_BASE_LAYER_BYTES)
    base = Archive(Path(package.BASE_LAYER), "0", 1, package.MAX_BASE_LAYER_BYTES + 1)
    full = Stack("functions-visits", Path("x.json"), 501, 1_048_577, 301)
    said = Package((base, heavy), (full,), (), 1001, 26).over_limits()
    assert len(said) == 7
    assert "The base layer unpacks to 80,000,001 bytes; we allow 80,000,000." in said
    assert "There are 26 behaviours of the CDN; AWS allows 25." in said
    assert "The stack functions-visits has 501 resources; AWS allows 500." in said


def test_pip_asks_for_wheels_that_lambda_can_load() -> None:
    """Nothing newer than the C library of Lambda's Python 3.11 is taken, and never a source package."""
    minors = [int(one.split("_")[2]) for one in package.PLATFORMS if one.startswith("manylinux_2_")]
    assert max(minors) == 26
