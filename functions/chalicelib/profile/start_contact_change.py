"""Changing contacts: a code goes to a confirmed channel, and one to each new phone or mailbox."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, codes
from chalicelib.kit.access import Own, Role
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import Phone, Text
from chalicelib.profile.refusals import NothingToChange
from chalicelib.profile.schemas import seal_contact_change, send_change_codes


class StartContactChange(Body):
    """New contacts (absent fields stay, null clears) and where the first code goes."""

    channel: Annotated[Literal["sms", "email"], Meta(title="Куда прислать код", description="Подтверждённый канал.")]
    phone: Phone | UnsetType = UNSET
    email: EmailText | UnsetType = UNSET
    alternative_phone: Annotated[Phone | UnsetType | None, Meta(title="Другой телефон")] = UNSET
    workplace_address: Annotated[Text | UnsetType | None, Meta(title="Фактический адрес места работы")] = UNSET
    telegram: Annotated[Text | UnsetType | None, Meta(title="Telegram", description="Только хранится.")] = UNSET
    viber: Annotated[Text | UnsetType | None, Meta(title="Viber", description="Только хранится.")] = UNSET
    other_messenger: Annotated[
        Text | UnsetType | None, Meta(title="Другой мессенджер", description="Например MAX.")
    ] = UNSET


class ContactChangeStarted(Answer):
    """Which codes are to be entered."""

    needed: Annotated[list[str], Meta(title="Какие коды понадобятся", examples=[["code", "phone_code"]])]
    detail: Annotated[str, Meta(title="Что делать дальше")]
    expires_at: Annotated[str, Meta(title="До какого времени действуют коды")]


@operation(
    "POST /v1/profile/contact_changes",
    allow={Role.WORKER: Own()},
    match=True,
    full=True,
    reads=[Account],
    writes=[Update(Account)],
    effects=[Sms, Email],
    refuses=[NothingToChange],
    audit="contacts.change_started",
    status=202,
)
def start_contact_change(call: Call, body: StartContactChange) -> ContactChangeStarted:
    """Начать изменение контактных данных."""
    account = call.read(Get(Account, call.actor.person_id))
    call.match_version(account.contacts_version)
    before = contacts_of(account)
    said = msgspec.structs.asdict(body)
    changes = {name: value for name, value in said.items() if name != "channel" and value is not UNSET}
    after = msgspec.structs.replace(before, **changes)
    call.note(fields=sorted(name for name in changes if getattr(after, name) != getattr(before, name)))
    if not call.fields:
        raise NothingToChange
    digests = send_change_codes(call, before, after, body.channel)
    until = call.now + codes.LIFE_SECONDS
    call.transaction.update(account, Account.contact_change.set(seal_contact_change(account, after, digests, until)))
    call.tag(int(account.contacts_version))
    detail = "Введите коды из сообщений: пока они не введены, контакты остаются прежними."
    return ContactChangeStarted(needed=sorted(digests), detail=detail, expires_at=clock.moment(until))
