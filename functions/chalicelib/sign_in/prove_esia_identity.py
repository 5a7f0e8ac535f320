"""Second step of ЕСИА's door: what came back, with the starter's own secret, proves who the person is."""

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.tables import Reservation
from chalicelib.kit import ticket
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.problem import wrong
from chalicelib.kit.records.tables import Breaker, Once
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.text import FlowState, ProviderCode, ProviderError, Token
from chalicelib.sign_in.ports import Started, asking, declined
from chalicelib.sign_in.refusals import (
    ForeignProviderAnswer,
    ProviderAnswerUntrusted,
    ProviderDataMissing,
    ProviderFlowEnded,
    ProviderNotConnected,
    ProviderSignatureUnknown,
    ProviderUnavailable,
)
from chalicelib.sign_in.rules import EXPLAINED
from chalicelib.sign_in.schemas import IdentityProved, identity_proved


class ProveEsiaIdentity(Body):
    """What the provider sent back, and the pass that the starter kept."""

    flow: Token
    state: FlowState
    code: Annotated[ProviderCode | None, Meta(title="Код из ответа службы входа")] = None
    error: Annotated[ProviderError | None, Meta(title="Код ошибки из ответа службы входа")] = None


@operation(
    "POST /v1/sign_in/esia_identities",
    public=True,
    reads=[Reservation, Breaker],
    writes=[Put(Once), Update(Breaker)],
    uses=[Outside("esia"), Outside("oidc")],
    refuses=[
        *(ProviderFlowEnded, ProviderNotConnected, ProviderUnavailable, ProviderAnswerUntrusted),
        *(ProviderSignatureUnknown, ProviderDataMissing, *EXPLAINED),
    ],
    audit="sign_in.esia_proved",
    memory=512,
)
def prove_esia_identity(call: Call, body: ProveEsiaIdentity) -> IdentityProved:
    """Вернуться с Госуслуг: подтвердить, кто вы."""
    values = ticket.unseal("sign_in/provider", body.flow)
    if values is None:
        raise ProviderFlowEnded
    started = msgspec.convert(values, Started)
    if body.state != started.state:
        raise ForeignProviderAnswer
    if (body.code is None) == (body.error is None):
        raise WrongFields([wrong("/code", "Передайте одно из двух: код или код ошибки.", "required")])
    if body.error is not None:
        raise declined(started.provider, call.trace_id, body.error)
    with asking(started.provider, None, call.trace_id) as provider:
        proof = provider.identity(started, body.code or "")
    call.transaction.put(Once(what=f"provider#{started.state}", expires=values["until"] + 3600), ProviderFlowEnded)
    return identity_proved(call, proof, provider.system)
