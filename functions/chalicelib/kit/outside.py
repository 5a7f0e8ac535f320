"""Calls to outside systems inside a request: one time budget, few retries, a breaker that all functions share."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from chalicelib.kit import clock, log, secret, settings
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.transaction import Transaction

BUDGET_SECONDS: Final = 3.0
ATTEMPTS: Final = 2
FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30
_NO_ANSWER: Final = 500

Answer = tuple[int, dict[str, Any]]


class Unavailable(Exception):  # noqa: N818 - a state of the outside world, not an error of ours
    """The system did not answer properly in time, or is being left alone after many failures."""


class System:
    """One outside system, by its name in settings and secrets; the budget is that of all its calls in a request.

    `breaker` is its item, read with the other items; None where it was asked about before.
    """

    def __init__(self, name: str, breaker: Breaker | None, trace_id: str) -> None:
        self.name = name
        self.breaker = breaker
        self.trace_id = trace_id
        self._deadline = 0.0

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Post JSON under the cabinet's key; returns the status (below 500) and the JSON answer, or raises Unavailable."""
        headers = {"Authorization": f"Bearer {secret.outside_key(self.name)}", "Content-Type": "application/json"}
        text = json.dumps(body, default=str)
        return self._ask("POST", settings.outside(self.name) + path, text, headers, ATTEMPTS)

    def form(self, address: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Post a form, once: what it spends, such as a code, could not be spent again."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._ask("POST", address, urlencode(fields), sent, 1)

    def get(self, address: str, **headers: str) -> Answer:
        """Get JSON from an address."""
        return self._ask("GET", address, None, headers, ATTEMPTS)

    def forgive(self, transaction: Transaction) -> None:
        """After a good answer, forget earlier failures together with the change being written."""
        if self.breaker is not None and (self.breaker.failures or self.breaker.open_until):
            transaction.update(self.breaker, *self.breaker.recovered())

    def rest(self) -> int:
        """Return for how many seconds more the system is left alone."""
        return 0 if self.breaker is None else max(0, int(self.breaker.open_until) - clock.epoch())

    def _ask(self, method: str, address: str, body: str | None, headers: Mapping[str, str], attempts: int) -> Answer:
        if self.rest():
            raise Unavailable
        self._deadline = self._deadline or time.monotonic() + BUDGET_SECONDS
        for attempt in range(attempts):
            left = self._deadline - time.monotonic()
            if left <= 0:
                break
            # The first try may not eat the whole budget, or there would be no second.
            answer = self._once(method, address, body, headers, left / (attempts - attempt))
            if answer is not None:
                return answer
        log.event("outside-unavailable", self.trace_id, system=self.name)
        Breaker.failed(self.name, FAILURES_TO_OPEN, OPEN_SECONDS)
        raise Unavailable

    def _once(
        self, method: str, address: str, body: str | None, headers: Mapping[str, str], seconds: float
    ) -> Answer | None:
        import urllib3  # noqa: PLC0415 - only those who ask outside systems pay for it

        try:
            answer = urllib3.request(
                method,
                address,
                body=body,
                headers={**headers, "X-Request-Id": self.trace_id},
                timeout=urllib3.Timeout(total=seconds),
                retries=False,
                redirect=False,
            )
            tree = answer.json()
            return None if answer.status >= _NO_ANSWER or not isinstance(tree, dict) else (answer.status, tree)
        except (urllib3.exceptions.HTTPError, ValueError):
            return None
