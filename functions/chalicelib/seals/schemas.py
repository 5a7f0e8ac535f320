"""How records are sealed, by whichever worker finds them, and how seals are shown."""

import json
import random
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from chalicelib.kit import clock, ids, log, secret
from chalicelib.kit.body import Answer
from chalicelib.kit.refusals import Busy
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Step, Transaction, commit
from chalicelib.seals import ports
from chalicelib.seals.rules import (
    EMPTY_BUCKETS,
    EMPTY_MIDDLES,
    MOST,
    NOTHING,
    START,
    Entry,
    Seen,
    body_of,
    bucket_hash,
    canonical,
    digest,
    entry_hashes,
    leaf_of,
    node_hash,
    place_of,
    seen,
)
from chalicelib.seals.tables import CHAIN, TOP, JournalLeaf, Seal, SealHead, SealKey, SealNode

LATE_SECONDS: Final = 3600
AT_ONCE: Final = 100
_TRIES: Final = 8


class TamperedError(Exception):
    """The journal is not what was sealed; raised to nobody, written to the log."""


def alarm(trace_id: str, state: str, *, record: str = "", seal: int = 0) -> None:
    """Tell the watch that the journal was touched: what is wrong, and the record's or the seal's number, if known."""
    log.failure(
        "journal-tampered",
        trace_id,
        TamperedError(),
        state=state,
        record=record if ids.is_one(record) else "",
        seal=seal,
    )


def owner_of(person_id: str) -> str:
    """Return the pseudonym of a person in the seals: 32 hex digits that nobody outside can trace back."""
    return secret.look_up("journal-owner", person_id)[:32]


def read_records(stored: Iterable[tuple[dict[str, Any], str]], trace_id: str) -> list[Seen]:
    """Read stored records, each with its position; one that the cabinet cannot have written is an alarm."""
    found = []
    for one, position in stored:
        try:
            found.append(seen(one, position))
        except (LookupError, ValueError):
            alarm(trace_id, "record-strange", record=str(one["record_id"].get("S")))
    return found


def seal(records: Sequence[Seen], trace_id: str) -> int:
    """Seal records that are not sealed yet, in their order; returns how many they were."""
    return sum(_seal_some(records[start : start + MOST], trace_id) for start in range(0, len(records), MOST))


def _seal_some(records: Sequence[Seen], trace_id: str) -> int:
    """Make one seal; whoever finds that another has moved the head meanwhile reads anew and tries again."""
    for attempt in range(_TRIES):
        chain = _Chain(records)
        if not chain.fresh:
            return 0
        try:
            made = chain.write()
        except Busy:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
            continue
        oldest = min(one.made for one in chain.fresh)
        waited = int(clock.now().timestamp() * 1000) - oldest
        log.event("journal-sealed", trace_id, count=len(chain.fresh), milliseconds=waited)
        if waited > 1000 * LATE_SECONDS:
            log.failure("journal-sealed-late", trace_id, TamperedError(), count=len(chain.fresh), seal=int(made.number))
        publish(made, trace_id)
        return len(chain.fresh)
    raise Busy


