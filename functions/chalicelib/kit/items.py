"""PynamoDB's model on one shared client, with the making, reading and writing of items planned once per kind.

PynamoDB walks its attribute descriptors several times an item; the plan does the same conversions in one pass, and
values lie in the item itself, where reading one is no call (docs/engineering/performance.md).
"""

from functools import lru_cache
from typing import Any, NamedTuple, Self

from pynamodb.attributes import Attribute, BinaryAttribute, ListAttribute, MapAttribute
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
    is_plain: bool


class QuietConnection(Connection):
    """A connection whose calls send no signals and ask for no consumed capacity: nobody listens here."""

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Make one call."""
        answer: dict[str, Any] = self._make_api_call(operation_name, operation_kwargs)
        return answer


class Held:
    """Stands in a class for an attribute whose values lie in the items themselves; one that is not there is None."""

    def __init__(self, attribute: Attribute[Any]) -> None:
        self.attribute = attribute

    def __get__(self, item: "Item | None", kind: type["Item"]) -> Attribute[Any] | None:
        """Return the attribute to who asks the class; items answer for themselves."""
        return self.attribute if item is None else None


class Item(Model):
    """A PynamoDB model; behaves as one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, attribute in [*vars(cls).items()]:
            if isinstance(attribute, Attribute) and not isinstance(attribute, MapAttribute):  # a map converts its value
                setattr(cls, name, Held(attribute))

    @property
    def attribute_values(self) -> dict[str, Any]:
        """The values of the item's attributes, under the name that PynamoDB knows: the item's own dictionary."""
        return self.__dict__

    @attribute_values.setter
    def attribute_values(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    def __init__(self, hash_key: Any = None, range_key: Any = None, **values: Any) -> None:
        """Make an item of its keys, in their order or by name, and of named values; the rest are defaults."""
        if hash_key is not None:
            values[self._hash_keyname or ""] = hash_key
        if range_key is not None:
            values[self._range_keyname or ""] = range_key
        for name, _, _, attribute, _, _ in _plan(type(self)):
            if name in values:
                setattr(self, name, values.pop(name))
            elif attribute.default is not None:
                setattr(self, name, attribute.default() if callable(attribute.default) else attribute.default)
        if values:
            raise ValueError(f"{type(self).__name__} has no attribute {', '.join(values)}.")

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
        values = item.__dict__
        for name, stored, letter, attribute, is_nested, is_plain in _plan(cls):
            raw = data.get(stored)
            if raw is None or "NULL" in raw:
                if attribute.default is not None:
                    setattr(item, name, attribute.default() if callable(attribute.default) else attribute.default)
            elif is_nested:
                setattr(item, name, attribute.deserialize(attribute.get_value(raw)))
            elif letter == "N":
                values[name] = int(raw["N"]) if raw["N"].isdigit() else attribute.deserialize(raw["N"])
            else:
                values[name] = raw[letter] if is_plain else attribute.deserialize(raw[letter])
        return item

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:  # noqa: FBT001, FBT002 - PynamoDB's form
        """Write an item as the store wants it; a missing required attribute is refused."""
        written = {}
        values = self.__dict__
        for name, stored, letter, attribute, _, is_plain in _plan(type(self)):
            value = values.get(name)
            if value is None:
                if null_check and not attribute.null:
                    raise AttributeNullError(name)
                continue
            written[stored] = {letter: value if is_plain else attribute.serialize(value)}
        return written


@lru_cache(maxsize=256)
def _plan(kind: type[Item]) -> tuple[Part, ...]:
    return tuple(
        Part(name, one.attr_name, one.attr_type, one, _is_converted(one), _is_plain(one))
        for name, one in kind.get_attributes().items()
    )


def _is_converted(attribute: Any) -> bool:
    """Tell whether the stored text of an attribute is not its value: JSON in a string, lists, maps."""
    return isinstance(attribute, ListAttribute | MapAttribute) or type(attribute).__name__ == "JSONAttribute"


def _is_plain(attribute: Any) -> bool:
    """Tell whether an attribute is stored as it is: texts and bytes."""
    if isinstance(attribute, BinaryAttribute):
        return not attribute.legacy_encoding
    return attribute.attr_type == "S" and not _is_converted(attribute)


@lru_cache(maxsize=1)
def _shared() -> QuietConnection:
    return QuietConnection(region=settings.region())


def connection() -> Connection:
    """Return the connection for transactions, on the shared client."""
    shared = _shared()
    shared._client = aws.client("dynamodb")  # noqa: SLF001 - see Item
    return shared
