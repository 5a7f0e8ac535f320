"""The deployment secret: made by the operator, once for a deployment, and never overwritten.

    python -m infra.secret --stage dev                # makes what is missing, and renews the proof of the CDN
    python -m infra.secret --stage dev --change esia_signing    # another key of one outside system, or its first

Asks (on standard input, unseen on a terminal) for the keys by which the cabinet presents itself to outside systems; an
empty answer leaves a system unconnected. The root of all other keys is random. Everything is wrapped by the data key
and kept in its table; nothing is printed.

What the CDN shows to the API is derived from the newest turning root and kept by Secrets Manager under `<prefix>/edge`,
in the region of the APIs and in that of the CDN. A second run makes only what a first one that was cut off has not made,
and after the root was turned it keeps the new proof beside the one before: the next deployment lets the CDN show it.
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
    """Make what is missing or change one key; 1 when everything was there, or with the reason when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m infra.secret", description="Make the deployment secret, once.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--change", choices=OUTSIDE_KEYS, help="type another key of one outside system")
    given = parser.parse_args(arguments)
    try:
        found = deployment.read(given.stage)
    except WrongDeployment as wrong:
        return _refuse(str(wrong))
    found.enter()
    if given.change:
        return change(given.change)
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
        said.append("The proof of the CDN is kept by Secrets Manager; the next deployment lets the CDN show it.")
    return said


def change(name: str) -> int:
    """Ask for another key of one outside system and write it; warm functions know it five minutes later."""
    from chalicelib.kit import secret  # noqa: PLC0415 - it reads the environment

    if not is_there():
        return _refuse("The deployment has no secret yet: run this tool without --change first.")
    key = _ask(f"Key of {name}: ")
    if not key:
        return _refuse("No key was typed. Nothing was done.")
    if not secret.change_outside_keys(**{name: key}):
        return _refuse("Somebody else has just changed the secret. Nothing was done: run it again.")
    print(f"The key of {name} is changed; every function knows it in five minutes.")
    return 0


def is_there() -> bool:
    """Tell whether the deployment has its secret; the environment must be that of the deployment."""
    from chalicelib.kit import secret  # noqa: PLC0415 - see above
    from chalicelib.kit.records.tables import DeploymentSecret  # noqa: PLC0415 - see above
    from chalicelib.kit.tables import Get, fetch  # noqa: PLC0415 - see above

    return fetch((Get(DeploymentSecret, secret.PLACE),))[0] is not None


def _keep(found: Deployment, proof: str) -> bool:
    from chalicelib.kit import aws  # noqa: PLC0415 - see above
    from infra.templates import edge, gateway  # noqa: PLC0415 - see above

    name, secrets_manager = gateway.edge_secret(found.prefix), aws.client("secretsmanager")
    # One that nobody knows comes first: then there is always a version before the present one, which rules let in too.
    request: dict[str, Any] = {"Name": name, "SecretString": secrets.token_hex(32)}
    if found.region != edge.REGION:
        request["AddReplicaRegions"] = [{"Region": edge.REGION}]
    try:
        secrets_manager.create_secret(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
    if secrets_manager.get_secret_value(SecretId=name)["SecretString"] == proof:
        return False
    secrets_manager.put_secret_value(SecretId=name, SecretString=proof)
    return True


def _ask(question: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(question).strip()
    return sys.stdin.readline().strip()


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
