"""Codes of a recovery leave only here, so that the request itself does the same for every login."""

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import codes
from chalicelib.kit.catalogue import Queue
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.tables import Get
from chalicelib.recovery.schemas import RecoveryCode, act

SUBJECT = "Код для восстановления доступа"


@worker(on=Queue("recovery"), reads=[Account], effects=[Sms, Email])
def send_recovery_code(job: Job, effect: RecoveryCode) -> None:
    """Отправить код для восстановления доступа, если есть кому."""
    if job.age > codes.LIFE_SECONDS:
        job.give_up()
        return
    (account,) = job.read(Get(Account, effect.person_id))
    if account is None or account.contacts is None:
        return
    contacts = contacts_of(account)
    if effect.channels in {"sms", "both"}:
        text = _text(codes.derived(act(account, effect.nonce, "sms")))
        job.transaction.send(Sms(to=contacts.phone, text=text, purpose="recovery"))
    if effect.channels in {"email", "both"}:
        text = _text(codes.derived(act(account, effect.nonce, "email")))
        job.transaction.send(Email(to=contacts.email, subject=SUBJECT, text=text, purpose="recovery"))


def _text(code: str) -> str:
    return (
        f"Код для нового пароля в кабинете медработника: {code}. Действует 10 минут. "
        "Никому его не сообщайте. Не запрашивали — ничего не делайте."
    )
