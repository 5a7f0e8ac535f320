"""The register of medical workers (ФРМР): what the cabinet asks of it, over HTTP (docs/engineering/frmr-contract.md)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from chalicelib.accounts.refusals import RegisterUnavailable
from chalicelib.kit.outside import System, Unavailable
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.tables import Get
from chalicelib.kit.transaction import Transaction

SYSTEM = "frmr"
BREAKER = Get(Breaker, SYSTEM)
_FOUND, _ACCEPTED, _REPEATED, _UNKNOWN = 200, 202, 200, 404


class Card(msgspec.Struct):
    """One employment by the register. Any part may be missing in real data."""

    organisation_id: str
    organisation_name: str = ""
    licence_number: str | None = None
    position: str = ""
    personnel_number: str | None = None
    since: date | None = None
    until: date | None = None

    def is_valid_on(self, day: date) -> bool:
        """Tell whether the employment holds on a day; the last day counts."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class RegisteredWorker(msgspec.Struct):
    """One worker by the register."""

    snils: str
    last_name: str
    first_name: str
    birth_date: date
    middle_name: str | None = None
    inn: str | None = None
    ogrnip: str | None = None
    cards: list[Card] = []
    specialities: list[str] = []
    qualification: str | None = None

    def valid_cards(self, day: date) -> list[Card]:
        """Return the employments that hold on a day."""
        return [card for card in self.cards if card.is_valid_on(day)]


class Register:
    """The register, asked inside a request: at most 3 s in total."""

    def __init__(self, breaker: Breaker | None, trace_id: str) -> None:
        self._system = System(SYSTEM, breaker, trace_id)

    def find(self, snils: str) -> RegisteredWorker | None:
        """Return the worker of a СНИЛС, or None when there is none; raises Unavailable."""
        status, answer = self._system.post("/frmr/v1/workers/search", {"snils": snils})
        if status == _UNKNOWN and answer.get("error") == "not_found":
            return None
        if status != _FOUND:
            raise Unavailable
        try:
            return msgspec.convert(_without_gaps(answer["worker"]), RegisteredWorker)
        except (KeyError, msgspec.ValidationError):
            raise Unavailable from None

    def ask(self, snils: str, transaction: Transaction) -> RegisteredWorker | None:
        """Find a worker for a request that writes: refuses when the register does not answer, forgives when it does."""
        try:
            worker = self.find(snils)
        except Unavailable:
            raise RegisterUnavailable from None
        self.forgive(transaction)
        return worker

    def propose(self, change_id: str, snils: str, fields: Mapping[str, object]) -> bool:
        """Send confirmed changes; the same `change_id` has one effect. False when the register refuses them for good."""
        body = {"change_id": change_id, "snils": snils, "fields": dict(fields)}
        status, answer = self._system.post("/frmr/v1/workers/changes", body)
        if status in {_ACCEPTED, _REPEATED}:
            return True
        if answer.get("error") in {"not_found", "invalid"}:
            return False
        raise Unavailable

    def forgive(self, transaction: Transaction) -> None:
        """After a good answer, forget earlier failures in the same write."""
        self._system.forgive(transaction)


def _without_gaps(tree: Any) -> Any:
    """Leave out what the register holds as null, so that it counts as missing, and cards without an organisation."""
    if isinstance(tree, dict) and "cards" in tree:
        tree = tree | {"cards": [one for one in tree["cards"] or () if one and one.get("organisation_id")]}
    if isinstance(tree, dict):
        return {name: _without_gaps(value) for name, value in tree.items() if value is not None}
    return [_without_gaps(one) for one in tree if one is not None] if isinstance(tree, list) else tree
