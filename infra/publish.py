"""Publish a version of the help centre: built strictly with its PDF files, into the branch `site` and into build/published.

    python -m infra.publish 1.0                              # for http://localhost:8080/, or CABINET_PUBLIC_URL
    python -m infra.publish 1.1 --stage prod --remote origin # for the stage's address; then pushes the branch
    python -m infra.publish --stage prod                     # prints the folder of the site to deploy there

The version is made on a draft; the branch moves once, at the end. Nothing is pushed unless a remote is named.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from mike import git_utils  # noqa: E402 - found through the two paths above

from docs.hooks import addresses, changes, facts, pdf  # noqa: E402 - see above
from infra import deployment, published, site  # noqa: E402 - see above

BRANCH: Final = "site"
HERE: Final = "http://localhost:8080/"
PUBLISHED: Final = ROOT / "build/published"
PROMISED: Final = ROOT / "docs/data/published_pages.yml"
_NOTHING: Final = "0" * 40


class Refused(Exception):  # noqa: N818 - a statement
    """The version cannot be published; the message says why, and nothing was changed."""


@dataclass(frozen=True)
class Publication:
    """One run: the version, the address that its pages are built for, and the remote that gets the branch, if any."""

    version: str
    address: str
    remote: str | None = None

    def run(self) -> None:
        """Publish, or refuse and leave everything as it was."""
        before, base = _ref(f"refs/heads/{BRANCH}"), _base(self.remote)
        self._judge(base)
        _need_libraries()
        (ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as place, _draft(base) as draft:
            self._build(draft, Path(place) / "built")
            tree = _export(draft, Path(place) / "tree")
            published.finish(tree)
            _commit(draft, tree, f"Publish version {self.version} of the help centre")
            _git("update-ref", f"refs/heads/{BRANCH}", f"refs/heads/{draft}", before or _NOTHING)
            shutil.rmtree(PUBLISHED, ignore_errors=True)
            shutil.move(tree, PUBLISHED)
        _promise(addresses.promised() | addresses.of_site(PUBLISHED / published.LATEST))
        print(f"Version {self.version} for {self.address} is in the branch {BRANCH} and in build/published.")
        if _git("status", "--porcelain"):
            print("Commit docs/data/published_pages.yml: it lists the addresses that must go on answering.", flush=True)

    def _judge(self, base: str | None) -> None:
        """Refuse what must not be published, in one sentence."""
        if not changes.is_number(self.version):
            raise Refused(f"{self.version!r} is no version of the documentation: write two numbers, as VERSION=1.0.")
        published_before = _versions_of(base)
        if self.version in published_before:
            raise Refused(f"Version {self.version} is published already: choose the next number.")
        if changed := _git("status", "--porcelain").split("\n")[:-1]:
            raise Refused(
                f"Not committed: {', '.join(one[3:] for one in changed)}. Commit first: a version can be made again."
            )
        self._judge_changes()
        stands = _address_of(base)
        if stands not in {None, self.address}:
            raise Refused(f"The branch {BRANCH} is built for {stands}, not for {self.address}: name its STAGE.")

    def _judge_changes(self) -> None:
        known = changes.versions()
        if self.version not in {one.number for one in known}:
            raise Refused(
                f"docs/data/changes.yml says nothing of version {self.version}: write what it added or corrected."
            )
        if self.version != known[0].number:
            raise Refused(f"{self.version} is not the newest version of docs/data/changes.yml, {known[0].number} is.")
        if silent := changes.unnamed(facts.written_pages(), addresses.promised(), known):
            raise Refused(f"docs/data/changes.yml says nothing of the new pages: {', '.join(silent)}.")

    def _build(self, draft: str, folder: Path) -> None:
        environment = os.environ | {
            "CABINET_PUBLIC_URL": self.address,
            "CABINET_SITE_DIR": str(folder),
            "CABINET_PDF": "1",
            "NO_MKDOCS_2_WARNING": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        command = ["mike", "--quiet", "deploy", "--branch", draft, "--update-aliases", self.version, published.LATEST]
        built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if built.returncode:
            raise Refused(f"{built.stdout}{built.stderr}The version could not be built: see above.")

    def push(self) -> None:
        """Bring the branch to the remote; a failure leaves the version published here."""
        pushed = subprocess.run(["git", "push", str(self.remote), BRANCH], cwd=ROOT, check=False)
        if pushed.returncode:
            raise Refused(f"Version {self.version} stands in the branch {BRANCH} here, but was not pushed: see above.")


def folder_for(address: str, stage: str) -> Path:
    """Return the site to deploy at an address: what was published for it, or else the pages as they are now."""
    base = _base(None)
    if _address_of(base) == address:
        shutil.rmtree(PUBLISHED, ignore_errors=True)
        return _export(str(base), PUBLISHED)
    folder = ROOT / f"build/site-{stage}"
    environment = os.environ | {"CABINET_PUBLIC_URL": address, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise Refused("The site could not be built: see above.")
    return folder


@contextmanager
def _draft(base: str | None) -> Iterator[str]:
    """Give a branch of one's own that begins where the published one stands."""
    name = f"{BRANCH}-draft-{os.getpid()}"
    if base is not None:
        _git("update-ref", f"refs/heads/{name}", base)
    try:
        yield name
    finally:
        _git("update-ref", "-d", f"refs/heads/{name}")


