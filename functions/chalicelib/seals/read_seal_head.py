"""The newest seal: who keeps it can show later that nothing was cut off since."""

from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.seals.refusals import NothingSealed
from chalicelib.seals.schemas import SealHeadView, shown
from chalicelib.seals.tables import CHAIN, SealHead


@operation("GET /v1/seals/head", public=True, reads=[SealHead], refuses=[NothingSealed], audit="seal_head.read")
def read_seal_head(call: Call) -> SealHeadView:
    """Показать последнюю печать журнала."""
    (head,) = call.look(Get(SealHead, CHAIN))
    if head is None:
        raise NothingSealed
    return shown(head)
