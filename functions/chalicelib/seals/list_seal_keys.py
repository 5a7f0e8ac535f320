"""The public keys that have signed seals."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import patiently
from chalicelib.seals.tables import SealKey


class SealKeyView(Answer):
    """One key."""

    key_id: Annotated[str, Meta(title="Номер ключа", description="SHA-256 открытого ключа в виде DER.")]
    pem: Annotated[str, Meta(title="Открытый ключ")]
    valid_from: Annotated[str, Meta(title="С какого времени подписывает")]


class SealKeyList(Answer):
    """All keys, also former ones: their seals stay."""

    items: list[SealKeyView]


@operation("GET /v1/seals/keys", public=True, reads=[Query(SealKey)], audit="seal_keys.read")
def list_seal_keys(call: Call) -> SealKeyList:  # noqa: ARG001 - the form of an operation
    """Показать открытые ключи печатей журнала."""
    keys = patiently(lambda: list(SealKey.everyone().run(None, None)))
    return SealKeyList(
        items=[SealKeyView(key_id=one.key_id, pem=one.pem, valid_from=clock.moment(one.valid_from)) for one in keys]
    )
