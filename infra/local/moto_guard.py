"""A guard around moto's in-process DynamoDB, for the tests and the local cabinet.

moto 5.2.5 keeps its tables in plain dicts of the process. Three defects make it unfit for parallel
work and for tables of a real size; the guard answers each, and lifts one limit that AWS has lifted:

* nothing is locked, and a failed transaction puts back a copy of the *whole* table, so writes that
  other threads were told had succeeded disappear: every operation now runs under one lock (`LOCK`);
* that copy is made for every transaction, so its cost grows with the table: now only the keys a
  transaction touches are kept and put back (`_undone_on_failure`);
* Query sorts and reads all items of the table: now it is handed one partition, also for secondary
  indexes (`_candidates`);
* TransactGetItems takes 25 items there and 100 on AWS.

moto's own code still does everything else: conditions, cancellation reasons, sorting, paging. The
guard wraps private parts of moto, so it refuses any version but the one it was read against.
"""

import copy
import functools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import moto
from moto.dynamodb import models, responses
from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler

MOTO_VERSION = "5.2.5"

# Held during every DynamoDB and Streams operation. Whoever reaches into the tables directly (to empty
# them between tests, say) takes it too.
LOCK = threading.RLock()

Key = tuple[DynamoType, DynamoType | None]  # the hash value and, where the table has one, the range value
Call = Callable[..., Any]


def install() -> None:
    """Put the guard around moto's DynamoDB; a second call changes nothing."""
    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(f"The DynamoDB guard was written for moto {MOTO_VERSION}, not for {moto.__version__}.")
    if hasattr(DynamoHandler.call_action, "__guarded__"):
        return
    # A request is parsed, answered and serialised inside `call_action`: the narrowest place that also
    # covers reads and writes done by the responses module itself (batches, transactional reads).
    _wrap(DynamoHandler, "call_action", _unchanged)
    _wrap(DynamoDBStreamsHandler, "call_action", _unchanged)
    _wrap(models.DynamoDBBackend, "transact_write_items", _transact)
    _wrap(models.DynamoDBBackend, "update_item", _update)
    _wrap(Table, "put_item", _put)
    _wrap(Table, "delete_item", _delete)
    _wrap(Table, "query", _query)
    # The only tables copied in this module are the backups of `transact_write_items`. Given the table
    # itself, moto's roll-back assigns it to its own name, and the undoing is left to the guard.
    setattr(responses, "TRANSACTION_MAX_ITEMS", 100)  # noqa: B010
    setattr(models, "copy", SimpleNamespace(deepcopy=_copy_unless_table))  # noqa: B010


def _wrap(owner: type, name: str, around: Call) -> None:
    """Replace a method by `around(original, self, ...)`, run under the lock."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return around(original, *args, **kwargs)

    vars(guarded)["__guarded__"] = True
    setattr(owner, name, guarded)


def _unchanged(original: Call, *args: Any) -> Any:
    """Run the original: the lock is all that is wanted."""
    return original(*args)


# --- undo per touched key ---------------------------------------------------------------------------


def _copy_unless_table(value: Any) -> Any:
    return value if isinstance(value, Table) else copy.deepcopy(value)


def _transact(original: Call, backend: models.DynamoDBBackend, transact_items: list[dict[str, Any]]) -> Any:
    """Undo a failed transaction key by key.

    Besides the cost, this closes three holes of moto's roll-back: it replaced the table object (stream
    iterators handed out before went blind), it skipped tables named by ARN, and it did not run at all
    for an entry with two operations.
    """
    operations = [op for entry in transact_items for op in entry.values()]
    writes = [(op.get("TableName", ""), op.get("Item") or op.get("Key", {})) for op in operations]
    with _undone_on_failure(backend, writes):
        return original(backend, transact_items)


def _update(
    original: Call, backend: models.DynamoDBBackend, table_name: str, key: dict[str, Any], **kwargs: Any
) -> Any:
    """Undo a failed update: moto changes the stored item in place and leaves it half changed on an error."""
    with _undone_on_failure(backend, [(table_name, key)]):
        return original(backend, table_name, key, **kwargs)


@contextmanager
def _undone_on_failure(backend: models.DynamoDBBackend, writes: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[None]:
    """Put the written items and the ends of their streams back when the body fails."""
    items: list[tuple[Table, Key, Item | None]] = []
    streams: list[tuple[Any, list[Any], int]] = []
    for table_name, attributes in writes:
        try:
            table = backend.get_table(table_name)
        except ResourceNotFoundException:
            continue  # moto reports the unknown table itself
        key = _key(table, attributes)
        if key is None:
            continue  # and the missing or malformed key
        _note(table, key)
        items.append((table, key, copy.deepcopy(_item(table, key))))
        if table.stream_shard is not None:
            records = table.stream_shard.items
            streams.append((table.stream_shard, records, len(records)))
    try:
        yield
    except BaseException:
        for table, key, item in items:
            _restore(table, key, item)
        for shard, records, length in streams:
            del records[length:]
            shard.items = records
        raise


def _key(table: Table, attributes: dict[str, Any]) -> Key | None:
    """Return the primary key among an item's attributes, or None when moto is going to refuse it."""
    values = [DynamoType(attributes[name]) for name in table.table_key_attrs if attributes.get(name)]
    if len(values) < len(table.table_key_attrs) or not all(map(_is_hashable, values)):
        return None
    return values[0], values[1] if table.has_range_key else None


