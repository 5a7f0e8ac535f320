"""First step of ЕСИА's door: where to go, and the secret that only the starter keeps."""

import secrets
from typing import Annotated
from uuid import uuid4

import msgspec
from msgspec import Meta

from chalicelib.kit import clock, ticket
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Outside, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.tables import Get
from chalicelib.sign_in.ports import FLOW_SECONDS, ProviderName, Started, asking
from chalicelib.sign_in.refusals import ProviderAnswerUntrusted, ProviderNotConnected, ProviderUnavailable


class StartEsiaSignIn(Body):
    """Whom the cabinet shall ask."""

    provider: Annotated[
        ProviderName, Meta(title="Служба входа", description="esia — Госуслуги; oidc — шлюз организации.")
    ]


class EsiaSignInStarted(Answer):
    """Where to go, and what to keep until the way back."""

    address: Annotated[str, Meta(title="Куда перейти", description="Страница Госуслуг или шлюза.")]
    flow: Annotated[str, Meta(title="Пропуск к возвращению", description="Храните у себя, в адреса не помещайте.")]
    expires_at: Annotated[str, Meta(title="До какого времени нужно вернуться")]
    logout_address: Annotated[
        str | None, Meta(title="Где выйти из Госуслуг", description="Нужно на общем компьютере; у шлюза может не быть.")
    ]


@operation(
    "POST /v1/sign_in/esia_flows",
    public=True,
    reads=[Breaker],
    writes=[Update(Breaker)],
    uses=[Outside("esia"), Outside("oidc")],
    refuses=[ProviderNotConnected, ProviderUnavailable, ProviderAnswerUntrusted],
    audit="sign_in.esia_started",
    status=201,
    memory=512,
)
def start_esia_sign_in(call: Call, body: StartEsiaSignIn) -> EsiaSignInStarted:
    """Начать вход через Госуслуги."""
    (breaker,) = call.look(Get(Breaker, body.provider))
    started = Started(
        provider=body.provider,
        state=str(uuid4()),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
    )
    with asking(body.provider, breaker, call.trace_id) as provider:
        address, leave = provider.authorization_address(started), provider.logout_address()
    return EsiaSignInStarted(
        address=address,
        flow=ticket.seal("sign_in/provider", FLOW_SECONDS, **msgspec.to_builtins(started)),
        expires_at=clock.moment(call.now + FLOW_SECONDS),
        logout_address=leave,
    )
