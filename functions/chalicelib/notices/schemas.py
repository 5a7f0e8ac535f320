"""How many messages may leave: for one address, and for all in a day."""

from chalicelib.kit import log, secret
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.jobs import Job

CODES_IN_TEN_MINUTES, CODES_A_DAY = 3, 10
CODE_SECONDS = 600
LIVES = {"activation": 72 * 3600}
SMS_A_DAY, SHARDS = 8000, 8
FOR_ANYBODY = {"registration": "applicant", "recovery": "recovery"}  # who asks for these codes is not proven


def is_within_limits(job: Job, channel: str, address: str, purpose: str) -> bool:
    """Tell whether a code may still go to an address; if not, it is put aside. Notices (no purpose) always may.

    Codes that anybody may ask for have a day's limit of their own, so that a stranger who registers with somebody's
    number, or recovers under his login, does not use up the owner's codes. A code that has waited for its whole life is
    not sent any more.
    """
    if not purpose:
        return True
    if job.age > LIVES.get(purpose, CODE_SECONDS):
        job.give_up()
        return False
    if job.attempt > 1:
        return True
    owner = f"{channel}#{secret.look_up(channel, address)}"
    day = f"{owner}#{FOR_ANYBODY.get(purpose, 'owner')}"
    lately = Counter.hit(f"{owner}#{purpose}", CODE_SECONDS)
    if lately <= CODES_IN_TEN_MINUTES and Counter.hit(day, 86_400) <= CODES_A_DAY:
        return True
    job.give_up()
    return False


def is_within_budget(job: Job) -> bool:
    """Tell whether the day's budget of SMS lasts; beyond it a log line calls the operator, and nothing is sent."""
    shard = int(job.effect_id[-1], 16) % SHARDS
    if Counter.hit(f"sms-budget#{shard}", 86_400) <= SMS_A_DAY // SHARDS:
        return True
    log.event("sms-budget-spent", job.trace_id, channel="sms")
    job.give_up()
    return False
