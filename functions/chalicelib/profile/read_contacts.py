"""One's own contacts, and whether they should be looked through."""

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Own, Role
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.profile.schemas import ContactsView, contacts_view


@operation(
    "GET /v1/profile/contacts",
    allow={Role.WORKER: Own()},
    reads=[Account],
    audit="contacts.read",
)
def read_contacts(call: Call) -> ContactsView:
    """Показать свои контактные данные."""
    account = call.read(Get(Account, call.actor.person_id))
    call.tag(int(account.contacts_version))
    return contacts_view(account, contacts_of(account))
