"""The codes have come: the contacts change, and the former ones are told."""

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong, PhoneTaken, TooManyTries
from chalicelib.accounts.schemas import contacts_of, key_of, new_phone
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.factors.schemas import new_recovery_codes
from chalicelib.kit.access import Own, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.text import Code
from chalicelib.profile.refusals import ContactChangeMissing
from chalicelib.profile.schemas import (
    ContactsChanged,
    SendToRegister,
    changes_factors,
    contacts_view,
    open_contact_change,
    refuse_wrong_codes,
    tell_about_change,
)


class ConfirmContactChange(Body):
    """The code of the confirmed channel, and those of the new phone and mailbox if they change."""

    code: Code
    phone_code: Annotated[Code | None, Meta(title="Код с нового телефона")] = None
    email_code: Annotated[Code | None, Meta(title="Код из новой почты")] = None


@operation(
    "POST /v1/profile/contact_changes/confirmations",
    allow={Role.WORKER: Own()},
    reads=[Account],
    writes=[Update(Account), Put(Reservation), Delete(Reservation)],
    effects=[Sms, Email, SendToRegister],
    refuses=[CodeWrong, TooManyTries, ContactChangeMissing, PhoneTaken],
    audit="contacts.changed",
    memory=1024,
)
def confirm_contact_change(call: Call, body: ConfirmContactChange) -> ContactsChanged:
    """Подтвердить изменение контактных данных кодами."""
    account = Account.attempt(call.actor.person_id, "contacts")
    if account is None:
        raise NotFound
    call.prove(account)
    change = open_contact_change(account, call.now)
    refuse_wrong_codes(account.person_id, change, body.code, body.phone_code, body.email_code)
    before, after = contacts_of(account), change.contacts
    new_phone(call, account, after.phone)
    account.contacts_version += 1
    account.contacts_reviewed_at = call.now
    shown = new_recovery_codes(account) if account.recovery_codes and changes_factors(before, after) else []
    call.transaction.update(
        account,
        Account.recovery_codes.set(account.recovery_codes),
        Account.contacts.set(key_of(account).seal("account/contacts", after)),
        Account.contact_change.remove(),
        Account.contacts_reviewed_at.set(call.now),
        Account.contacts_version.set(account.contacts_version),
        *Account.no_tries("contacts"),
    )
    tell_about_change(call, before, after)
    call.note(fields=[name for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)])
    call.tag(int(account.contacts_version))
    return ContactsChanged(**msgspec.structs.asdict(contacts_view(account, after)), recovery_codes=shown)
