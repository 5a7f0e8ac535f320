"""Deploy what `make package` and `make docs` have built: change sets to confirm, one wave of stacks after another.

    python -m infra.deploy --stage dev                    # asks before every wave; YES=1 answers for machines
    python -m infra.deploy --stage dev --releases         # what was deployed when
    python -m infra.deploy --stage dev --rollback DIGEST  # functions and layers of an older release

AWS credentials come from the environment or the profile, as botocore finds them. Replacing or removing a table, key or
queue is refused unless `--replace` is said. A second run goes on where a first one was cut off.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment, release, site  # noqa: E402 - found through the two paths above
from infra.changes import ChangeSet, Failed, Stacks  # noqa: E402 - see above
from infra.deployment import Deployment, WrongDeployment  # noqa: E402 - see above
from infra.release import NoRelease, Release  # noqa: E402 - see above
from infra.site import NoSite  # noqa: E402 - see above
from infra.templates import edge, gateway  # noqa: E402 - see above

# Stacks of one wave need nothing of each other; each wave may use the outputs of those before it.
WAVES: Final = (
    ("artifacts",),
    ("stateful",),
    ("front", "layers"),
    ("functions-", "backups"),
    ("edge", "watch"),
)


class Declined(Exception):  # noqa: N818 - a statement
    """The operator did not agree."""


@dataclass
class Operator:
    """Who is told and asked."""

    agrees: bool
    ask: Callable[[str], str] = input

    def confirm(self, sets: list[ChangeSet]) -> None:
        """Show what will change and ask; Declined unless the answer is y."""
        print("\n".join(one.table() for one in sets), flush=True)
        if not self.agrees and self.ask("Carry this out? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise Declined


@dataclass
class Deploy:
    """One run: a deployment, the folder of its templates, and who is asked."""

    found: Deployment
    folder: Path
    operator: Operator
    may_replace: bool = False
    make: Callable[[str, str], Any] = lambda service, region: _session().create_client(service, region_name=region)
    sleep: Callable[[float], None] = time.sleep
    values: dict[str, str] = field(default_factory=dict)

    def run(self, built: Release, pages: Path | None) -> None:
        """Deploy every stack of the folder; with `pages` the site too."""
        if built.stage != self.found.stage:
            raise NoRelease(f"{self.folder} was packaged for {built.stage}: run make package STAGE={self.found.stage}.")
        self.values = {**self._given(), **built.parameters}
        if pages is not None:
            self.values["SiteScripts"] = scripts = site.scripts(pages)
            if len(edge.site_policy(scripts)) > site.MAX_POLICY:
                raise NoSite(f"{pages} has so many inline scripts that their policy is too long for the CDN.")
        self._judge_names()
        for wave in WAVES:
            self._wave(wave)
            if "artifacts" in wave:
                put = built.upload(self._client("s3"), self.bucket)
                print(f"Release {built.digest}: {put} objects uploaded.", flush=True)
            if "stateful" in wave:
                self._need_secret()
            if "functions-" in wave:
                self._note(built)
        if pages is not None:
            self._publish(pages)

    def back(self, digest: str, folder: Path) -> None:
        """Deploy the functions and layers of an older release; everything else stays as it is."""
        self.values = self._given()
        self._load()
        self._need_secret()
        built = Release.download(self._client("s3"), self.bucket, digest, folder)
        self.folder, self.values = folder, self.values | built.parameters
        for wave in WAVES:
            self._wave(wave)  # the folder of a release holds the templates of two waves
        self._note(built)

    def history(self) -> list[str]:
        """Return what was deployed when, oldest first."""
        self._load()
        return release.history_of(self._client("s3"), self.bucket)

    @property
    def bucket(self) -> str:
        """The bucket of releases."""
        if "CodeBucket" not in self.values:
            raise NoRelease("Nothing is deployed yet: there is no bucket of releases.")
        return self.values["CodeBucket"]

    def _given(self) -> dict[str, str]:
        return {**self.found.parameters, "PublicUrl": self.found.public_url}

    def _load(self) -> None:
        """Learn the outputs of the stacks that stand already."""
        for name in ("artifacts", "front", "layers"):
            self.values |= self._stacks(name).outputs(self._name(name))

    def _note(self, built: Release) -> None:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        release.note(self._client("s3"), self.bucket, f"{moment} {built.digest}")

    def _wave(self, wave: tuple[str, ...]) -> None:
        names = [path.stem for path in sorted(self.folder.glob("*.json")) if _is_of(path.stem, wave)]
        sets: list[ChangeSet] = []
        try:
            sets += (made for name in names if (made := self._prepare(name)) is not None)
            self._refuse_losses(sets)
            if sets:
                self.operator.confirm(sets)
        except (Declined, Failed):
            for one in sets:
                self._stacks(one.stack).drop(one)
            raise
        for one in sets:
            self._stacks(one.stack).start(one)
        failed = [said for one in sets if (said := self._waited(one))]  # the others are not left to go on unwatched
        if failed:
            raise Failed("\n".join(failed))
        for name in names:
            self.values |= self._stacks(name).outputs(self._name(name))

    def _waited(self, one: ChangeSet) -> str:
        """Wait for a stack and tell; returns what went wrong."""
        try:
            self._stacks(one.stack).wait(one)
        except Failed as failed:
            return str(failed)
        print(f"{one.stack} is done.", flush=True)
        return ""

    def _prepare(self, name: str) -> ChangeSet | None:
        template = (self.folder / f"{name}.json").read_text("ascii")
        moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        stack, url = self._name(name), self._put_template(name, template)
        return self._stacks(name).prepare(stack, f"{stack}-{moment}", template, url, self.values)

    def _put_template(self, name: str, template: str) -> str | None:
        if name == "artifacts":
            return None
        key = release.put_template(self._client("s3"), self.bucket, template.encode())
        return f"https://{self.bucket}.s3.{self.found.region}.amazonaws.com/{key}"

    def _refuse_losses(self, sets: list[ChangeSet]) -> None:
        lost = [
            f"{one.what}: {one.name}"
            for found in sets
            if found.stack == self._name("stateful")
            for one in found.changes
            if one.loses
        ]
        if lost and not self.may_replace:
            said = ", ".join(lost)
            raise Failed(f"What people have written might be lost ({said}). Say --replace if that is really meant.")

    def _need_secret(self) -> None:
        """Learn which versions of the CDN's proof there are; Failed without them or the deployment secret."""
        key = {"place": {"S": "current"}}
        table = f"{self.found.prefix}-deployment_secret"
        is_there = "Item" in self._client("dynamodb").get_item(TableName=table, Key=key)
        versions = self._proofs() if is_there else {}
        if not {"AWSCURRENT", "AWSPREVIOUS"} <= versions.keys():
            command = f"python -m infra.secret --stage {self.found.stage}"
            raise Failed(f"The deployment has not its whole secret yet: run `{command}`, then deploy again.")
        self.values |= {"EdgeProof": versions["AWSCURRENT"], "EdgeProofBefore": versions["AWSPREVIOUS"]}

    def _proofs(self) -> dict[str, str]:
        secrets = self._client("secretsmanager")
        try:
            found = secrets.describe_secret(SecretId=gateway.edge_secret(self.found.prefix))
        except secrets.exceptions.ResourceNotFoundException:
            return {}
        return {stage: version for version, stages in found["VersionIdsToStages"].items() for stage in stages}

    def _judge_names(self) -> None:
        """Refuse a parameter that no template asks for: it is misspelt, and a default would hide that."""
        asked = {"PublicHost"}
        for path in self.folder.glob("*.json"):
            asked |= json.loads(path.read_text("ascii")).get("Parameters", {}).keys()
        if strange := self.found.parameters.keys() - asked:
            raise WrongDeployment(f"No stack has the parameters {', '.join(sorted(strange))}.")

    def _publish(self, pages: Path) -> None:
        put = site.upload(self._client("s3", edge.REGION), self.values["SiteBucket"], pages)
        print(f"Site: {put} files uploaded.")
        if put:
            batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": datetime.now(UTC).isoformat()}
            self._client("cloudfront", edge.REGION).create_invalidation(
                DistributionId=self.values["DistributionId"], InvalidationBatch=batch
            )
        print(f"{self.found.public_url} → {self.values['PublicTarget']}")
        print(f"{self.found.parameters['ApiHost']} → {self.values['ApiTarget']}", flush=True)

    def _name(self, name: str) -> str:
        return f"{self.found.prefix}-{name.replace('_', '-')}"

    def _stacks(self, name: str) -> Stacks:
        region = edge.REGION if name.removeprefix(f"{self.found.prefix}-") == "edge" else self.found.region
        return Stacks(self._client("cloudformation", region), self.sleep)

    def _client(self, service: str, region: str | None = None) -> Any:
        return self.make(service, region or self.found.region)


