"""«Это не я»: the owner closes his access by the number from the cabinet's letter."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner, end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit import ticket
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.recovery.refusals import ReportEnded
from chalicelib.recovery.schemas import note_for_owner

HOW_BACK = "Чтобы вернуться, восстановите доступ кодами из SMS и из письма вместе либо войдите через ЕСИА или подписью."


class ReportStranger(Body):
    """The number behind the link of the letter."""

    number: Annotated[Token, Meta(title="Номер из письма")]


class StrangerReported(Answer):
    """The access is closed."""

    detail: Annotated[str, Meta(title="Что случилось и как вернуться")]


@operation(
    "POST /v1/recovery/reports",
    public=True,
    reads=[Account],
    writes=[Update(Account), Delete(Session), Put(JournalRecord)],
    effects=[TellOwner],
    refuses=[ReportEnded],
    audit="access.stranger_reported",
)
def report_stranger(call: Call, body: ReportStranger) -> StrangerReported:
    """Сообщить «это не я» и закрыть доступ."""
    values = ticket.unseal("not_me", body.number)
    if values is None:
        raise ReportEnded
    account = call.read(Get(Account, values["person"]))
    if (
        account.blocked is None or account.blocked["by"] == "suspicion"
    ):  # an officer's stays his; a second press changes nothing
        closed = Account.blocked.set({"by": "owner", "at": call.now})
        end_sessions(call.transaction, account, closed)
        note_for_owner(call, account)
        text = f"Доступ в кабинет медработника закрыт по вашему сообщению, все сеансы завершены. {HOW_BACK}"
        call.transaction.send(TellOwner(person_id=account.person_id, subject="Доступ закрыт", text=text))
    return StrangerReported(detail=f"Доступ закрыт, все сеансы завершены. {HOW_BACK}")
