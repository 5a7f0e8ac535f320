"""What is hashed and how, so that anybody can compute it again (docs/engineering/journal-seals.md).

A text is hashed as SHA-256(0x00 ‖ text), hashes are joined as SHA-256(0x01 ‖ hashes) (RFC 6962). Hashes are written
as 64 hex digits, texts are JSON with sorted keys, without spaces, in UTF-8. Times are seconds since 1970.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from chalicelib.kit import ids

NOTHING: Final = "0" * 64
FANOUT: Final = 64
MOST: Final = 32  # records of one seal: with buckets, middle nodes and four more items it fills a transaction of 100


class Entry(NamedTuple):
    """The end of one owner's chain: its last leaf's number and hash, and until when that leaf is kept."""

    number: int
    leaf: str
    kept_until: int


START: Final = Entry(0, NOTHING, 0)


class Seen(NamedTuple):
    """One record to be sealed; `text` is the whole of it as it is stored, `position` its place in the stream, if any.

    `made`: milliseconds since 1970, `expires`: seconds.
    """

    person_id: str
    record_id: str
    made: int
    expires: int
    text: str
    position: str


def canonical(tree: object) -> str:
    """Write a JSON tree in the one way in which it is hashed."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def stored_text(stored: Mapping[str, Any]) -> str:
    """Write an item in DynamoDB's own form, with all its attributes; bytes may be raw or base64 already."""
    return canonical(_plain(stored))


def seen(stored: Mapping[str, Any], position: str = "") -> Seen:
    """Read a record; raises LookupError or ValueError when the cabinet cannot have written it."""
    person_id, record_id = stored["person_id"]["S"], stored["record_id"]["S"]
    made, expires = ids.milliseconds(record_id), int(stored["expires"]["N"])
    return Seen(person_id, record_id, made, expires, stored_text(stored), position)


def _plain(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {name: _plain(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_plain(value) for value in tree]
    return base64.b64encode(tree).decode() if isinstance(tree, bytes) else tree


def digest(text: str) -> str:
    """Return the plain SHA-256 of a text: of a record, or of the body of a seal."""
    return hashlib.sha256(text.encode()).hexdigest()


def leaf_hash(text: str) -> str:
    """Hash a text as a leaf of a tree."""
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def node_hash(parts: Iterable[str]) -> str:
    """Hash the hashes below a node."""
    return hashlib.sha256(b"\x01" + bytes.fromhex("".join(parts))).hexdigest()


def root(hashes: Sequence[str]) -> str:
    """Return the Merkle root of leaves (RFC 6962, section 2.1); nothing for none."""
    if len(hashes) <= 1:
        return "".join(hashes)
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash((root(hashes[:left]), root(hashes[left:])))


def leaf_of(record: Seen, owner: str, before: Entry) -> tuple[str, Entry]:
    """Write the leaf of a record after the end of its owner's chain; returns its text and the new end.

    A leaf is kept as long as its record and not shorter than the leaf before it, so that only beginnings of chains expire.
    """
    kept_until = max(record.expires, before.kept_until)
    text = canonical(
        {
            "expires": record.expires,
            "kept_until": kept_until,
            "number": before.number + 1,
            "owner": owner,
            "previous": before.leaf,
            "previous_kept_until": before.kept_until,
            "record": digest(record.text),
            "record_id": record.record_id,
        }
    )
    return text, Entry(before.number + 1, leaf_hash(text), kept_until)


def place_of(owner: str) -> tuple[int, int]:
    """Return where an owner stands in the tree of owners: the middle node below the top, the bucket below that."""
    number = int(owner[:3], 16)
    return number // FANOUT, number % FANOUT


def entry_text(owner: str, entry: Entry) -> str:
    """Write the end of an owner's chain as it is hashed."""
    return canonical(
        {"kept_until": entry.kept_until, "leaf": entry.leaf, "number": entry.number, "owner": owner},
    )


def bucket_hash(hashes: Mapping[str, str]) -> str:
    """Hash a bucket: each owner's pseudonym with the hash of his entry, in the order of pseudonyms."""
    return node_hash(owner + hashes[owner] for owner in sorted(hashes))


EMPTY_BUCKETS: Final = (bucket_hash({}),) * FANOUT
EMPTY_MIDDLES: Final = (node_hash(EMPTY_BUCKETS),) * FANOUT


def entry_hashes(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Hash every entry of a bucket."""
    return {owner: leaf_hash(entry_text(owner, entry)) for owner, entry in entries.items()}


def body_of(
    *,
    number: int,
    previous: str,
    leaves: Sequence[str],
    owners_root: str,
    positions: Sequence[str],
    made_at: str,
    oldest: str,
    key_id: str,
) -> str:
    """Write the signed text of a seal; `positions` are the first and last places in the stream, none when sealed late."""
    return canonical(
        {
            "key_id": key_id,
            "made_at": made_at,
            "number": number,
            "oldest": oldest,
            "owners_root": owners_root,
            "positions": list(positions),
            "previous": previous,
            "records": len(leaves),
            "records_root": root(leaves),
            "version": 1,
        }
    )


def endorsement_of(key_id: str, endorsed_by: str, number: int, valid_from: str) -> str:
    """Write what the former key signs of a new one: from which seal on, made when, the new one signs in its place."""
    return canonical({"endorsed_by": endorsed_by, "key_id": key_id, "number": number, "valid_from": valid_from})


def follows(body: str, hashes: Sequence[str], before: str | None) -> dict[str, Any] | None:
    """Return what a stored seal says if it holds these leaves and follows the body before it, else None."""
    try:
        said: dict[str, Any] = json.loads(body)
        roots = (said["records_root"], said["previous"])
        return said if roots == (root(hashes), digest(before) if before else NOTHING) else None
    except (LookupError, ValueError, TypeError):
        return None
