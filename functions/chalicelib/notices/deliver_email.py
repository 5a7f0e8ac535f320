"""Letters leave by the mail service."""

from chalicelib.kit import aws, settings
from chalicelib.kit.catalogue import EMAIL, Queue
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outbox import Email


@worker(on=Queue("email"), uses=[EMAIL])
def deliver_email(job: Job, effect: Email) -> None:  # noqa: ARG001 - the form of a queue worker
    """Отправить письмо."""
    content = {"Simple": {"Subject": {"Data": effect.subject}, "Body": {"Text": {"Data": effect.text}}}}
    aws.client("sesv2").send_email(
        FromEmailAddress=settings.mail_sender(), Destination={"ToAddresses": [effect.to]}, Content=content
    )
