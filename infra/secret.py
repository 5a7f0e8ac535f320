"""The deployment secret: made by the operator, once for a deployment, and never overwritten.

    python -m infra.secret --stage dev

Asks (on standard input, unseen on a terminal) for the keys by which the cabinet presents itself to outside systems; an
empty answer leaves a system unconnected. The root of all other keys is random. Everything is wrapped by the data key
and kept in its table; nothing is printed.

What the CDN shows to the API is derived from the root and kept by Secrets Manager under `<prefix>/edge`, in the region
of the APIs and in that of the CDN. A second run makes only what a first one that was cut off has not made.
"""

import argparse
import getpass
import secrets
import sys
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above
from infra.deployment import Deployment, WrongDeployment  # noqa: E402 - see above

OUTSIDE_KEYS: Final = ("frmr", "esia_signing", "oidc")


def main(arguments: list[str] | None = None) -> int:
    """Make what is missing; 1 when everything was there or the stage is unknown."""
    parser = argparse.ArgumentParser(prog="python -m infra.secret", description="Make the deployment secret, once.")
    parser.add_argument("--stage", required=True)
    try:
        found = deployment.read(parser.parse_args(arguments).stage)
    except WrongDeployment as wrong:
        return _refuse(str(wrong))
    found.enter()
    made = make(found)
    if not made:
        return _refuse("The deployment secret is there; a new one would make everything unreadable. Nothing was done.")
    print(*made, sep="\n")
    return 0


def make(found: Deployment) -> list[str]:
    """Make the secret and the proof of the CDN where they are missing; returns a sentence for each that was made."""
    from chalicelib.kit import secret, web  # noqa: PLC0415 - they read the environment

    said = []
    if not is_there():
        keys = {name: key for name in OUTSIDE_KEYS if (key := _ask(f"Key of {name} (empty: not connected): "))}
        secret.store(root=secrets.token_hex(32), **keys)
        said.append("The deployment secret is made.")
    if _keep(found, web.edge_proof()):
        said.append("The proof of the CDN is kept by Secrets Manager.")
    return said


def is_there() -> bool:
    """Tell whether the deployment has its secret; the environment must be that of the deployment."""
    from chalicelib.kit import secret  # noqa: PLC0415 - see above
    from chalicelib.kit.records.tables import DeploymentSecret  # noqa: PLC0415 - see above
    from chalicelib.kit.tables import Get, fetch  # noqa: PLC0415 - see above

    return fetch((Get(DeploymentSecret, secret.PLACE),))[0] is not None


def _keep(found: Deployment, proof: str) -> bool:
    from chalicelib.kit import aws  # noqa: PLC0415 - see above
    from infra.templates import edge, gateway  # noqa: PLC0415 - see above

    request: dict[str, Any] = {"Name": gateway.edge_secret(found.prefix), "SecretString": proof}
    if found.region != edge.REGION:
        request["AddReplicaRegions"] = [{"Region": edge.REGION}]
    try:
        aws.client("secretsmanager").create_secret(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceExistsException":
            return False
        raise
    return True


def _ask(question: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(question).strip()
    return sys.stdin.readline().strip()


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
