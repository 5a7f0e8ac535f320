"""Build what goes to the cloud: the bundle, its layers and the templates, checked against AWS's limits.

    python infra/package.py --stage dev --out build/package

The same input gives the same bytes: sorted names, one fixed time, `.pyc` files made by one fresh interpreter.

Chalice's own packager is not used: it downloads what is missing without hashes, takes wheels that need a newer C library
than Lambda has, adds no `.pyc` (they halve the cold start) and keeps all 400 services of botocore.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from chalicelib.kit import catalogue  # noqa: E402 - found through the two paths above
from chalicelib.kit.catalogue import Operation, Worker  # noqa: E402 - see above
from infra import aws_models, common_passwords  # noqa: E402 - see above
from infra.templates import artifacts, backups, edge, front, functions, stages, stateful, watch  # noqa: E402 - see above

MAX_RESOURCES: Final = 500
MAX_TEMPLATE_BYTES: Final = 1_048_576
MAX_API_RESOURCES: Final = 300
MAX_UNZIPPED_BYTES: Final = 250 * 1024 * 1024
BASE_LAYER: Final = "layer-base.zip"
MAX_BASE_LAYER_BYTES: Final = 80_000_000  # our own limit, unpacked: every cold start loads from it
PLANNED_OPERATIONS: Final = 300
PLANNED_DOMAINS: Final = 28
FULLEST_DOMAIN: Final = 15  # a domain with more operations is split
MAX_ROLES: Final = 1000  # of an account, as AWS gives it
RELEASED: Final = ("layers.json", "functions-")  # the templates that a release holds: going back changes these only
# Lambda's Python 3.11 runs on Amazon Linux 2, whose C library is 2.26: newer wheels would fail to load there.
PLATFORMS: Final = tuple(f"manylinux_2_{minor}_x86_64" for minor in (26, 24, 17, 12, 5)) + tuple(
    f"manylinux{year}_x86_64" for year in ("2014", "2010", "1")
)
SERVICES: Final = frozenset({"dynamodb", "kms", "s3", "sesv2", "sns", "sqs", "sts"})
CHALICE_RUNTIME: Final = ("chalice/__init__.py", "chalice/app.py")  # chalice.app imports nothing else of Chalice
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_LICENCES: Final = ("LICEN", "COPYING", "NOTICE", "AUTHORS")


@dataclass(frozen=True)
class Archive:
    """One zip: its place, its digest, its sizes packed and unpacked."""

    path: Path
    sha256: str
    packed: int
    unpacked: int


@dataclass(frozen=True)
class Stack:
    """One template: its place and what counts against the limits."""

    name: str
    path: Path
    resources: int
    template_bytes: int
    api_resources: int


@dataclass(frozen=True)
class Package:
    """All that was built, and what it would be with all planned operations."""

    archives: tuple[Archive, ...]
    stacks: tuple[Stack, ...]
    planned: tuple[Stack, ...] = ()
    planned_roles: int = 0
    behaviours: int = 0

    def over_limits(self) -> list[str]:
        """Say every limit that is passed, one sentence each."""
        found = []
        for stack in (*self.stacks, *self.planned):
            for what, value, limit in (
                ("resources", stack.resources, MAX_RESOURCES),
                ("bytes of template", stack.template_bytes, MAX_TEMPLATE_BYTES),
                ("API resources", stack.api_resources, MAX_API_RESOURCES),
            ):
                if value > limit:
                    found.append(f"The stack {stack.name} has {value:,} {what}; AWS allows {limit:,}.")
        for what, value, limit in (
            ("roles with all planned operations", self.planned_roles, MAX_ROLES),
            ("behaviours of the CDN", self.behaviours, edge.MAX_BEHAVIOURS),
        ):
            if value > limit:
                found.append(f"There are {value:,} {what}; AWS allows {limit:,}.")
        unpacked = sum(archive.unpacked for archive in self.archives)
        if unpacked > MAX_UNZIPPED_BYTES:
            found.append(f"Bundle and layers unpack to {unpacked:,} bytes; Lambda allows {MAX_UNZIPPED_BYTES:,}.")
        base = sum(archive.unpacked for archive in self.archives if archive.path.name == BASE_LAYER)
        if base > MAX_BASE_LAYER_BYTES:
            found.append(f"The base layer unpacks to {base:,} bytes; we allow {MAX_BASE_LAYER_BYTES:,}.")
        return found

    def table(self) -> str:
        """Return the sizes as a person reads them."""
        lines = [f"{'stack':<44}{'resources':>12}{'bytes':>12}{'API paths':>12}"]
        lines.append(f"{'(limit)':<44}{MAX_RESOURCES:>12,}{MAX_TEMPLATE_BYTES:>12,}{MAX_API_RESOURCES:>12,}")
        lines += [
            f"{one.name:<44}{one.resources:>12,}{one.template_bytes:>12,}{one.api_resources:>12,}"
            for one in (*self.stacks, *self.planned)
        ]
        lines.append(f"{'roles with all planned operations':<44}{self.planned_roles:>12,} of {MAX_ROLES:,}")
        lines.append(f"{'behaviours of the CDN':<44}{self.behaviours:>12,} of {edge.MAX_BEHAVIOURS:,}")
        lines += ["", f"{'archive':<28}{'zip bytes':>12}{'unpacked':>12}  SHA-256"]
        lines += [f"{one.path.name:<28}{one.packed:>12,}{one.unpacked:>12,}  {one.sha256}" for one in self.archives]
        total = sum(one.unpacked for one in self.archives)
        return "\n".join([*lines, f"{'all unpacked (limit 250 MiB)':<40}{total:>12,}"])


def build(out: Path, stage: str = "dev", *, dependencies: bool = True) -> Package:
    """Build everything into `out`; without dependencies only the bundle and the templates, which needs no pip."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        archives = [_bundle(work / "bundle", out / "bundle.zip")]
        if dependencies:
            archives += _layers(work, out)
    found = templates(stage)
    for stale in out.glob("*.json"):
        stale.unlink()
    stacks = [_written(name, template, out / f"{name}.json") for name, template in found.items()]
    if dependencies:
        _write_release(out, archives, stage)
    distribution = found["edge"]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    behaviours = 1 + len(distribution["CacheBehaviors"])
    return Package(tuple(archives), tuple(stacks), tuple(_planned(stacks, stage)), _planned_roles(found), behaviours)


