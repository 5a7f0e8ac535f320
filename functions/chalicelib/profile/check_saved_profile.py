"""After a save, or when the stored match grew old: the profile is checked with the register outside the request."""

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.schemas import renew_match
from chalicelib.accounts.tables import Account, Employment
from chalicelib.kit.access import Role
from chalicelib.kit.catalogue import Delete, Outside, Put, Query, Queue, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.outside import Unavailable
from chalicelib.kit.records.tables import Breaker, Session
from chalicelib.kit.tables import Get
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile, SendToRegister, open_profile, settle
from chalicelib.profile.tables import Confirmation, Profile


@worker(
    on=Queue("check"),
    reads=[Profile, Account, Breaker, Query(Employment), Query(Session)],
    writes=[
        *map(Update, (Profile, Account, Employment, Breaker)),
        *map(Put, (Confirmation, Employment, JournalRecord)),
        *map(Delete, (Session, Employment)),
    ],
    uses=[Outside(SYSTEM)],
    effects=[SendToRegister],
    audit="profile.checked",
)
def check_saved_profile(job: Job, effect: CheckProfile) -> None:
    """Проверить сохранённый профиль по регистру."""
    person_id = effect.person_id
    profile, account, breaker = job.read(Get(Profile, person_id), Get(Account, person_id), BREAKER)
    if profile is None or account is None:
        return
    data = open_profile(profile)
    register = Register(breaker, job.trace_id)
    try:
        found = register.find(data.snils)
    except Unavailable:
        if not job.last_try:
            raise
        if profile.status == "on_check":
            job.transaction.update(profile, Profile.status.set("not_checked"), when=profile.is_unedited(), edits=False)
        return
    register.forgive(job.transaction)
    if account.assurance == "confirmed":  # what an unproven person typed is nobody's statement
        settle(job.transaction, profile, data, found, confirm_again=False)
    if any(one["role"] == Role.WORKER for one in account.grants):
        renew_match(job.transaction, account, list(Employment.of_person(person_id).run(None, None)), found)
    job.record(person_id)
