"""The base of every table; apart from files named `tables.py`, nothing knows PynamoDB."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec
from pynamodb.connection.base import BOTOCORE_EXCEPTIONS
from pynamodb.exceptions import (
    PynamoDBException,
    TransactGetError,
    TransactWriteError,
    UpdateError,
    VerboseClientError,
)
from pynamodb.expressions.condition import Condition as Condition  # noqa: PLC0414 - see Action
from pynamodb.expressions.update import Action as Action  # noqa: PLC0414 - given on to whoever makes changes
from pynamodb.indexes import GlobalSecondaryIndex as GlobalSecondaryIndex  # noqa: PLC0414 - given on to the catalogue
from pynamodb.pagination import ResultIterator
from pynamodb.transactions import TransactGet

from chalicelib.kit import aws
from chalicelib.kit.items import Item, connection
from chalicelib.kit.refusals import Busy

M = TypeVar("M", bound="Table")
T = TypeVar("T")
ATTEMPTS = 4
_BROKEN = 500
_PASSING = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class Table(Item):
    """One kind of item. `stream` asks for a stream of changes; an attribute `expires` is the table's time to live."""

    stream: ClassVar[bool] = False

    @property
    def person(self) -> str | None:
        """The person to whom the item belongs, or None when it belongs to nobody."""
        return getattr(self, "person_id", None)

    @property
    def organisation(self) -> str | None:
        """The organisation at which the item arose, or None."""
        return getattr(self, "organisation_id", None)

    @classmethod
    def is_new(cls) -> Condition:
        """Return the condition that no item with the same key exists yet."""
        attribute: Any = cls._hash_key_attribute()  # type: ignore[no-untyped-call]
        condition: Condition = attribute.does_not_exist()
        return condition

    @classmethod
    def has_version(cls) -> bool:
        """Tell whether items of this kind are edited under an optimistic lock."""
        return hasattr(cls, "version")

    def is_unedited(self) -> Condition:
        """Return the condition that nobody has edited the item since it was loaded."""
        kind: Any = type(self)
        condition: Condition = kind.version == self.version  # type: ignore[attr-defined] # see has_version
        return condition

    def next_version(self) -> Action:
        """Return the change that counts an edit."""
        kind: Any = type(self)
        action: Action = kind.version.set(self.version + 1)  # type: ignore[attr-defined] # see has_version
        return action

    @classmethod
    def change(
        cls, key: str, range_key: str | int | None = None, *, actions: list[Action], when: Condition | None = None
    ) -> "Self | None":
        """Update one item outside a transaction and return it whole; None when the condition does not hold."""
        table = cls._get_connection()
        try:
            answer = patiently(
                lambda: table.update_item(
                    *cls._serialize_keys(key, range_key), actions=actions, condition=when, return_values="ALL_NEW"
                )
            )
        except UpdateError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            raise
        return cls.from_raw_data(answer["Attributes"])

    @property
    def etag(self) -> str:
        """The strong entity tag of an item that has a version."""
        return f'"{int(getattr(self, "version", 0))}"'


class Get(msgspec.Struct, Generic[M], frozen=True):
    """One item to be read by its whole key."""

    model: type[M]
    hash: str
    range: str | int | None = None


