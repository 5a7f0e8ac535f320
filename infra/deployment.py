"""One deployment as its file says: deploy/<stage>.toml, read and judged; nothing secret is in it.

python -m infra.deployment dev    # prints the address that people know
"""

import argparse
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.templates.stages import STAGES, prefix_of

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "deploy"


class WrongDeployment(ValueError):  # noqa: N818 - a statement
    """The file of a stage is not there or says something impossible."""


@dataclass(frozen=True)
class Deployment:
    """A stage, its region and the parameters of its stacks."""

    stage: str
    region: str
    parameters: dict[str, str]

    @property
    def prefix(self) -> str:
        """What all names of the deployment begin with."""
        return prefix_of(self.stage)

    @property
    def public_url(self) -> str:
        """The address that people know, without a slash at the end."""
        return f"https://{self.parameters['PublicHost']}"

    def enter(self) -> None:
        """Set the environment as the functions have it; tables read their names when they are first imported."""
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = self.region
        os.environ["CABINET_PREFIX"] = self.prefix
        os.environ["CABINET_PUBLIC_URL"] = self.public_url
        os.environ["CABINET_MAIL_SENDER"] = self.parameters["MailSender"]


def read(stage: str, folder: Path = FOLDER) -> Deployment:
    """Read the file of a stage; WrongDeployment says in a sentence what is wrong with it."""
    if stage not in STAGES:
        raise WrongDeployment(f"There is no stage {stage!r}: choose {' or '.join(STAGES)}.")
    path = folder / f"{stage}.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongDeployment(f"There is no {path}: copy the example of the repository and fill it in.") from None
    except tomllib.TOMLDecodeError as error:
        raise WrongDeployment(f"{path} is not TOML: {error}.") from None
    region, parameters = found.get("region"), found.get("parameters")
    if not isinstance(region, str) or not isinstance(parameters, dict) or found.keys() - {"region", "parameters"}:
        raise WrongDeployment(f"{path} must have `region`, the table [parameters] and nothing else.")
    strange = [name for name, value in parameters.items() if not isinstance(value, str)]
    missing = [name for name in ("PublicHost", "ApiHost", "MailSender") if not parameters.get(name)]
    if strange or missing:
        raise WrongDeployment(f"{path}: these parameters must be text: {', '.join(sorted({*strange, *missing}))}.")
    return Deployment(stage, region, parameters)


def enter_named() -> None:
    """Enter the stage that the command line names, before tables read their names; ends the program when it is wrong.

    A command line without a stage is left to the tool's own parser.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--stage")
    stage = parser.parse_known_args()[0].stage
    if stage:
        try:
            read(stage).enter()
        except WrongDeployment as wrong:
            sys.exit(str(wrong))


def tell(tool: Callable[[], int]) -> int:
    """Run a tool of the operator; what AWS refuses is said in a sentence."""
    from pynamodb.exceptions import PynamoDBException  # noqa: PLC0415 - the site's build needs no tables

    try:
        return tool()
    except (BotoCoreError, ClientError, PynamoDBException) as error:
        cause = getattr(error, "cause", None) or error
        print(f"AWS: {str(cause).rstrip('.')}. Mend the cause and run it again.", file=sys.stderr, flush=True)
        return 1


def main(arguments: list[str] | None = None) -> int:
    """Print the address of a stage; 1 and a sentence when its file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.deployment", description="Print the address of a stage.")
    parser.add_argument("stage")
    try:
        print(read(parser.parse_args(arguments).stage).public_url)
    except WrongDeployment as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
