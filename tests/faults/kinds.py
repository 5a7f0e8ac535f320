"""What can go wrong between the cabinet and AWS, put in below botocore's own retries: nothing of ours is replaced.

One attempt is one HTTP request. moto answers requests through one object (`BotocoreStubber`); the injector stands
around it, so every client of every service meets the faults, also one that is made later.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore import endpoint
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from moto.core.botocore_stubber import BotocoreStubber

from chalicelib.kit import tables

NAMED_TABLE = re.compile(r'"TableName":\s*"([^"]+)"')
MANY = frozenset({"TransactWriteItems", "TransactGetItems"})
WRITES = frozenset({"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"})


class Killed(BaseException):
    """The function's process is gone: no handler of its code runs."""


class Attempt(NamedTuple):
    """One HTTP request to AWS: what is asked of which tables."""

    service: str
    action: str
    tables: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.service} {self.action} {' '.join(self.tables)}".strip()

    @property
    def conflicts(self) -> bool:
        """Whether other transactions can be in its way."""
        return self.service == "dynamodb" and self.action in MANY | WRITES

    @property
    def cancels(self) -> bool:
        """Whether it is a transaction."""
        return self.service == "dynamodb" and self.action in MANY


Answer = Callable[[Any], AWSResponse]  # asks the engine
Fault = Callable[[Attempt, Any, Answer], AWSResponse]


def refused(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Refuse the connection: nothing happens."""
    raise EndpointConnectionError(endpoint_url=request.url, error="refused")


def unconnected(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Let the time for a connection run out: nothing happens."""
    raise ConnectTimeoutError(endpoint_url=request.url)


def lost(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Do it, and lose the answer until the time is out."""
    ask(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def throttled(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Answer that there are too many requests."""
    is_store = attempt.service == "dynamodb"
    return error(request, 400, "ProvisionedThroughputExceededException" if is_store else "ThrottlingException")


def broken(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Answer with an error of the service itself."""
    return error(request, 500, "InternalServerError")


def in_conflict(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Answer that another transaction is under way."""
    if attempt.cancels:
        return cancelled(request, "TransactionConflict")
    return error(request, 400, "TransactionConflictException")


def short_of_capacity(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Cancel a transaction for want of capacity."""
    return cancelled(request, "ProvisionedThroughputExceeded")


def short_of_units(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """Cancel a transaction as throttled."""
    return cancelled(request, "ThrottlingError")


def killed(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """End the process before the request leaves."""
    raise Killed


def killed_after(attempt: Attempt, request: Any, ask: Answer) -> AWSResponse:
    """End the process when the request has been done."""
    ask(request)
    raise Killed


def error(request: Any, status: int, code: str, **more: Any) -> AWSResponse:
    """Write an error as the protocol of the request does."""
    kind = request.headers.get("Content-Type") or b""
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if "urlencoded" in kind or ".s3." in request.url:
        inner = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
        text = inner if ".s3." in request.url else f"<ErrorResponse>{inner}<RequestId>x</RequestId></ErrorResponse>"
        return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, _Raw(text.encode()))
    body = json.dumps({"__type": code, "message": "injected", "Message": "injected"} | more).encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}
    return AWSResponse(request.url, status, headers, _Raw(body))


def cancelled(request: Any, reason: str) -> AWSResponse:
    """Write a cancelled transaction: its first item is the reason."""
    count = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": reason, "Message": "injected"}, *[{"Code": "None"}] * (count - 1)]
    return error(request, 400, "TransactionCanceledException", CancellationReasons=reasons)


class _Raw(BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Read it at once."""
        yield self.read()


@dataclass(frozen=True)
class Kind:
    """One way to break a call: what happens, and how long it goes on.

    `lasts`: `once` breaks one attempt; `ever` every attempt of the same call until the run ends; `all` breaks this
    attempt and refuses whatever comes after it.
    """

    name: str
    fault: Fault
    lasts: str
    applies: Callable[[Attempt], bool] = lambda _: True

    def __str__(self) -> str:
        return self.name

    @property
    def kills(self) -> bool:
        """Whether nobody is left to answer."""
        return self.fault in {killed, killed_after}

    @property
    def loses(self) -> bool:
        """Whether something is done of which nobody hears."""
        return self.fault in {lost, killed_after}


def _always(_: Attempt) -> bool:
    return True


KINDS: list[Kind] = [
    *(
        Kind(f"{name} {lasts}", fault, lasts, applies)
        for name, fault, applies in (
            ("refused", refused, _always),
            ("timed out", unconnected, _always),
            ("answer lost", lost, _always),
            ("throttled", throttled, _always),
            ("error 500", broken, _always),
            ("conflict", in_conflict, lambda one: one.conflicts),
            ("cancelled for capacity", short_of_capacity, lambda one: one.cancels),
            ("cancelled as throttled", short_of_units, lambda one: one.cancels),
        )
        for lasts in ("once", "ever")
    ),
    Kind("answer lost, then all refused", lost, "all"),
    Kind("killed before", killed, "once"),
    Kind("killed after", killed_after, "once"),
]


@dataclass
class Plan:
    """What is to break in one run, and what was seen in it."""

    kind: Kind | None = None
    at: int = 0
    seen: list[Attempt] = field(default_factory=list)
    injected: int = 0

    @property
    def target(self) -> Attempt:
        """The attempt that was broken first."""
        return self.seen[self.at]

    def fault(self, attempt: Attempt) -> Fault | None:
        """Decide about the next attempt."""
        self.seen.append(attempt)
        number = len(self.seen) - 1
        if self.kind is None or number < self.at:
            return None
        if number == self.at:
            return self._count(self.kind.fault)
        if self.kind.lasts == "all":
            return self._count(refused)
        if self.kind.lasts == "ever" and attempt == self.target:
            return self._count(self.kind.fault)
        return None

    def _count(self, fault: Fault) -> Fault:
        self.injected += 1
        return fault


@contextmanager
def under(plan: Plan) -> Iterator[Plan]:
    """Run the body under a plan. Waits between tries take no time; each run begins with botocore's full retry quota."""
    real = BotocoreStubber.__call__

    def call(stubber: Any, event_name: str, request: Any, **more: Any) -> Any:
        _, service, action = event_name.split(".")
        body = request.body or b""
        named = NAMED_TABLE.findall(body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))
        attempt = Attempt(service, action, tuple(sorted(named)))

        def ask(asked: Any) -> Any:
            return real(stubber, event_name, asked, **more)

        fault = plan.fault(attempt)
        return ask(request) if fault is None else fault(attempt, request, ask)

    unhurried = SimpleNamespace(sleep=lambda _: None)
    with (
        patch.object(BotocoreStubber, "__call__", call),
        patch.object(endpoint, "time", unhurried),
        patch.object(tables, "time", unhurried),
        patch.object(RetryQuota, "acquire", lambda *_: True),  # three attempts never spend a fresh quota of 500
    ):
        yield plan
