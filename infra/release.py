"""A release: the bundle, the layers and the templates that belong together, under one digest.

In the bucket archives lie by their own digests (`archives/<sha256>.zip`, each once), and each release's templates under
`releases/<digest>/`. Nothing there is ever changed, so an old release can be deployed again as it was.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

MANIFEST: Final = "release.json"
HISTORY: Final = "releases/history.txt"
ARCHIVES: Final = {"bundle.zip": "CodeKey", "layer-base.zip": "BaseLayerKey", "layer-typst.zip": "TypstLayerKey"}


class NoRelease(LookupError):  # noqa: N818 - a statement
    """There is no such release, or what is there is not what its digest says."""


@dataclass(frozen=True)
class Release:
    """A folder with a release: its stage, its digest and the digests of its files."""

    folder: Path
    stage: str
    digest: str
    files: dict[str, str]

    @classmethod
    def in_folder(cls, folder: Path) -> "Release":
        """Read what `make package` has built."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        except FileNotFoundError:
            raise NoRelease(f"There is no release in {folder}: run make package first.") from None
        return cls(folder, manifest["stage"], manifest["digest"], manifest["files"])

    @property
    def parameters(self) -> dict[str, str]:
        """Where the stacks find the archives."""
        return {name: _archive(self.files[file]) for file, name in ARCHIVES.items() if file in self.files}

    def upload(self, s3: Any, bucket: str) -> int:
        """Put what the bucket lacks; returns how many objects were put. Archives first: a manifest promises them."""
        put = 0
        for file in (one for one in ARCHIVES if one in self.files):
            content = (self.folder / file).read_bytes()
            if hashlib.sha256(content).hexdigest() != self.files[file]:
                raise NoRelease(f"{file} is not the one of the release: run make package again.")
            put += _put_once(s3, bucket, _archive(self.files[file]), content)
        names = sorted(file for file in self.files if file.endswith(".json"))
        for name in [*names, MANIFEST]:
            put += _put_once(s3, bucket, f"releases/{self.digest}/{name}", (self.folder / name).read_bytes())
        return put

    @classmethod
    def download(cls, s3: Any, bucket: str, digest: str, folder: Path) -> "Release":
        """Fetch the templates of an older release into a folder; NoRelease when it is not there or damaged."""
        place = f"releases/{digest}"
        try:
            content = s3.get_object(Bucket=bucket, Key=f"{place}/{MANIFEST}")["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404", "AccessDenied"}:
                raise NoRelease(f"The bucket {bucket} has no release {digest}.") from None
            raise
        (folder / MANIFEST).write_bytes(content)
        release = cls.in_folder(folder)
        for name, digest_of_file in release.files.items():
            if name.endswith(".json"):
                content = s3.get_object(Bucket=bucket, Key=f"{place}/{name}")["Body"].read()
                if hashlib.sha256(content).hexdigest() != digest_of_file:
                    raise NoRelease(f"{name} of the release {digest} is damaged.")
                (folder / name).write_bytes(content)
        return release


def note(s3: Any, bucket: str, line: str) -> None:
    """Add a line to the list of what was deployed when."""
    history = history_of(s3, bucket)
    s3.put_object(Bucket=bucket, Key=HISTORY, Body="\n".join([*history, line, ""]).encode(), ContentType="text/plain")


def history_of(s3: Any, bucket: str) -> list[str]:
    """Return what was deployed when, oldest first: moment and digest."""
    try:
        text: str = s3.get_object(Bucket=bucket, Key=HISTORY)["Body"].read().decode()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return []
        raise
    return text.splitlines()


def put_template(s3: Any, bucket: str, content: bytes) -> str:
    """Put a template where CloudFormation can read it; returns its key."""
    key = f"templates/{hashlib.sha256(content).hexdigest()}.json"
    _put_once(s3, bucket, key, content)
    return key


def _archive(digest: str) -> str:
    return f"archives/{digest}.zip"


def _put_once(s3: Any, bucket: str, key: str, content: bytes) -> int:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey", "403"}:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        return 1
    return 0
