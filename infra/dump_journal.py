"""Write the whole journal with its leaves, seals and ends of chains, for `infra.verify_journal`; run by the operator.

    python -m infra.dump_journal --stage dev > dump.jsonl

With AWS credentials that may scan the tables. It reads page by page
and may run while people work: the head is read first, ends before leaves and leaves before records, so that what comes
meanwhile is only ever newer than its seal. The file holds who did what in the cabinet: keep it as the journal itself.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above

if __name__ == "__main__":
    deployment.enter_named()

from chalicelib.kit import aws  # noqa: E402 - it reads the environment
from chalicelib.kit.tables import Get, Table, fetch  # noqa: E402 - see above
from chalicelib.kit.trail.tables import JournalRecord  # noqa: E402 - see above
from chalicelib.seals.rules import canonical, entry_text, stored_text  # noqa: E402 - see above
from chalicelib.seals.tables import CHAIN, JournalLeaf, Seal, SealHead, SealKey, SealNode  # noqa: E402 - see above


def main(arguments: list[str] | None = None) -> int:
    """Write to standard output; 1 when nothing was sealed yet."""
    parser = argparse.ArgumentParser(prog="python -m infra.dump_journal", description="Выгрузить журнал с печатями.")
    parser.add_argument("--stage", required=True, help="стадия: dev или prod")
    parser.parse_args(arguments)
    (head,) = fetch((Get(SealHead, CHAIN),))
    if head is None:
        print("Печатей ещё нет.", file=sys.stderr)
        return 1
    for line in lines(int(head.number)):
        print(canonical(line))
    return 0


def lines(last: int) -> Iterator[dict[str, Any]]:
    """Return what the dump holds, up to the seal `last`."""
    for key in map(SealKey.from_raw_data, _scan(SealKey)):
        signed = {"endorsement": key.endorsement, "endorsement_signature": key.endorsement_signature}
        yield {"key_id": key.key_id, "pem": key.pem, **signed}
    for seal in map(Seal.from_raw_data, _scan(Seal)):
        if seal.number <= last:
            yield {"body": seal.body, "leaves": seal.hashes, "signature": seal.signature}
    for node in map(SealNode.from_raw_data, _scan(SealNode)):
        if node.entries is not None:
            for owner, end in node.ends.items():
                yield {"entry": entry_text(owner, end)}
    for leaf in _scan(JournalLeaf):
        yield {"leaf": leaf["text"]["S"]}
    for record in _scan(JournalRecord):
        yield {"record": stored_text(record)}


def _scan(model: type[Table]) -> Iterator[dict[str, Any]]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=model.Meta.table_name, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
