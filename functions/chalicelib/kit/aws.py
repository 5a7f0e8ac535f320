"""The only place that makes AWS clients: one botocore session, clients made at their first use.

botocore is what boto3 itself wraps; the wrapper would only add to the cold start.
"""

import threading
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError

from chalicelib.kit import settings

NO_ANSWER: Final = (NoConnection, HTTPClientError)  # what a client raises when nothing came back

_lock = threading.RLock()
_clients: dict[str, Any] = {}
_session: botocore.session.Session | None = None


def client(service: str) -> Any:
    """Return the client of an AWS service (`dynamodb`, `kms`, `s3`, `sns`, `sesv2`, `sqs`), the same for all callers."""
    global _session  # noqa: PLW0603 - one session a process, as botocore advises
    with _lock:
        if service not in _clients:
            _session = _session or botocore.session.get_session()
            config = Config(
                connect_timeout=2,
                read_timeout=5,
                max_pool_connections=50,
                parameter_validation=False,
                retries={"mode": "standard", "total_max_attempts": 3},
            )
            made = _session.create_client(
                service, region_name=settings.region(), endpoint_url=settings.endpoint(service), config=config
            )
            if service == "dynamodb":
                made._ruleset_resolver = None  # noqa: SLF001 - it finds the one address anew with every call
            _clients[service] = made
        return _clients[service]


def forget() -> None:
    """Drop all clients; tests change the engine beneath them."""
    global _session  # noqa: PLW0603 - see above
    with _lock:
        _clients.clear()
        _session = None
