"""«Забыли пароль» and «Восстановление доступа»: codes go to the confirmed channels, if there is anybody."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Login
from chalicelib.kit import clock, codes, ids
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Login as LoginText
from chalicelib.recovery.refusals import BothChannelsNeeded
from chalicelib.recovery.schemas import Channels, RecoveryCode, give_flow, refuse_too_few_channels
from chalicelib.sign_in.schemas import no_such_person


class StartRecovery(Body):
    """Whose access, and by which channel."""

    login: LoginText
    channel: Channels


class RecoveryStarted(Answer):
    """The way to the new password; the same for every login."""

    flow: Annotated[str, Meta(title="Номер восстановления")]
    next: Annotated[str, Meta(title="Следующая операция")]
    detail: Annotated[str, Meta(title="Что делать дальше")]
    expires_at: Annotated[str, Meta(title="До какого времени действуют коды")]


@operation(
    "POST /v1/recovery/flows",
    public=True,
    reads=[Login, Query(Setting)],
    effects=[RecoveryCode],
    refuses=[BothChannelsNeeded],
    audit="recovery.started",
    status=202,
)
def start_recovery(call: Call, body: StartRecovery) -> RecoveryStarted:
    """Начать восстановление доступа, если забыли пароль."""
    refuse_too_few_channels(body.channel)
    (found,) = call.look(Get(Login, body.login))
    person_id = found.person_id if found else no_such_person(body.login)
    effect = RecoveryCode(person_id=person_id, channels=body.channel, nonce=ids.token())
    call.transaction.send(effect)
    return RecoveryStarted(
        flow=give_flow(effect, body.login, known=found is not None),
        next="finish_recovery",
        detail="Если такой логин есть, код отправлен на подтверждённые телефон или почту. Введите его и новый пароль.",
        expires_at=clock.moment(call.now + codes.LIFE_SECONDS),
    )
