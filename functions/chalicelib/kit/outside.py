"""Calls to outside systems inside a request: one time budget, few retries, a breaker that all functions share."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.kit import clock, log, secret, settings
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.transaction import Transaction

BUDGET_SECONDS: Final = 3.0
ATTEMPTS: Final = 2
FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30
_NO_ANSWER: Final = 500


class Unavailable(Exception):  # noqa: N818 - a state of the outside world, not an error of ours
    """The system did not answer properly in time, or is being left alone after many failures."""


class System:
    """One outside system, by its name in settings and secrets. `breaker` is its item, read with the other items."""

    def __init__(self, name: str, breaker: Breaker | None, trace_id: str) -> None:
        self.name = name
        self.breaker = breaker
        self.trace_id = trace_id

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post JSON; returns the status (below 500) and the JSON answer, or raises Unavailable."""
        if self.breaker is not None and self.breaker.open_until > clock.epoch():
            raise Unavailable
        deadline = time.monotonic() + BUDGET_SECONDS
        for attempt in range(ATTEMPTS):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            # The first try may not eat the whole budget, or there would be no second.
            answer = self._once(path, body, left / (ATTEMPTS - attempt))
            if answer is not None:
                return answer
        log.event("outside-unavailable", self.trace_id, system=self.name)
        Breaker.failed(self.name, FAILURES_TO_OPEN, OPEN_SECONDS)
        raise Unavailable

    def forgive(self, transaction: Transaction) -> None:
        """After a good answer, forget earlier failures together with the change being written."""
        if self.breaker is not None and (self.breaker.failures or self.breaker.open_until):
            transaction.update(self.breaker, *self.breaker.recovered())

    def _once(self, path: str, body: Mapping[str, Any], seconds: float) -> tuple[int, dict[str, Any]] | None:
        import urllib3  # noqa: PLC0415 - only those who ask outside systems pay for it

        headers = {
            "Authorization": f"Bearer {secret.outside_key(self.name)}",
            "Content-Type": "application/json",
            "X-Request-Id": self.trace_id,
        }
        try:
            answer = urllib3.request(
                "POST",
                settings.outside(self.name) + path,
                body=json.dumps(body, default=str),
                headers=headers,
                timeout=urllib3.Timeout(total=seconds),
                retries=False,
                redirect=False,
            )
            tree = answer.json()
            return None if answer.status >= _NO_ANSWER or not isinstance(tree, dict) else (answer.status, tree)
        except (urllib3.exceptions.HTTPError, ValueError):
            return None
