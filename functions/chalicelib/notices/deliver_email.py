"""Letters leave by the mail service."""

from chalicelib.kit import aws, settings
from chalicelib.kit.catalogue import EMAIL, Queue, Update
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Email
from chalicelib.notices.schemas import is_within_limits


@worker(on=Queue("email"), reads=[Counter], writes=[Update(Counter)], uses=[EMAIL])
def deliver_email(job: Job, effect: Email) -> None:
    """Отправить письмо."""
    if not is_within_limits(job, "email", effect.to, effect.purpose):
        return
    subject, text = ({"Data": said, "Charset": "UTF-8"} for said in (effect.subject, effect.text))
    content = {"Simple": {"Subject": subject, "Body": {"Text": text}}}
    aws.client("sesv2").send_email(
        FromEmailAddress=settings.mail_sender(), Destination={"ToAddresses": [effect.to]}, Content=content
    )
