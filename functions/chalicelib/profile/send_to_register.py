"""Confirmed changes flow to the register of medical workers (PRO-09)."""

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.tables import Account
from chalicelib.kit.catalogue import Outside, Queue, Update
from chalicelib.kit.declare import worker
from chalicelib.kit.jobs import Job
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.tables import Get
from chalicelib.profile.schemas import SendToRegister, present_values
from chalicelib.profile.tables import Profile


@worker(
    on=Queue("register"),
    reads=[Breaker, Profile, Account],
    writes=[Update(Breaker)],
    uses=[Outside(SYSTEM)],
)
def send_to_register(job: Job, effect: SendToRegister) -> None:
    """Передать подтверждённые изменения в регистр."""
    profile, account, breaker = job.read(Get(Profile, effect.person_id), Get(Account, effect.person_id), BREAKER)
    if profile is None or account is None:
        job.give_up()
        return
    register = Register(breaker, job.trace_id)
    if not register.propose(job.effect_id, *present_values(profile, account, effect.fields)):
        job.give_up()
    register.forgive(job.transaction)