def _is_hashable(value: DynamoType) -> bool:
    """Tell scalars from sets, lists, maps and broken numbers, which cannot be a key."""
    try:
        hash(value)
    except (ArithmeticError, TypeError, ValueError):
        return False
    return True


def _item(table: Table, key: Key) -> Item | None:
    """Read an item without making an empty partition in moto's defaultdict."""
    hash_key, range_key = key
    place: Any = table.items.get(hash_key, {}) if range_key else table.items
    found: Item | None = place.get(range_key or hash_key)
    return found


def _restore(table: Table, key: Key, item: Item | None) -> None:
    hash_key, range_key = key
    place: Any = table.items[hash_key] if range_key else table.items
    if item is None:
        place.pop(range_key or hash_key, None)
    else:
        place[range_key or hash_key] = item


# --- Query reads one partition ----------------------------------------------------------------------


class _KeysByValue:
    """The primary keys of a table by the value of one attribute, for queries of a secondary index.

    Writes only note their key; the next query looks those items up again. So it does not matter how an
    item was changed, and tables nobody queries by an index pay nothing. The result may hold too much
    (an item emptied or changed since) but never too little: moto checks every item it is handed.
    """

    def __init__(self, table: Table, attribute: str) -> None:
        self.items = table.items
        self.attribute = attribute
        self.value_of: dict[Key, DynamoType] = {}
        self.keys_of: defaultdict[DynamoType, set[Key]] = defaultdict(set)
        self.written: set[Key] = {(item.hash_key, item.range_key) for item in table.all_items()}

    def find(self, table: Table, value: DynamoType) -> list[Item]:
        """Return the items whose attribute has the value."""
        for key in self.written:
            if key in self.value_of:
                self.keys_of[self.value_of.pop(key)].discard(key)
            item = _item(table, key)
            new = item.attrs.get(self.attribute) if item is not None else None
            if new is not None and _is_hashable(new):
                self.value_of[key] = new
                self.keys_of[new].add(key)
        found = {key: _item(table, key) for key in self.keys_of.get(value, ())}
        self.written = {key for key, item in found.items() if item is None}  # emptied without a delete
        return [item for item in found.values() if item is not None]


_indexes: WeakKeyDictionary[Table, dict[str, _KeysByValue]] = WeakKeyDictionary()


def _note(table: Table, key: Key) -> None:
    """Tell the table's indexes that the item under the key may have changed."""
    for index in _indexes.get(table, {}).values():
        index.written.add(key)


def _put(original: Call, table: Table, item_attrs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    item = original(table, item_attrs, *args, **kwargs)
    _note(table, (item.hash_key, item.range_key))
    return item


def _delete(original: Call, table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
    item = original(table, hash_key, range_key)
    _note(table, (hash_key, range_key))
    return item


def _query(original: Call, table: Table, hash_key: DynamoType | None, *args: Any, **kwargs: Any) -> Any:
    """Let moto's Query see only the asked partition: it filters, sorts and pages what `all_items` gives."""
    conditions = kwargs.get("hash_key_conditions") or [(table.hash_key_attr, hash_key)]
    attribute, value = conditions[0]
    candidates = _candidates(table, attribute, value)
    vars(table)["all_items"] = lambda: candidates
    try:
        return original(table, hash_key, *args, **kwargs)
    finally:
        del vars(table)["all_items"]


def _candidates(table: Table, attribute: str, value: DynamoType | None) -> list[Item]:
    """Return the items that can match a hash condition: one partition, of the table or of an index."""
    if value is None or not _is_hashable(value):
        return []
    if attribute == table.hash_key_attr:
        partition: Any = table.items.get(value)
        if partition is None:
            return []
        return list(partition.values()) if table.has_range_key else [partition]
    indexes = _indexes.setdefault(table, {})
    index = indexes.get(attribute)
    if index is None or index.items is not table.items:
        index = indexes[attribute] = _KeysByValue(table, attribute)
    return index.find(table, value)