def main(arguments: list[str] | None = None) -> int:
    """Deploy, roll back or list; 1 when nothing or not everything was done, with the reason."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Deploy a stage of the cabinet.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--package", type=Path, default=ROOT / "build/package")
    parser.add_argument("--site", type=Path, default=ROOT / "build/site")
    parser.add_argument("--replace", action="store_true", help="let tables, keys and queues be replaced or removed")
    parser.add_argument("--rollback", metavar="DIGEST", help="deploy the functions and layers of an older release")
    parser.add_argument("--releases", action="store_true", help="list what was deployed when")
    given = parser.parse_args(arguments)
    try:
        _carry_out(given)
    except Declined:
        print("Nothing more was changed.", file=sys.stderr, flush=True)
        return 1
    except (Failed, NoRelease, NoSite, WrongDeployment) as reason:
        print(reason, file=sys.stderr, flush=True)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(
            f"AWS: {str(error).rstrip('.')}. Nothing more was changed; mend the cause and run it again.",
            file=sys.stderr,
            flush=True,
        )
        return 1
    return 0


def _carry_out(given: argparse.Namespace) -> None:
    found = deployment.read(given.stage)
    operator = Operator(agrees=os.environ.get("YES") == "1")
    run = Deploy(found, given.package, operator, may_replace=given.replace)
    if given.releases:
        print(*run.history(), sep="\n")
    elif given.rollback:
        with tempfile.TemporaryDirectory() as folder:
            run.back(given.rollback, Path(folder))
    else:
        run.run(Release.in_folder(given.package), given.site)


def _is_of(name: str, wave: tuple[str, ...]) -> bool:
    return any(name == one or (one.endswith("-") and name.startswith(one)) for one in wave)


def _session() -> botocore.session.Session:
    return botocore.session.get_session()


if __name__ == "__main__":
    sys.exit(main())
