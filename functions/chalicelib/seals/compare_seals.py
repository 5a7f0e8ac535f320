"""Every hour seals are compared with what they were made of: new ones, then old ones and the tree in turns."""

import json
from collections.abc import Iterator
from typing import Final

from chalicelib.kit import clock, log
from chalicelib.kit.catalogue import READ_SEAL_KEY, Every, Put, Query
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.tables import Get, patiently
from chalicelib.kit.trail.tables import JournalRecord, shortest_seconds
from chalicelib.seals import tables
from chalicelib.seals.rules import FANOUT, digest, follows, leaf_hash, stored_text
from chalicelib.seals.schemas import Tree, alarm, check_nodes, read_position, spend
from chalicelib.seals.tables import CHAIN, NEW, OLD, JournalLeaf, Seal, SealCheck, SealHead, SealNode

SETTLED_SECONDS: Final = 600  # by then indexes show what is written
NEW_SECONDS, OLD_SECONDS, TREE_SECONDS = 450, 250, 100


@worker(
    on=Every(minutes=60),
    reads=[SealCheck, SealHead, SealNode, Seal, Query(JournalRecord), Query(JournalLeaf.by_seal)],
    writes=[Put(SealCheck)],
    uses=[READ_SEAL_KEY],
    timeout=900,
)
def compare_seals(job: Job) -> None:
    """Сверить печати с журналом."""
    tree = Tree(())
    last = int(tree.said["number"])
    if fault := tree.fault():
        alarm(job.trace_id, fault, seal=last)
        return
    new, old = (read_position(job, place, first=1, last=last + 1) for place in (NEW, OLD))
    compared = int(new.number) - 1
    if old.number > compared:
        old.number = 1
    spend(NEW_SECONDS, _compare(job, new, tree, last))
    spend(OLD_SECONDS, _compare(job, old, tree, compared))
    spend(TREE_SECONDS, check_nodes(tables.present_hour() % FANOUT, job.trace_id))
    log.event("journal-compared", job.trace_id, count=int(new.number) - 1)


def _compare(job: Job, check: SealCheck, tree: Tree, last: int) -> Iterator[None]:
    """Compare seals from a position up to the last that is old enough, one a step; moves the position."""
    head, settled = tree.said, clock.moment(clock.epoch() - SETTLED_SECONDS)
    for number in range(int(check.number), last + 1):
        before, sealed = job.read(Get(Seal, CHAIN, number - 1), Get(Seal, CHAIN, number))
        said = follows(sealed.body, sealed.hashes, before.body if before else None) if sealed else None
        if said is None or said["made_at"] > head["made_at"] or (number == head["number"] and said != head):
            alarm(job.trace_id, "seal-changed", seal=number)
        elif said["made_at"] > settled:
            return
        else:
            _compare_leaves(job, sealed, said["made_at"])
        check.number = number + 1
        patiently(check.save)
        yield


def _compare_leaves(job: Job, sealed: Seal, made_at: str) -> None:
    """Compare the leaves and records of a seal with its hashes."""
    number, leaves = int(sealed.number), list(JournalLeaf.of_seal(int(sealed.number)).run(None, None))
    found, missing = {leaf_hash(one.text): one for one in leaves}, len(sealed.hashes) - len(leaves)
    may_have_expired = made_at < clock.moment(clock.epoch() - shortest_seconds())
    if not found.keys() <= set(sealed.hashes) or missing < 0 or (missing and not may_have_expired):
        alarm(job.trace_id, "leaves-differ", seal=number)
    for leaf in [found[one] for one in sealed.hashes if one in found]:
        said = json.loads(leaf.text)
        page, _ = tables.one_record(leaf.person_id, leaf.record_id).stored_page(1, None)
        if not page and said["expires"] >= clock.epoch():
            alarm(job.trace_id, "record-removed", seal=number, record=leaf.record_id)
        if page and digest(stored_text(page[0])) != said["record"]:
            alarm(job.trace_id, "record-changed", seal=number, record=leaf.record_id)
