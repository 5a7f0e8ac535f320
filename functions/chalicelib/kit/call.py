"""What an operation holds in its hands: who calls, what may be read, and what will be written."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import msgspec

from chalicelib.kit import clock, ids, secret, ticket
from chalicelib.kit.access import Actor, Relation
from chalicelib.kit.catalogue import Operation
from chalicelib.kit.counts.tables import Guessed, Visits
from chalicelib.kit.refusals import Busy, InvalidCursor, NotFound, Stale
from chalicelib.kit.tables import Find, Get, Table, fetch, patiently
from chalicelib.kit.transaction import Transaction
from chalicelib.kit.web import Request

CURSOR_SECONDS = 24 * 3600
A = TypeVar("A", bound=Table)
B = TypeVar("B", bound=Table)
C = TypeVar("C", bound=Table)


class NotYours(NotFound):
    """The entity exists and belongs to somebody else; looks exactly like NotFound, and no stored answer replaces it."""

    @classmethod
    def code(cls) -> str:
        """Share the code of NotFound."""
        return NotFound.code()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of found items and the cursor of the next."""

    items: Sequence[Any]
    next_cursor: str | None


class Call:
    """One call of one operation."""

    def __init__(self, operation: Operation, request: Request) -> None:
        self.operation = operation
        self.request = request
        self.trace_id = request.trace_id
        self.transaction = Transaction(Stale if operation.match else Busy)
        self.aftermath = Transaction()  # what is written and sent when the call is refused, and only then
        self.headers: dict[str, str] = {}
        self.subject: str | None = None
        self.objects: list[str] = []
        self.fields: list[str] = []
        self.proven = operation.public
        self.matched = False
        self.identified: Actor | None = None
        self.relation: Relation | None = None
        self.visits = Visits(calls=0)
        self.guesses: Guessed | None = None

    @property
    def actor(self) -> Actor:
        """The acting person; only operations for signed-in people may ask."""
        if self.identified is None:
            raise LookupError("A public operation has no actor.")
        return self.identified

    @overload
    def read(self, first: Get[A], /) -> A: ...
    @overload
    def read(self, first: Get[A], second: Get[B], /) -> tuple[A, B]: ...
    @overload
    def read(self, first: Get[A], second: Get[B], third: Get[C], /) -> tuple[A, B, C]: ...
    def read(self, *gets: Get[Any]) -> Any:
        """Read one to three items in one trip; refuses when one is missing or is not the caller's."""
        found = fetch(gets)
        if any(item is None for item in found):
            raise NotFound
        for item in found:
            self.prove(item)
        return found[0] if len(gets) == 1 else tuple(found)

    def look(self, *gets: Get[Any]) -> list[Any]:
        """Read items that need not exist, in one trip; None stands for a missing one."""
        found = fetch(gets)
        for item in found:
            if item is not None:
                self.prove(item)
        return found

    def page(
        self, find: Find[Any], limit: int, start: str | None, bound: str = "", *, read: Callable[..., Any] = Find.page
    ) -> Page:
        """Read one page of a list in one trip, newest first where the list says so."""
        if self.relation is not None and not self.relation.covers(self.actor, find.partition):
            raise NotYours
        self.proven = True
        bound = f"{self.operation.name}/{self.actor.person_id}/{find.partition}/{bound}"
        opened = ticket.unseal("cursor", start, bound) if start else {"place": None}
        if opened is None:
            raise InvalidCursor
        items, place = patiently(lambda: read(find, limit, opened["place"]))
        cursor = ticket.seal("cursor", CURSOR_SECONDS, bound, place=place) if place else None
        return Page(items=items, next_cursor=cursor)

    def prove(self, item: Table) -> None:
        """Judge whether the acting person may deal with an item, by the relation declared for his role."""
        if self.relation is None or self.identified is None:
            return
        verdict = self.relation.proves(self.identified, item)
        if verdict is False:
            raise NotYours
        self.proven = self.proven or verdict is True
        if item.person not in {None, self.identified.person_id}:
            self.subject = item.person

    def note(self, *, objects: Sequence[str] = (), fields: Sequence[str] = ()) -> None:
        """Add ids and field names (never values) to the journal record."""
        self.objects += objects
        self.fields += fields

    def match(self, item: Table) -> None:
        """Refuse unless the caller named the present version of a loaded item; the transaction holds it to that."""
        self.match_version(getattr(item, "version", 0))

    def match_version(self, version: float) -> None:
        """Refuse unless the caller named this version; for a part of an item that has a version of its own."""
        self.matched = True
        if self.request.headers.get("if-match") != f'"{int(version)}"':
            raise Stale

    def tag(self, version: int) -> None:
        """Set the entity tag of the answer."""
        self.headers["ETag"] = f'"{version}"'

    @property
    def source(self) -> str:
        """The keyed hash of the caller's network."""
        return secret.look_up("source", self.request.network)

    def new_id(self, prefix: str) -> str:
        """Make an identifier and note it for the journal."""
        made = ids.new(prefix)
        self.note(objects=[made])
        return made

    @property
    def now(self) -> int:
        """The moment of the call, seconds since 1970."""
        return clock.epoch()
