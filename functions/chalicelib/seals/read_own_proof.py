"""What ties the end of one's own chain to the newest signed seal."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.seals.refusals import NothingSealed
from chalicelib.seals.rules import entry_hashes, entry_text, place_of
from chalicelib.seals.schemas import SignedHead, owner_of
from chalicelib.seals.tables import CHAIN, TOP, SealHead, SealNode


class OwnerHash(Answer):
    """One owner of the same bucket."""

    owner: Annotated[str, Meta(title="Псевдоним владельца журнала")]
    hash: Annotated[str, Meta(title="Хеш конца его цепочки")]


class OwnProof(Answer):
    """The way from the end of one's chain up to the signed seal."""

    entry: Annotated[str, Meta(title="Конец своей цепочки", description="JSON: номер и хеш последнего звена.")]
    bucket: Annotated[list[OwnerHash], Meta(title="Ветвь, в которой он стоит")]
    middle: Annotated[list[str], Meta(title="Хеши ветвей")]
    top: Annotated[list[str], Meta(title="Хеши вершины")]
    head: Annotated[SignedHead, Meta(title="Последняя печать")]


@operation(
    "GET /v1/seals/proof", allow=EVERYBODY, reads=[SealHead, SealNode], refuses=[NothingSealed], audit="proof.read"
)
def read_own_proof(call: Call) -> OwnProof:
    """Скачать доказательство целости своего журнала."""
    owner = owner_of(call.actor.person_id)
    middle, number = place_of(owner)
    nodes = (TOP, SealNode.middle(middle), SealNode.bucket(middle, number))
    head, top, branch, bucket = call.look(Get(SealHead, CHAIN), *(Get(SealNode, one) for one in nodes))
    call.proven = True  # the places are made of the caller's own number
    if bucket is None or owner not in bucket.ends:
        raise NothingSealed
    hashes = entry_hashes(bucket.ends)
    return OwnProof(
        entry=entry_text(owner, bucket.ends[owner]),
        bucket=[OwnerHash(owner=one, hash=hashes[one]) for one in sorted(hashes)],
        middle=branch.hashes,
        top=top.hashes,
        head=SignedHead(body=head.body, signature=head.signature),
    )
