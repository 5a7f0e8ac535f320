"""When the time of a closed account is over, its keys are destroyed: what they sealed is nobody's any more."""

from chalicelib.accounts.tables import ERASE_SHARDS, Account, Employment, Reservation
from chalicelib.kit import clock, log
from chalicelib.kit.catalogue import Delete, Every, Put, Query, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.problem import Refusal
from chalicelib.kit.tables import Get
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.transaction import Transaction
from chalicelib.profile.tables import Confirmation, Profile

AT_ONCE = 5  # accounts of a shard in one run, so at most twenty; what is left waits in the index
ROWS = 20  # confirmations of one account in one run; it stays in the index until none is left

READABLE = (
    "wrapped_key",
    "former_key",
    "contacts",
    "contact_change",
    "erase_shard",
    "erase_at",
)  # and its place in the index


@worker(
    on=Every(minutes=60),
    reads=[Query(Account.by_erase), Query(Reservation.by_person), Query(Employment), Query(Confirmation), Account],
    writes=[Update(Account), Put(JournalRecord), *map(Delete, (Employment, Reservation, Confirmation, Profile))],
    audit="account.erased",
)
def erase_closed_accounts(job: Job) -> None:
    """Стереть ключи закрытых кабинетов, срок хранения которых прошёл."""
    for shard in range(ERASE_SHARDS):
        for due in list(Account.to_erase(shard, clock.epoch()).run(AT_ONCE, None)):
            try:
                _erase(job, due.person_id)
                job.commit()
            except Refusal as error:  # somebody is changing it: it waits for the next run and holds up nobody
                log.failure("not-erased", job.trace_id, error)
            job.transaction = Transaction()


def _erase(job: Job, person_id: str) -> None:
    (account,) = job.read(Get(Account, person_id))
    if account is None or account.erase_at is None or account.erase_at > clock.epoch():
        return
    confirmations = list(Confirmation.of_person(person_id).run(ROWS, None))
    for one in confirmations:
        job.transaction.delete(one)
    if len(confirmations) == ROWS:
        return
    for reserved in Reservation.of_person(person_id).run(None, None):
        job.transaction.delete(reserved, when=Reservation.person_id == person_id)
    for work in Employment.of_person(person_id).run(None, None):
        job.transaction.delete(work)
    job.transaction.delete(Profile(person_id=person_id))
    gone = [getattr(Account, name).remove() for name in READABLE]
    job.transaction.update(account, Account.grants.set([]), Account.erased_at.set(clock.epoch()), *gone)
    job.record(person_id)
