"""The offices open a closed access for a person whom they have identified; he sets his password anew himself."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.recovery.refusals import ClosedByOffice, NotBlocked, NotForOneself
from chalicelib.recovery.schemas import reopen

GROUNDS = {
    "passport_in_person": "пришёл лично, паспорт сверен",
    "staff_department": "кадровая служба сверила паспорт и подтвердила письменно",
    "signed_request": "заявление с квалифицированной электронной подписью",
}
Grounds = Literal["passport_in_person", "staff_department", "signed_request"]


class UnblockAccount(Body):
    """How the person was identified."""

    grounds: Annotated[
        Grounds,
        Meta(title="Как установлена личность", description="; ".join(f"{one} — {GROUNDS[one]}" for one in GROUNDS)),
    ]


class AccessReopened(Answer):
    """The access is open; the password has gone."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    detail: Annotated[str, Meta(title="Что теперь делает человек")]


@operation(
    "POST /v1/recovery/{person_id}/unblockings",
    allow=dict.fromkeys((Role.SUPPORT, Role.ADMIN, Role.SECURITY), WholeCabinet()),
    match=True,
    fresh=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session)],
    effects=[TellOwner],
    refuses=[NotForOneself, NotBlocked, ClosedByOffice],
    audit="access.reopened",
)
def unblock_account(call: Call, person_id: str, body: UnblockAccount) -> AccessReopened:
    """Открыть закрытый доступ человека, чья личность установлена."""
    if person_id == call.actor.person_id:
        raise NotForOneself
    account = call.read(Get(Account, person_id))
    call.match(account)
    if account.blocked is None:
        raise NotBlocked
    if account.blocked["by"] == "officer" and call.actor.role == Role.SUPPORT:
        raise ClosedByOffice
    reopen(call, account)
    call.note(objects=[person_id], fields=["blocked", body.grounds])
    text = "Доступ в кабинет медработника открыт. Прежний пароль удалён: задайте новый через «Восстановление доступа»."
    call.transaction.send(TellOwner(person_id=person_id, subject="Доступ открыт", text=text, not_me=True))
    call.tag(int(account.version) + 1)
    detail = "Доступ открыт. Пароль удалён: человек задаст новый через «Восстановление доступа»."
    return AccessReopened(person_id=person_id, detail=detail)
