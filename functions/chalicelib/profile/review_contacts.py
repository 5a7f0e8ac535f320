"""The worker has looked through his contacts: they are right (CON-09)."""

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Own, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.profile.schemas import ContactsView, contacts_view


@operation(
    "POST /v1/profile/contact_reviews",
    allow={Role.WORKER: Own()},
    match=True,
    reads=[Account],
    writes=[Update(Account)],
    audit="contacts.reviewed",
)
def review_contacts(call: Call) -> ContactsView:
    """Отметить, что контактные данные верны."""
    account = call.read(Get(Account, call.actor.person_id))
    call.match_version(account.contacts_version)
    account.contacts_reviewed_at = call.now
    call.transaction.update(account, Account.contacts_reviewed_at.set(call.now))
    call.tag(int(account.contacts_version))
    return contacts_view(account, contacts_of(account))
