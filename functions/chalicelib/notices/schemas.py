"""How many messages may leave: for one address, and for all in a day."""

from chalicelib.kit import log, secret
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.jobs import Job

CODES_IN_TEN_MINUTES, CODES_A_DAY = 3, 10
CODE_SECONDS = 600
# Who can ask for a code: anybody, for these two; who knows the password; who was proved; the rest, the owner himself.
ASKED_BY = {"registration": "applicant", "recovery": "recovery", "sign_in": "password", "proof": "proof"}
ANYBODY = frozenset({"applicant", "recovery"})
SMS_A_DAY, SHARDS = {"applicant": 1600, "recovery": 1600, "owner": 4800}, 8


def is_within_limits(job: Job, channel: str, address: str, purpose: str) -> bool:
    """Tell whether a code may still go to an address; if not, it is put aside. Notices (no purpose) always may.

    In any ten minutes an address gets three codes of all that strangers can ask for, and three of each other purpose;
    in a day (UTC) ten of each kind of asker, so that nobody uses up the codes of somebody who has proved more. What is
    put aside does not count. A code that has waited for its whole life is not sent any more.
    """
    if not purpose:
        return True
    if job.age > CODE_SECONDS:
        job.give_up()
        return False
    if job.attempt > 1:
        return True
    owner, asker = f"{channel}#{secret.look_up(channel, address)}", ASKED_BY.get(purpose, "owner")
    lately, day = f"{owner}#{'anybody' if asker in ANYBODY else purpose}", f"{owner}#{asker}"
    if Counter.take(day, 86_400, CODES_A_DAY):
        if Counter.take(lately, CODE_SECONDS, CODES_IN_TEN_MINUTES, parts=2):
            return True
        Counter.give_back(day, 86_400)
    job.give_up()
    return False


def is_within_budget(job: Job, purpose: str) -> bool:
    """Tell whether the day's budget of SMS lasts; beyond it a log line calls the operator, and nothing is sent.

    What anybody can ask for has shares of its own: however many numbers a stranger registers, owners get their codes.
    """
    asker = ASKED_BY.get(purpose, "owner")
    share, shard = asker if asker in ANYBODY else "owner", int(job.effect_id[-1], 16) % SHARDS
    if Counter.hit(f"sms-budget#{share}#{shard}", 86_400) <= SMS_A_DAY[share] // SHARDS:
        return True
    log.event("sms-budget-spent", job.trace_id, channel="sms", code=share)
    job.give_up()
    return False
