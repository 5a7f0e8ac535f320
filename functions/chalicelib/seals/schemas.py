"""How records are sealed, by whichever worker finds them, and how seals are shown."""

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from chalicelib.kit import clock, ids, log, secret
from chalicelib.kit.body import Answer
from chalicelib.kit.jobs import Job
from chalicelib.kit.refusals import Busy
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Step, Transaction, commit
from chalicelib.seals import ports
from chalicelib.seals.rules import (
    EMPTY_BUCKETS,
    EMPTY_MIDDLES,
    FANOUT,
    MOST,
    NOTHING,
    START,
    Entry,
    Seen,
    body_of,
    bucket_hash,
    canonical,
    digest,
    endorsement_of,
    entry_hashes,
    leaf_of,
    node_hash,
    place_of,
    seen,
)
from chalicelib.seals.tables import CHAIN, TOP, JournalLeaf, Seal, SealCheck, SealHead, SealKey, SealNode

LATE_SECONDS: Final = 3600
_TRIES: Final = 8
_BUCKETS: Final = 16  # in one read: they grow with people, and a transaction takes 4 MB


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


def seal(records: Sequence[Seen], trace_id: str) -> list[Seal]:
    """Seal records that are not sealed yet, in their order; returns the seals. Raises TamperedError on a changed tree."""
    made = (_seal_some(records[start : start + MOST], trace_id) for start in range(0, len(records), MOST))
    return [one for one in made if one is not None]


def _seal_some(records: Sequence[Seen], trace_id: str) -> Seal | None:
    """Make one seal; whoever finds that another has moved the head meanwhile reads anew and tries again."""
    for attempt in range(_TRIES):
        chain = _Chain(records)
        if not chain.fresh:
            return None
        if fault := chain.tree.fault():
            alarm(trace_id, fault, seal=chain.number - 1)
            raise TamperedError
        try:
            made = chain.write()
        except Busy:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
            continue
        _tell(chain.fresh, made, trace_id)
        return made
    raise Busy


def _tell(fresh: Sequence[Seen], made: Seal, trace_id: str) -> None:
    waited = int(clock.now().timestamp() * 1000) - min(one.made for one in fresh)
    log.event("journal-sealed", trace_id, count=len(fresh), milliseconds=waited)
    if waited > 1000 * LATE_SECONDS:
        log.failure("journal-sealed-late", trace_id, TamperedError(), count=len(fresh), seal=int(made.number))


class Tree:
    """The head and the nodes above some buckets, as one consistent read found them; `rest` is what else was asked for.

    `said` is what the head says; without a head, that the tree is empty.
    """

    def __init__(self, places: Iterable[tuple[int, int]], rest: Iterable[Get[Any]] = ()) -> None:
        buckets = sorted(set(places))
        middles = sorted({middle for middle, _ in buckets})
        found = fetch(
            (
                Get(SealHead, CHAIN),
                Get(SealNode, TOP),
                *(Get(SealNode, SealNode.middle(middle)) for middle in middles),
                *(Get(SealNode, SealNode.bucket(*place)) for place in buckets),
                *rest,
            )
        )
        self.head: SealHead | None = found[0]
        nothing = {"number": 0, "owners_root": node_hash(EMPTY_MIDDLES)}
        self.said: dict[str, Any] = json.loads(self.head.body) if self.head else nothing
        self.top = found[1].hashes if found[1] else list(EMPTY_MIDDLES)
        nodes = iter(found[2:])
        self.middles = {one: node.hashes if (node := next(nodes)) else list(EMPTY_BUCKETS) for one in middles}
        self.buckets = {place: node.ends if (node := next(nodes)) else {} for place in buckets}
        self.rest = list(nodes)

    def fault(self) -> str:
        """Say what is not as it was signed: the head, or a node below it; empty when all is.

        Whoever can only write the tables cannot sign: so the signature vouches for the top, and each node for those below.
        """
        if self.head is not None:
            key = ports.key_of(self.said["key_id"])
            if key is None or not ports.is_signed(key, self.head.body, self.head.signature):
                return "head-forged"
        are_right = [node_hash(self.top) == self.said["owners_root"]]
        are_right += [node_hash(hashes) == self.top[middle] for middle, hashes in self.middles.items()]
        are_right += [
            bucket_hash(entry_hashes(ends)) == self.middles[middle][number]
            for (middle, number), ends in self.buckets.items()
        ]
        return "" if all(are_right) else "tree-differs"


def check_nodes(middle: int, trace_id: str) -> Iterator[None]:
    """Check a middle node and its buckets against the head, some buckets a step."""
    for start in range(0, FANOUT, _BUCKETS):
        tree = Tree((middle, bucket) for bucket in range(start, start + _BUCKETS))
        if fault := tree.fault():
            alarm(trace_id, fault, seal=int(tree.said["number"]))
            return
        yield