def templates(stage: str) -> dict[str, dict[str, Any]]:
    """Return the templates of all stacks by their names."""
    made = {
        "artifacts": artifacts.build(stage),
        "stateful": stateful.build(stage),
        "layers": artifacts.build_layers(stage),
        "front": front.build(stage),
        "backups": backups.build(stage),
        "edge": edge.build(stage),
        "watch": watch.build(stage),
    }
    return made | {f"functions-{domain}": functions.build(domain, stage) for domain in functions.domains()}


def lint(stacks: Iterable[Stack]) -> tuple[bool, str]:
    """Run cfn-lint over the templates; returns whether it found nothing, not even to warn of, and what it said."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--", *(str(stack.path) for stack in stacks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def _written(name: str, template: dict[str, Any], path: Path) -> Stack:
    text = json.dumps(template, separators=(",", ":")).encode("ascii")
    path.write_bytes(text)
    return _measured(name, template, path)


def _measured(name: str, template: dict[str, Any], path: Path) -> Stack:
    text = json.dumps(template, separators=(",", ":"))
    return Stack(name, path, len(template["Resources"]), len(text), functions.api_resources(template))


def _planned(stacks: list[Stack], stage: str) -> Iterator[Stack]:
    """Yield every domain as if it held the most operations, really built, and what grows with domains, in proportion."""
    for domain in functions.domains():
        operations, workers = _of_domain(domain)
        if operations:
            more = [_renamed(operations[number % len(operations)], number) for number in range(FULLEST_DOMAIN)]
            name = f"functions-{domain} at {FULLEST_DOMAIN} operations"
            yield _measured(name, functions.of(domain, stage, more, workers), Path())
    share = PLANNED_DOMAINS / len(functions.domains())
    for one in stacks:
        if one.name in {"stateful", "backups", "watch"}:
            sizes = (ceil(one.resources * share), ceil(one.template_bytes * share))
            yield Stack(f"{one.name} at {PLANNED_DOMAINS} domains", Path(), *sizes, 0)


def _of_domain(domain: str) -> tuple[list[Operation], list[Worker]]:
    operations = [one for _, one in sorted(catalogue.operations.items()) if one.domain == domain]
    return operations, [one for _, one in sorted(catalogue.workers.items()) if one.domain == domain]


def _renamed(operation: Operation, number: int) -> Operation:
    """Make another operation of the same kind and size, at paths of its own."""
    head, _, rest = operation.path.removeprefix("/v1/").partition("/")
    path = f"/v1/{head}/place_{number:02}" + (f"/{rest}" if rest else "")
    return msgspec.structs.replace(operation, name=f"{operation.name[:35]}_{number:02}", path=path)


def _planned_roles(made: dict[str, dict[str, Any]]) -> int:
    roles: int = sum(
        one["Type"] == "AWS::IAM::Role" for template in made.values() for one in template["Resources"].values()
    )
    return ceil(roles * PLANNED_OPERATIONS / max(1, len(catalogue.operations)))


def _write_release(out: Path, archives: list[Archive], stage: str) -> None:
    """Write what a release is made of: the digests of archives and templates, and one digest of them all."""
    files = {one.path.name: one.sha256 for one in archives}
    for path in sorted(out.glob("*.json")):
        if path.name.startswith(RELEASED):
            files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256(json.dumps([stage, files], sort_keys=True).encode()).hexdigest()[:16]
    manifest = {"stage": stage, "digest": digest, "files": files}
    (out / "release.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))


def _bundle(work: Path, target: Path) -> Archive:
    """Gather the product's own code. Sources stay beside their `.pyc`: tracebacks quote them."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT / "functions/chalicelib", work / "chalicelib", ignore=skip)
    shutil.copy(ROOT / "functions/app.py", work)
    common_passwords.write(work)
    aws_models.write(work / functions.AWS_MODELS, SERVICES)
    _compile(work, "/var/task")
    return _zip(work, target)


