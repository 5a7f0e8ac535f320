"""Settings of a deployment, read from the environment; nothing here is secret (secrets: `kit/secret.py`)."""

import os
from typing import Final

MAX_SESSIONS = 10
CALLS_A_MINUTE = 600
PUBLIC_CALLS_A_MINUTE = 300
WRONG_GUESSES_AN_HOUR = 100  # of one network over all accounts, passwords and codes apart: a hospital mistypes too
SECURITY_RECORDS_A_MINUTE = 10
MAX_BODY_BYTES = 256 * 1024

# What is set of each outside system: `CABINET_ESIA_CLIENT_ID` and so on. The return address has a default.
OUTSIDE: Final = {
    "frmr": ("url",),
    "esia": ("url", "client_id", "certificate", "issuer", "provider_certificates", "return_address"),
    "oidc": ("url", "client_id", "scope", "return_address", "confirmed_claim", "confirmed_value"),
}


def table(name: str) -> str:
    """Return the full name of a table in this deployment."""
    return f"{os.environ.get('CABINET_PREFIX', 'cabinet')}-{name}"


def queue(channel: str) -> str:
    """Return the name of the queue of a channel in this deployment."""
    return f"{os.environ.get('CABINET_PREFIX', 'cabinet')}-{channel}"


def region() -> str:
    """Return the region; the default serves local runs, where no cloud is reached."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-central-1"


def endpoint(service: str) -> str | None:
    """Return the address of a DynamoDB-compatible (or other) service outside AWS, or None for AWS itself."""
    return os.environ.get(f"CABINET_{service.upper()}_ENDPOINT")


def key_alias() -> str:
    """Return the alias of the KMS key that wraps owners' keys and the deployment secret."""
    return f"alias/{os.environ.get('CABINET_PREFIX', 'cabinet')}-data"


def seal_key_aliases() -> tuple[str, str]:
    """Return the aliases of the KMS key that signs the seals of the journal and of the one before it, if there was one."""
    alias = f"alias/{os.environ.get('CABINET_PREFIX', 'cabinet')}-seals"
    return alias, f"{alias}-before"


def seals_bucket() -> str:
    """Return the bucket in which the seals of the journal are locked; bucket names are unique in the whole cloud."""
    return os.environ["CABINET_SEALS_BUCKET"]


def public_url() -> str:
    """Return the address at which people reach the cabinet and its help pages, without a slash at the end."""
    return os.environ.get("CABINET_PUBLIC_URL", "http://localhost:8080").rstrip("/")


def outside(system: str) -> str:
    """Return the base address of an outside system, for example `frmr`."""
    return outside_setting(system, "url").rstrip("/")


def outside_setting(system: str, name: str) -> str:
    """Return one setting of an outside system as it was written; empty when it is not set."""
    if name not in OUTSIDE[system]:
        raise LookupError(f"{system} has no setting {name}.")
    return os.environ.get(f"CABINET_{system}_{name}".upper(), "")


def mail_sender() -> str:
    """Return the address that letters of the cabinet come from."""
    return os.environ.get("CABINET_MAIL_SENDER", "cabinet@example.org")


def trust_file() -> str | None:
    """Return the file of this deployment's trusted certification authorities, or None for the one of the release."""
    return os.environ.get("CABINET_TRUST_FILE")
