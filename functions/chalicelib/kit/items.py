"""PynamoDB's model on one shared client, with the reading and writing of items planned once per kind.

PynamoDB walks its attribute descriptors several times an item; the plan does the same conversions in one pass
(docs/engineering/performance.md).
"""

from functools import lru_cache
from typing import Any, NamedTuple, Self

from pynamodb.attributes import ListAttribute, MapAttribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import AttributeNullError
from pynamodb.models import Model

from chalicelib.kit import aws, settings


class Part(NamedTuple):
    """How one attribute is read and written."""

    name: str
    stored: str
    letter: str
    attribute: Any
    is_nested: bool


class QuietConnection(Connection):
    """A connection whose calls send no signals and ask for no consumed capacity: nobody listens here."""

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Make one call."""
        answer: dict[str, Any] = self._make_api_call(operation_name, operation_kwargs)
        return answer


class Item(Model):
    """A PynamoDB model; behaves as one."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        table.connection.__class__ = QuietConnection  # PynamoDB makes its own inside, and offers no place for another
        table.connection._client = aws.client("dynamodb")  # noqa: SLF001 - PynamoDB would make a client per model
        return table

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Make an item of what the store returned."""
        item = cls.__new__(cls)
        values = item.attribute_values = {}
        for name, stored, letter, attribute, is_nested in _plan(cls):
            raw = data.get(stored)
            if raw is None or "NULL" in raw:
                if attribute.default is not None:
                    setattr(item, name, attribute.default() if callable(attribute.default) else attribute.default)
            elif is_nested:
                setattr(item, name, attribute.deserialize(attribute.get_value(raw)))
            elif letter == "N":
                values[name] = int(raw["N"]) if raw["N"].isdigit() else attribute.deserialize(raw["N"])
            else:
                values[name] = raw[letter] if letter == "S" else attribute.deserialize(raw[letter])
        return item

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:  # noqa: FBT001, FBT002 - PynamoDB's form
        """Write an item as the store wants it; a missing required attribute is refused."""
        written = {}
        values = self.attribute_values
        for name, stored, letter, attribute, is_nested in _plan(type(self)):
            value = values.get(name)
            if value is None:
                if null_check and not attribute.null:
                    raise AttributeNullError(name)
                continue
            written[stored] = {letter: attribute.serialize(value) if is_nested or letter != "S" else value}
        return written


@lru_cache(maxsize=256)
def _plan(kind: type[Item]) -> tuple[Part, ...]:
    return tuple(
        Part(name, one.attr_name, one.attr_type, one, _is_converted(one)) for name, one in kind.get_attributes().items()
    )


def _is_converted(attribute: Any) -> bool:
    """Tell whether the stored text of an attribute is not its value: JSON in a string, lists, maps."""
    return isinstance(attribute, ListAttribute | MapAttribute) or type(attribute).__name__ == "JSONAttribute"


@lru_cache(maxsize=1)
def _shared() -> QuietConnection:
    return QuietConnection(region=settings.region())


def connection() -> Connection:
    """Return the connection for transactions, on the shared client."""
    shared = _shared()
    shared._client = aws.client("dynamodb")  # noqa: SLF001 - see Item
    return shared
