"""Codes of activations are made only here, so that asking for one does the same for every letter."""

from chalicelib.accounts.schemas import Contacts, key_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import codes
from chalicelib.kit.catalogue import Queue, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Sms
from chalicelib.kit.tables import Get
from chalicelib.registration.schemas import ActivationCode, awaits, new_code


@worker(on=Queue("activation"), reads=[Account], writes=[Update(Account)], effects=[Sms])
def deliver_activation_code(job: Job, effect: ActivationCode) -> None:
    """Отправить код для пароля на телефон, который ждёт подтверждения, если письмо действует."""
    if job.age > codes.LIFE_SECONDS:
        job.give_up()
        return
    (account,) = job.read(Get(Account, effect.person_id))
    if account is None or not awaits(account, effect):
        return
    code, change = new_code(account, effect)
    job.transaction.update(account, change, when=Account.activation == effect.nonce, edits=False)
    phone = key_of(account).open("account/contacts", account.contact_change, Contacts).phone
    text = f"Код для пароля в кабинете медработника: {code}. Действует 10 минут. Никому его не сообщайте."
    job.transaction.send(Sms(to=phone, text=text, purpose="activation"))