class _Chain:
    """The tree where some records belong, and which of them are not sealed yet."""

    def __init__(self, records: Sequence[Seen]) -> None:
        unique = {(one.person_id, one.record_id): one for one in records}
        self.owners = {one.person_id: owner_of(one.person_id) for one in records}
        self.places = {owner: place_of(owner) for owner in self.owners.values()}
        self.tree = Tree(self.places.values(), (Get(JournalLeaf, *key) for key in unique))
        self.fresh = [one for one, leaf in zip(unique.values(), self.tree.rest, strict=True) if leaf is None]
        self.number = int(self.tree.said["number"]) + 1

    def write(self) -> Seal:
        """Sign and write a seal of what is fresh, all or nothing. Raises Busy when the head has moved."""
        head, said, key = self.tree.head, self.tree.said, ports.signing_key()
        made_at = max(
            clock.stamp(clock.now()), said.get("made_at", "")
        )  # clocks of functions differ, seals have an order
        changes = Transaction()
        leaves = [self._grow(one, changes) for one in self.fresh]
        body = body_of(
            number=self.number,
            previous=digest(head.body) if head else NOTHING,
            leaves=leaves,
            owners_root=self._grow_tree(changes),
            positions=[one.position for one in (self.fresh[0], self.fresh[-1]) if one.position],
            made_at=made_at,
            oldest=clock.moment(min(one.made for one in self.fresh) // 1000),
            key_id=key.key_id,
        )
        signed: dict[str, Any] = {"number": self.number, "body": body, "signature": ports.sign(key, body)}
        made = Seal(**signed, leaves=bytes.fromhex("".join(leaves)), made_at=clock.epoch(), unpublished=CHAIN)
        changes.put(made)
        if said.get("key_id") != key.key_id:
            changes.put(_introduced(key, said.get("key_id"), self.number, made_at))
        commit([*changes.steps, Step("put", SealHead(**signed), Busy, condition=SealHead.follows(head))])
        return made

    def _grow(self, record: Seen, changes: Transaction) -> str:
        """Hang a record's leaf on its owner's chain; returns the leaf's hash."""
        owner = self.owners[record.person_id]
        ends: dict[str, Entry] = self.tree.buckets[self.places[owner]]
        text, ends[owner] = leaf_of(record, owner, ends.get(owner, START))
        changes.put(
            JournalLeaf(
                person_id=record.person_id,
                record_id=record.record_id,
                seal=self.number,
                text=text,
                expires=ends[owner].kept_until,
            )
        )
        return ends[owner].leaf

    def _grow_tree(self, changes: Transaction) -> str:
        """Write the buckets that changed and the nodes above them; returns the root."""
        tree, touched = self.tree, {self.places[self.owners[one.person_id]] for one in self.fresh}
        for middle, bucket in touched:
            ends = tree.buckets[middle, bucket]
            tree.middles[middle][bucket] = bucket_hash(entry_hashes(ends))
            changes.replace(SealNode.of_bucket(middle, bucket, ends))
        for middle in {middle for middle, _ in touched}:
            tree.top[middle] = node_hash(tree.middles[middle])
            changes.replace(SealNode.of_children(SealNode.middle(middle), tree.middles[middle]))
        changes.replace(SealNode.of_children(TOP, tree.top))
        return node_hash(tree.top)


def _introduced(key: ports.SigningKey, before: str | None, number: int, made_at: str) -> SealKey:
    """Make the item of a key that signs its first seal; the key before it signs that it is the next."""
    made = SealKey(key_id=key.key_id, pem=key.pem, number=number, valid_from=made_at)
    former = ports.key_of(before) if before else None
    if before and former:
        made.endorsement = endorsement_of(key.key_id, before, number, made_at)
        made.endorsement_signature = ports.sign(former, made.endorsement)
    return made


def publish(made: Iterable[Seal], trace_id: str) -> Iterator[None]:
    """Put seals into the locked bucket, one a step; the first that cannot be put there ends it, the hourly job goes on."""
    for one in made:
        number = int(one.number)
        text = canonical({"body": one.body, "leaves": one.hashes, "signature": one.signature})
        try:
            is_ours = ports.keep(f"seals/{number:012d}.json", text)
        except Exception as error:  # noqa: BLE001 - the seal stands; a bucket out of reach must not stop the next ones
            log.failure("seal-not-published", trace_id, error, seal=number)
            return
        if is_ours:
            Seal.published(number)
        else:
            alarm(trace_id, "another-seal-in-the-bucket", seal=number)
        yield


def waiting() -> Iterator[Seal]:
    """Read the seals that a killed worker or an outage of the bucket has left behind, one by one."""
    for key in Seal.waiting().run(None, None):
        (one,) = fetch((Get(Seal, CHAIN, int(key.number)),))
        if one is not None:
            yield one


def read_position(job: Job, place: str, *, first: int, last: int) -> SealCheck:
    """Read how far an hourly job has come; one that lies beyond `last` was written by somebody else, and it begins anew."""
    (stored,) = job.read(Get(SealCheck, place))
    if stored is not None and stored.number > last:
        alarm(job.trace_id, "position-beyond")
        stored = None
    return stored or SealCheck(place=place, number=first)


def spend(seconds: int, steps: Iterable[None]) -> None:
    """Take steps until there are no more or the time is over; at least one, so that each part moves on in every run."""
    until = clock.epoch() + seconds
    for _ in steps:
        if clock.epoch() >= until:
            return


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