class Find(msgspec.Struct, Generic[M], frozen=True):
    """One Query: of a table's partition, or of an index's."""

    model: type[M]
    partition: str
    range_condition: Condition | None = None
    index: GlobalSecondaryIndex[Any] | None = None
    newest_first: bool = False

    def run(self, limit: int | None, start: dict[str, Any] | None) -> Iterator[M]:
        """Run the query to its end, however many trips that takes."""
        yield from self._query(limit, start)

    def page(self, limit: int, start: dict[str, Any] | None) -> tuple[list[M], dict[str, Any] | None]:
        """Make one trip: at most `limit` items and the store's 1 MB; the place is where the list goes on, or None."""
        kept, place = self.stored_page(limit, start)
        return [self.model.from_raw_data(one) for one in kept], place

    def stored_page(
        self, limit: int, start: dict[str, Any] | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """Make the same trip; items come as they are stored, with all attributes, in DynamoDB's own form."""
        raw = next(self._query(limit + 1, start).page_iter)
        kept: list[dict[str, Any]] = raw["Items"][:limit]
        goes_on = len(raw["Items"]) > limit or "LastEvaluatedKey" in raw
        return kept, self.place_of(kept[-1]) if goes_on else None

    def _query(self, limit: int | None, start: dict[str, Any] | None) -> ResultIterator[M]:
        """Ask consistently, unless an index is asked, which is always eventual."""
        target: Any = self.index or self.model
        options: dict[str, Any] = {} if self.index is not None else {"consistent_read": True}
        result: ResultIterator[M] = target.query(
            self.partition,
            self.range_condition,
            limit=limit,
            page_size=limit,
            last_evaluated_key=start,
            scan_index_forward=not self.newest_first,
            **options,
        )
        return result

    def place_of(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Return the key from which the query goes on after an item: the table's own, and the index's."""
        names = {self.model._hash_keyname, self.model._range_keyname}  # noqa: SLF001 - PynamoDB has no public name
        if self.index is not None:
            names |= {part["AttributeName"] for part in self.index._get_schema()["key_schema"]}  # noqa: SLF001 - see above
        return {name: stored[name] for name in names if name is not None}


def patiently(act: Callable[[], T]) -> T:
    """Try again at most three times within a second what failed only by conflict or throttling; then refuse as busy."""
    for attempt in range(ATTEMPTS):
        try:
            return act()
        except (PynamoDBException, *BOTOCORE_EXCEPTIONS) as error:
            if not _is_passing(error):
                raise
        if attempt < ATTEMPTS - 1:
            time.sleep(random.uniform(0, 0.08 * 2**attempt))
    raise Busy


def fetch(gets: tuple[Get[Any], ...]) -> list[Any]:
    """Read items by key in one round trip, consistently; None stands for an item that does not exist."""
    if len(gets) == 1:
        return [patiently(lambda: _fetch_one(gets[0]))]
    return patiently(lambda: _fetch_many(gets))


def _fetch_one(get: Get[Any]) -> Any:
    try:
        return get.model.get(get.hash, get.range, consistent_read=True)
    except get.model.DoesNotExist:
        return None


def _fetch_many(gets: tuple[Get[Any], ...]) -> list[Any]:
    read = TransactGet(connection=connection())
    for get in gets:
        read.get(get.model, get.hash, get.range)
    raw = read._commit()["Responses"]  # noqa: SLF001 - its futures raise for a missing item
    return [get.model.from_raw_data(one["Item"]) if "Item" in one else None for get, one in zip(gets, raw, strict=True)]


def code_of(error: BaseException) -> str | None:
    """Return the store's own code of an error, whoever raised it."""
    code: str | None = _response_of(error).get("Error", {}).get("Code")
    return code


def is_outage(error: BaseException) -> bool:
    """Tell whether AWS gave no answer, was overloaded or failed in itself: nobody knows what was done, and it will pass."""
    if isinstance(_cause_of(error), aws.NO_ANSWER) or code_of(error) in _PASSING:
        return True
    status: int = _response_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _BROKEN


def _cause_of(error: BaseException) -> BaseException:
    """Return botocore's error inside PynamoDB's, which drops the status."""
    inner = error.cause if isinstance(error, PynamoDBException) else error
    return inner.__cause__ or inner if isinstance(inner, VerboseClientError) else inner or error


def _response_of(error: BaseException) -> dict[str, Any]:
    response: dict[str, Any] | None = getattr(_cause_of(error), "response", None)  # None where no answer came
    return response or {}


def _is_passing(error: Exception) -> bool:
    if isinstance(error, TransactWriteError | TransactGetError) and error.cancellation_reasons:
        reasons = {one.code for one in error.cancellation_reasons if one is not None}
        return bool(reasons) and reasons <= _PASSING
    return code_of(error) in _PASSING