class _Chain:
    """The head and what hangs on it where some records belong, as one consistent read found it."""

    def __init__(self, records: Sequence[Seen]) -> None:
        unique = {(one.person_id, one.record_id): one for one in records}
        owners = {one.person_id: owner_of(one.person_id) for one in records}
        self.owners = owners
        self.places = {owner: place_of(owner) for owner in owners.values()}
        middles = sorted({middle for middle, _ in self.places.values()})
        buckets = sorted(set(self.places.values()))
        found = fetch(
            (
                Get(SealHead, CHAIN),
                Get(SealNode, TOP),
                *(Get(SealNode, SealNode.middle(middle)) for middle in middles),
                *(Get(SealNode, SealNode.bucket(*place)) for place in buckets),
                *(Get(JournalLeaf, *key) for key in unique),
            )
        )
        self.head: SealHead | None = found[0]
        self.top = found[1].hashes if found[1] else list(EMPTY_MIDDLES)
        nodes = iter(found[2:])
        self.middles = {one: node.hashes if (node := next(nodes)) else list(EMPTY_BUCKETS) for one in middles}
        self.buckets = {place: node.ends if (node := next(nodes)) else {} for place in buckets}
        self.fresh = [one for one in unique.values() if next(nodes) is None]

    def write(self) -> Seal:
        """Sign and write a seal of what is fresh, all or nothing. Raises Busy when the head has moved."""
        number, key = int(self.head.number) + 1 if self.head else 1, ports.signing_key()
        changes = Transaction()
        leaves = [self._grow(one, number, changes) for one in self.fresh]
        body = body_of(
            number=number,
            previous=digest(self.head.body) if self.head else NOTHING,
            leaves=leaves,
            owners_root=self._tree(changes),
            positions=[one.position for one in (self.fresh[0], self.fresh[-1]) if one.position],
            made_at=clock.stamp(clock.now()),
            oldest=clock.moment(min(one.made for one in self.fresh) // 1000),
            key_id=key.key_id,
        )
        signed: dict[str, Any] = {"number": number, "body": body, "signature": ports.sign(key, body)}
        made = Seal(**signed, leaves=bytes.fromhex("".join(leaves)), made_at=clock.epoch(), unpublished=CHAIN)
        changes.put(made)
        if self.head is None or key.key_id not in self.head.body:
            changes.update(SealKey(key_id=key.key_id), *SealKey.first_used(key.pem))
        moved = Step("put", SealHead(**signed), Busy, condition=SealHead.follows(self.head))
        commit([*changes.steps, moved])
        return made

    def _grow(self, record: Seen, number: int, changes: Transaction) -> str:
        """Hang a record's leaf on its owner's chain; returns the leaf's hash."""
        owner = self.owners[record.person_id]
        ends: dict[str, Entry] = self.buckets[self.places[owner]]
        text, ends[owner] = leaf_of(record, owner, ends.get(owner, START))
        changes.put(
            JournalLeaf(
                person_id=record.person_id,
                record_id=record.record_id,
                seal=number,
                text=text,
                expires=ends[owner].kept_until,
            )
        )
        return ends[owner].leaf

    def _tree(self, changes: Transaction) -> str:
        """Write the buckets that changed and the nodes above them; returns the root."""
        touched = {self.places[self.owners[one.person_id]] for one in self.fresh}
        for middle, bucket in touched:
            ends = self.buckets[middle, bucket]
            self.middles[middle][bucket] = bucket_hash(entry_hashes(ends))
            changes.replace(SealNode.of_bucket(middle, bucket, ends))
        for middle in {middle for middle, _ in touched}:
            self.top[middle] = node_hash(self.middles[middle])
            changes.replace(SealNode.of_children(SealNode.middle(middle), self.middles[middle]))
        changes.replace(SealNode.of_children(TOP, self.top))
        return node_hash(self.top)


def publish(made: Seal, trace_id: str) -> None:
    """Put a seal into the locked bucket and note that it is there; what fails is left to the hourly job."""
    number = int(made.number)
    text = canonical({"body": made.body, "leaves": made.hashes, "signature": made.signature})
    try:
        is_ours = ports.keep(f"seals/{number:012d}.json", text)
    except Exception as error:  # noqa: BLE001 - the seal stands; a bucket out of reach must not stop the next ones
        log.failure("seal-not-published", trace_id, error, seal=number)
        return
    if is_ours:
        Seal.published(number)
    else:
        alarm(trace_id, "another-seal-in-the-bucket", seal=number)


def publish_waiting(trace_id: str) -> None:
    """Publish the seals that a killed worker or an outage of the bucket has left behind."""
    for key in list(Seal.waiting().run(AT_ONCE, None)):
        (waiting,) = fetch((Get(Seal, CHAIN, int(key.number)),))
        publish(waiting, trace_id)


class SignedHead(Answer):
    """The newest seal as it was signed."""

    body: Annotated[str, Meta(title="Подписанный текст печати", description="JSON; подписан ровно этот текст.")]
    signature: Annotated[
        str, Meta(title="Подпись печати", description="ECDSA P-256 и SHA-256, DER, по-шестнадцатерично.")
    ]


class SealHeadView(SignedHead):
    """The newest seal, and what is worth reading of it."""

    number: Annotated[int, Meta(title="Номер печати")]
    made_at: Annotated[str, Meta(title="Когда поставлена")]
    window_seconds: Annotated[int, Meta(title="Сколько секунд самая ранняя из её записей ждала печати")]


def shown(head: SealHead) -> SealHeadView:
    """Show the head."""
    said: dict[str, str] = json.loads(head.body)
    made_at, oldest = (datetime.fromisoformat(said[name]) for name in ("made_at", "oldest"))
    return SealHeadView(
        number=int(head.number),
        made_at=said["made_at"],
        window_seconds=int((made_at - oldest).total_seconds()),
        body=head.body,
        signature=head.signature,
    )
