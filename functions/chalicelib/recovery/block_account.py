"""Administrators and security close an access: all sessions end, no door opens."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner, end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.recovery.refusals import AlreadyBlocked, NotForOneself

REASONS = {
    "suspicious_activity": "подозрительные действия",
    "credentials_leaked": "пароль или устройство могли попасть к чужим",
    "owner_request": "по просьбе владельца",
    "rules_broken": "нарушение правил кабинета",
    "official_order": "по официальному требованию",
}
Reason = Literal["suspicious_activity", "credentials_leaked", "owner_request", "rules_broken", "official_order"]


class BlockAccount(Body):
    """Why the access is closed."""

    reason: Annotated[
        Reason,
        Meta(title="Причина", description="; ".join(f"{name} — {said}" for name, said in REASONS.items())),
    ]


class AccessClosed(Answer):
    """The access is closed."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    reason: Annotated[str, Meta(title="Причина")]
    detail: Annotated[str, Meta(title="Что случилось")]


@operation(
    "POST /v1/recovery/{person_id}/blockings",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet()},
    match=True,
    fresh=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session)],
    effects=[TellOwner],
    refuses=[NotForOneself, AlreadyBlocked],
    audit="access.closed",
)
def block_account(call: Call, person_id: str, body: BlockAccount) -> AccessClosed:
    """Закрыть доступ человека в кабинет."""
    if person_id == call.actor.person_id:
        raise NotForOneself
    account = call.read(Get(Account, person_id))
    call.match(account)
    if account.blocked and account.blocked["by"] == "officer":
        raise AlreadyBlocked
    closed = {"by": "officer", "at": call.now, "reason": body.reason}
    end_sessions(call.transaction, account, Account.blocked.set(closed))
    call.note(objects=[person_id], fields=["blocked", body.reason])
    text = f"Доступ в кабинет медработника закрыт: {REASONS[body.reason]}. Вопросы — в поддержку."
    call.transaction.send(TellOwner(person_id=person_id, subject="Доступ закрыт", text=text))
    call.tag(int(account.version) + 1)
    return AccessClosed(person_id=person_id, reason=body.reason, detail="Доступ закрыт, все сеансы завершены.")
