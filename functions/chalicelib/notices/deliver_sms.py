"""SMS leave by the gateway; one number gets few codes, whoever asks for them."""

from chalicelib.kit import aws
from chalicelib.kit.catalogue import SMS, Queue, Update
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Sms
from chalicelib.notices.schemas import is_within_budget, is_within_limits


@worker(on=Queue("sms"), reads=[Counter], writes=[Update(Counter)], uses=[SMS])
def deliver_sms(job: Job, effect: Sms) -> None:
    """Отправить SMS."""
    if is_within_limits(job, "sms", effect.to, effect.purpose) and is_within_budget(job, effect.purpose):
        aws.client("sns").publish(PhoneNumber=effect.to, Message=effect.text)
