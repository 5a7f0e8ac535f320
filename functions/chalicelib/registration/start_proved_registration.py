"""First step for who has proved himself: what an impostor left behind ends at once, and the contacts are asked."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.refusals import AccountClosed, RegisterUnavailable
from chalicelib.accounts.tables import Account, Login, Reservation
from chalicelib.kit import clock
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import NEW_KEY, Delete, Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Breaker, Once, Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import Phone, Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.registration.refusals import AccountExists, NotInRegister, PatientsComeByEsia
from chalicelib.registration.schemas import FlowStep, by_register, open_proved_flow, places_of, proved
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.sign_in.refusals import SignInExpired
from chalicelib.sign_in.schemas import TICKET_SECONDS, Proof, take


class StartProvedRegistration(Body):
    """How to reach the person, and as whom he comes; the rest is known from the door."""

    ticket: Token
    phone: Phone
    email: EmailText
    role: Annotated[Literal["worker", "patient"], Meta(title="Кто вы", description="worker или patient.")] = "worker"
    birth_date: Annotated[date | None, Meta(title="Дата рождения", description="Если вошли по подписи.")] = None


@operation(
    "POST /v1/registration/proved_flows",
    public=True,
    reads=[Reservation, Login, Account, Breaker],
    writes=[
        *map(Put, (RegistrationFlow, Once, JournalRecord)),
        *map(Update, (Breaker, Account)),
        *map(Delete, (Session, Reservation)),
    ],
    uses=[NEW_KEY, Outside(SYSTEM)],
    effects=[Sms, Email],
    refuses=[SignInExpired, AccountExists, AccountClosed, RegisterUnavailable, NotInRegister, PatientsComeByEsia],
    audit="registration.proved",
    status=202,
)
def start_proved_registration(call: Call, body: StartProvedRegistration) -> FlowStep:
    """Открыть кабинет после входа через Госуслуги или по электронной подписи."""
    values = take("proved", body.ticket)
    proof = msgspec.convert(values["proof"], Proof)
    if body.role == "patient" and proof.door != "esia":
        raise PatientsComeByEsia
    said = proved(proof, body, body.role)
    taken, login, account, breaker = call.look(*places_of(said), Get(Account, values["person"] or "-"), BREAKER)
    if body.role == "worker":
        worker = Register(breaker, call.trace_id).ask(said.snils, call.transaction)
        if worker is None or not worker.valid_cards(clock.today()):
            raise NotInRegister
        said = by_register(said, worker, clock.today())
    call.transaction.put(Once(what=f"proved#{values['nonce']}", expires=call.now + TICKET_SECONDS), SignInExpired)
    return open_proved_flow(call, said, account, taken, login)
