"""SMS leave by the gateway; one number gets few codes, whoever asks for them."""

from chalicelib.kit import aws, secret
from chalicelib.kit.catalogue import SMS, Queue, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Counter

CODES_IN_TEN_MINUTES, CODES_A_DAY = 3, 10


@worker(on=Queue("sms"), writes=[Update(Counter)], uses=[SMS])
def deliver_sms(job: Job, effect: Sms) -> None:
    """Отправить SMS."""
    if effect.purpose and not _is_within_limits(effect):
        job.give_up()
        return
    aws.client("sns").publish(PhoneNumber=effect.to, Message=effect.text)


def _is_within_limits(effect: Sms) -> bool:
    number = secret.look_up("phone", effect.to)
    lately = Counter.hit(f"sms#{number}#{effect.purpose}", 600)
    return lately <= CODES_IN_TEN_MINUTES and Counter.hit(f"sms#{number}", 86_400) <= CODES_A_DAY