def _layers(work: Path, out: Path) -> list[Archive]:
    base, typst = work / "base", work / "typst"
    _install(base / "python")
    _add_chalice(base / "python")
    _trim(base / "python")
    (typst / "python").mkdir(parents=True)
    for part in [*(base / "python").glob("typst"), *(base / "python").glob("typst-*.dist-info")]:
        part.rename(typst / "python" / part.name)
    for layer in (base, typst):
        _compile(layer, "/opt")
    return [_zip(base, out / BASE_LAYER), _zip(typst, out / "layer-typst.zip")]


def _install(target: Path) -> None:
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(target)]
    command += ["--implementation", "cp", "--python-version", functions.RUNTIME.removeprefix("python")]
    for abi in (f"cp{version}", "abi3", "none"):
        command += ["--abi", abi]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    command += ["--requirement", str(ROOT / "functions/requirements.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pip could not install functions/requirements.txt for Lambda:\n{done.stderr}")


def _add_chalice(target: Path) -> None:
    """Copy the two runtime files of the installed Chalice, whose release requirements.txt pins by hash."""
    chalice = importlib.metadata.distribution("chalice")
    for file in chalice.files or ():
        if str(file) in CHALICE_RUNTIME or ".dist-info/" in str(file):
            place = target / str(file)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), place)


def _trim(target: Path) -> None:
    """Remove what no function reads: tests, commands, type stubs, pip's records, unused services of botocore."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_dir() and path.name in {"tests", "test", "__pycache__"}:
            shutil.rmtree(path)
        elif path.suffix == ".pyi" or (path.is_file() and _is_record(path)):
            path.unlink()
    for path in (target / "botocore/data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            shutil.rmtree(path)


def _is_record(path: Path) -> bool:
    if not any(part.endswith(".dist-info") for part in path.parts):
        return False
    return path.name != "METADATA" and not path.name.upper().startswith(_LICENCES) and "licenses" not in path.parts


def _compile(folder: Path, place: str) -> None:
    """Add `.pyc` files that the interpreter never checks against their source: it sees neither times nor hashes.

    One fresh interpreter with a fixed hash seed makes them, because their bytes depend on what it has interned.
    """
    command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", place, str(folder)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"Some files of the bundle do not compile:\n{done.stdout}{done.stderr}")


def _zip(folder: Path, target: Path) -> Archive:
    unpacked = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            content = path.read_bytes()
            unpacked += len(content)
            archive.writestr(entry, content)
    return Archive(target, hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size, unpacked)


def main() -> None:
    """Build, print the table, and stop with the reason when something is over a limit or wrong."""
    parser = argparse.ArgumentParser(description="Build the bundle, the layers and the templates.")
    parser.add_argument("--stage", default="dev", choices=stages.STAGES)
    parser.add_argument("--out", type=Path, default=ROOT / "build/package")
    arguments = parser.parse_args()
    package = build(arguments.out, arguments.stage)
    print(package.table())
    if over := package.over_limits():
        raise SystemExit("\n".join(over))
    is_clean, said = lint(package.stacks)
    print(f"\ncfn-lint: {said.strip() or 'nothing to say'}")
    if not is_clean:
        raise SystemExit("cfn-lint found something in the templates.")


if __name__ == "__main__":
    main()
