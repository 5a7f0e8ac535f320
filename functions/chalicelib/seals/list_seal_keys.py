"""The public keys that have signed seals."""

from typing import Annotated

from msgspec import Meta

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
    valid_to: Annotated[str | None, Meta(title="До какого времени подписывал")]
    endorsement: Annotated[str | None, Meta(title="Поручительство прежнего ключа", description="JSON; у первого нет.")]
    endorsement_signature: Annotated[str | None, Meta(title="Подпись прежнего ключа под поручительством")]


class SealKeyList(Answer):
    """All keys, also former ones: their seals stay."""

    items: list[SealKeyView]


@operation("GET /v1/seals/keys", public=True, reads=[Query(SealKey)], audit="seal_keys.read")
def list_seal_keys(call: Call) -> SealKeyList:  # noqa: ARG001 - the form of an operation
    """Показать открытые ключи печатей журнала."""
    keys = sorted(patiently(lambda: list(SealKey.everyone().run(None, None))), key=lambda one: int(one.number))
    ends = [*(one.valid_from for one in keys[1:]), None]
    return SealKeyList(items=[_shown(one, end) for one, end in zip(keys, ends, strict=False)])


def _shown(key: SealKey, valid_to: str | None) -> SealKeyView:
    return SealKeyView(
        key_id=key.key_id,
        pem=key.pem,
        valid_from=key.valid_from,
        valid_to=valid_to,
        endorsement=key.endorsement,
        endorsement_signature=key.endorsement_signature,
    )
