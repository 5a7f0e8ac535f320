"""What lists read as their tables grow, on the second engine: `python growth.py` prints one JSON line a case.

The table of a list first holds a short list and some lists of others, then a long list and many lists of others too.
The engine answers over HTTP; a hook of botocore counts the items that it read and the bytes that it sent. Its capacity
units are constants and tell nothing.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
FEW, SOME, MANY = 100, 10_000, 100_000
KINDS = {FEW: "pharmacy", SOME: "education", MANY: "hospital"}
BATCH = 25  # the most items of one BatchWriteItem
WRITERS = 4
DAY = 24 * 3600


@dataclass(frozen=True)
class Case:
    """One way to ask one list; `few` items are more than two pages of it."""

    operation: str
    role: str
    query: dict[str, str] = field(default_factory=dict)
    few: int = FEW

    @property
    def title(self) -> str:
        """The operation, and by what it was asked."""
        return " ".join([self.operation, *(f"by {name}" for name in self.query)])


BY_KIND = {"kind": "profile.changed"}
CASES = (
    Case("list_acts", "worker"),
    Case("list_acts", "worker", BY_KIND),
    Case("export_acts_csv", "worker", few=SOME),
    Case("export_acts_csv", "worker", BY_KIND, few=SOME),
    Case("export_acts_xlsx", "worker", few=SOME),
    Case("export_acts_xlsx", "worker", BY_KIND, few=SOME),
    Case("list_views", "worker"),
    Case("list_own_records", "worker"),
    Case("list_own_leaves", "worker"),
    Case("list_organisation_journal", "hr"),
    Case("list_organisation_acts", "regulator"),
    Case("list_checks", "authority"),
    Case("list_checks_of_us", "hr"),
    Case("list_confirmations", "worker"),
    Case("list_role_holders", "manager"),
    Case("list_role_holders", "manager", {"role": "hr"}),
    Case("list_invitations", "manager"),
    Case("list_organisations", "admin"),
    Case("list_page_ratings", "admin"),
)


class Reader:
    """Counts what the engine read and sent."""

    def __init__(self, client: Any) -> None:
        self.items = self.bytes = 0
        self.indexes: set[tuple[str, str | None]] = set()
        client.meta.events.register("before-call.dynamodb.Query", self._asked)
        client.meta.events.register("response-received.dynamodb", self._came)

    def start(self) -> None:
        """Begin to count anew."""
        self.items = self.bytes = 0

    def _asked(self, params: dict[str, Any], **_: Any) -> None:
        body = json.loads(params["body"])
        self.indexes.add((body["TableName"], body.get("IndexName")))

    def _came(self, response_dict: dict[str, Any], parsed_response: dict[str, Any], **_: Any) -> None:
        self.bytes += len(response_dict["body"])
        self.items += parsed_response.get("ScannedCount", len(parsed_response.get("Responses", ())))
        self.items += "Item" in parsed_response


class Field:
    """The cabinet on the second engine, with an owner of few items, one of some and one of many."""

    def __init__(self) -> None:
        import logs
        import make
        from performance import fillers

        from app import app
        from chalicelib.kit import aws, clock
        from chalicelib.kit.access import Role

        clock.advance(DAY - clock.now().timestamp() % DAY)  # no midnight of Moscow falls into the run
        self.fillers = fillers
        self.database = aws.client("dynamodb")
        self.reader = Reader(self.database)
        self.client = make.Client(app)
        self.people: dict[int, dict[str, make.Person]] = {}
        self.seats: dict[int, dict[str, tuple[Role, str | None]]] = {}
        self.owners: dict[int, fillers.Owner] = {}
        for size, kind in KINDS.items():
            place = f"1.2.643.5.1.13.13.12.2.77.{size}"
            seats: dict[str, tuple[Role, str | None]] = {}
            seats |= {role.value: (role, place) for role in (Role.HR, Role.MANAGER, Role.AUTHORITY)}
            seats |= {role.value: (role, None) for role in (Role.WORKER, Role.ADMIN)}
            seats["regulator"] = (Role.AUTHORITY, logs.AUTHORITY)
            people = {name: make.person(*seat, works_at=None) for name, seat in seats.items()}
            self.people[size] = people
            self.seats[size] = seats
            self.owners[size] = fillers.Owner(size, people["worker"].person_id, place, kind)

    def measure(self, model: Any, cases: list[Case]) -> Iterator[dict[str, Any]]:
        """Read the lists of one table while it is small, and again when it has grown."""
        sizes = {case.few for case in cases}
        self._fill(model, [(self.owners[size], number) for size in sizes for number in range(size)])
        self._fill(model, [(self._stranger(number), 0) for number in range(FEW)])
        alone = {case.title: self._read(case, model, case.few) for case in cases}
        self._fill(model, [(self.owners[MANY], number) for number in range(MANY)])
        self._fill(model, [(self._stranger(number), 0) for number in range(FEW, MANY)])
        for case in cases:
            grown = {"among": self._read(case, model, case.few), "long": self._read(case, model, MANY)}
            yield {"title": case.title, "few": case.few, "alone": alone[case.title]} | grown

    def _stranger(self, number: int) -> Any:
        return self.fillers.Owner(MANY + 1 + number, f"psn_{number:032x}", f"org_{number:032x}")

    def _fill(self, model: Any, made: Iterable[tuple[Any, int]]) -> None:
        """Write items by batches, several batches at once."""
        item, table = self.fillers.FILLERS[model], model.Meta.table_name
        rows = [{"PutRequest": {"Item": item(owner, number).serialize()}} for owner, number in made]
        batches = [{table: rows[begin : begin + BATCH]} for begin in range(0, len(rows), BATCH)]
        with ThreadPoolExecutor(WRITERS) as pool:
            for answer in pool.map(lambda batch: self.database.batch_write_item(RequestItems=batch), batches):
                if answer["UnprocessedItems"]:
                    raise RuntimeError("The engine left items out.")

    def _read(self, case: Case, model: Any, size: int) -> dict[str, Any]:
        """Ask for the first page and for the one after the middle item; returns what the engine read and sent for each.

        The cursor that the cabinet seals for the first page is made to name the middle item: paging there takes hours.
        """
        from chalicelib.kit import ticket

        middle = self.fillers.FILLERS[model](self.owners[size], size // 2).serialize()
        seal = ticket.seal

        def seal_middle(purpose: str, life_seconds: int, bound: str = "", **values: Any) -> str:
            place = {name: middle[name] for name in values["place"]}
            return seal(purpose, life_seconds, bound, place=place)

        asked = self._asked(case, size)
        with patch.object(ticket, "seal", seal_middle):
            self.reader.indexes.clear()
            first, cursor = self._page(case, size, **asked)
            asked["query"] |= {"cursor": cursor}
            after, _ = self._page(case, size, **asked)
        return {"first": first, "middle": after, "read": sorted(self.reader.indexes, key=str)}

    def _asked(self, case: Case, size: int) -> dict[str, Any]:
        import make

        by = self.people[size][case.role]
        make.sign_in(by, *self.seats[size][case.role])  # a session that has counted calls for minutes is read twice
        asked: dict[str, Any] = {"by": by, "query": dict(case.query)}
        if case.operation == "list_organisations":
            asked["query"]["kind"] = KINDS[size]
        if case.operation == "list_page_ratings":
            asked["query"]["month"] = self.fillers.month(self.owners[size])
        if case.operation == "list_organisation_acts":
            import logs

            order = logs.order(organisation_id=self.owners[size].organisation)
            asked["check_id"] = self.client.call("open_check", order, by=asked["by"]).json["check_id"]
            check = self.client.call("read_check", by=asked["by"], check_id=asked["check_id"])
            asked["query"]["pointer"] = check.json["pointer"]
        return asked

    def _page(self, case: Case, size: int, **asked: Any) -> tuple[list[int], str]:
        self.reader.start()
        answer = self.client.call(case.operation, **asked)
        if answer.status != 200:
            raise RuntimeError(f"{case.title}, {size} items: {answer.raw.decode()}")
        is_json = answer.headers["Content-Type"] == "application/json"
        cursor = answer.json["next_cursor"] if is_json else answer.headers.get("Cabinet-Next-Cursor")
        if not cursor:
            raise RuntimeError(f"{case.title}: nothing follows this page of {size} items.")
        return [self.reader.items, self.reader.bytes], cursor


def main() -> None:
    """Measure every case, table by table; the journal is the last, since every call writes into it."""
    for place in (ROOT, ROOT / "functions", ROOT / "tests"):
        sys.path.insert(0, str(place))
    from infra.local.engine import Engine

    with _second_engine() as address, Engine(CABINET_DYNAMODB_ENDPOINT=address):
        from botocore.config import Config

        from chalicelib.kit import aws, catalogue
        from chalicelib.kit.trail.tables import JournalRecord

        aws.forget()
        catalogue.load()
        with patch.object(aws, "Config", lambda **usual: Config(**usual | {"read_timeout": 120})):  # the engine sorts
            field_of = Field()
        for model in sorted({_table(case) for case in CASES}, key=lambda one: one is JournalRecord):
            cases = [case for case in CASES if _table(case) is model]
            for row in field_of.measure(model, cases):
                sys.stdout.write(json.dumps(row) + "\n")
                sys.stdout.flush()


@contextmanager
def _second_engine() -> Iterator[str]:
    """Run ministack and give its address; its data end with the block."""
    from infra.local.ministack import Process

    with TemporaryDirectory() as folder:
        process = Process(Path(folder))
        try:
            yield process.url
        finally:
            process.stop()


def _table(case: Case) -> Any:
    """Return the table that a list reads, by its declaration."""
    from chalicelib.kit import catalogue

    (model,) = {touch.model for touch in catalogue.operations[case.operation].reads if touch.action == "Query"}
    return model


if __name__ == "__main__":
    main()