def _base(remote: str | None) -> str | None:
    """Return the commit that the next version is added to: the branch here or at the remote, whichever is ahead."""
    ours, theirs = _ref(f"refs/heads/{BRANCH}"), _ref(f"refs/remotes/{remote or 'origin'}/{BRANCH}")
    if remote is not None and _git("ls-remote", remote, f"refs/heads/{BRANCH}").strip():
        _git("fetch", "--quiet", remote, f"refs/heads/{BRANCH}")
        theirs = _ref("FETCH_HEAD")
    if ours is None or theirs is None:
        return ours or theirs
    common = _git("merge-base", ours, theirs).strip()
    if common not in {ours, theirs}:
        raise Refused(f"The branch {BRANCH} here and the one of the remote have parted: bring them together first.")
    return theirs if common == ours else ours


def _versions_of(base: str | None) -> list[str]:
    if base is None:
        return []
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / published.VERSIONS).write_text(_git("show", f"{base}:{published.VERSIONS}"), "utf-8")
        return published.versions(Path(place))


def _address_of(base: str | None) -> str | None:
    """Return the address that the published pages are built for."""
    if base is None:
        return None
    return site.address_in(_git("show", f"{base}:{published.LATEST}/index.html"))


def _export(commit: str, folder: Path) -> Path:
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def _commit(branch: str, tree: Path, message: str) -> None:
    with git_utils.Commit(branch, message, allow_empty=True) as commit:
        commit.delete_files("*")
        for file in git_utils.walk_real_files(tree):
            commit.add_file(file.copy("", tree))


def _promise(found: set[str]) -> None:
    """Write down every address that must go on answering."""
    head = "".join(line for line in PROMISED.read_text("utf-8").splitlines(keepends=True) if line.startswith("#"))
    PROMISED.write_text(f"{head}{''.join(f'- {one or chr(34) * 2}{chr(10)}' for one in sorted(found))}", "utf-8")


def _need_libraries() -> None:
    if shutil.which("apt-get") is None:
        return  # another system: its WeasyPrint says itself what it lacks
    if subprocess.run(["bash", "infra/debian.sh", *pdf.PACKAGES], cwd=ROOT, check=False).returncode:
        raise Refused("The PDF files need libraries and fonts of the system: see above.")


def _ref(name: str) -> str | None:
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str] | None = None) -> int:
    """Publish, or print the folder to deploy; 1 and one sentence when that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m infra.publish", description="Publish the help centre.")
    parser.add_argument("version", nargs="?", help="the documentation's own version, N.N")
    parser.add_argument("--stage", help="the stage whose address the pages are built for")
    parser.add_argument("--remote", help="the remote of git that the branch is pushed to afterwards")
    given = parser.parse_args(arguments)
    if given.version is None and given.stage is None:
        parser.error("say which version to publish, or for which stage to print the folder")
    try:
        if given.version is None:
            print(folder_for(_address(given.stage), given.stage))
            return 0
        publication = Publication(given.version, _address(given.stage), given.remote)
        publication.run()
        if given.remote:
            publication.push()
    except (Refused, facts.FactError, deployment.WrongDeployment, git_utils.GitError) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _address(stage: str | None) -> str:
    if stage:
        return f"{deployment.read(stage).public_url}/"
    return f"{os.environ.get('CABINET_PUBLIC_URL', HERE).rstrip('/')}/"


if __name__ == "__main__":
    sys.exit(main())
