"""A person is told on every confirmed channel what happened to his access."""

from chalicelib.accounts.schemas import NOT_ME_SECONDS, TellOwner, contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import settings, ticket
from chalicelib.kit.catalogue import Queue
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.tables import Get


@worker(on=Queue("owner"), reads=[Account], effects=[Sms, Email])
def tell_owner(job: Job, effect: TellOwner) -> None:
    """Сообщить владельцу о событии с его доступом."""
    (account,) = job.read(Get(Account, effect.person_id))
    if account is None or account.contacts is None:
        job.give_up()
        return
    contacts = contacts_of(account)
    job.transaction.send(Sms(to=contacts.phone, text=effect.text))
    job.transaction.send(Email(to=contacts.email, subject=effect.subject, text=_letter(effect)))


def _letter(effect: TellOwner) -> str:
    if not effect.not_me:
        return effect.text
    # The number stands behind `#`, which browsers never send: it reaches no log. The page asks once more before it acts.
    number = ticket.seal("not_me", NOT_ME_SECONDS, person=effect.person_id)
    link = f"{settings.public_url()}/not-me/#{number}"
    return f"{effect.text}\n\nЕсли это не вы, откройте ссылку: доступ закроется, все сеансы завершатся.\n{link}"
