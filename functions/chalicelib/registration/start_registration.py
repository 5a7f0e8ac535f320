"""First step: who the applicant says he is. The answer and the work are the same for everybody."""

import secrets
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import BREAKER, SYSTEM, Register
from chalicelib.accounts.refusals import RegisterUnavailable
from chalicelib.accounts.rules import refuse_impossible_birth_date
from chalicelib.accounts.tables import Login, Reservation
from chalicelib.kit import clock, ids, secret
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import NEW_KEY, Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import PersonName, Phone, Snils
from chalicelib.kit.vault import OwnerKey
from chalicelib.registration.rules import login_base, login_of, outcome_of
from chalicelib.registration.schemas import Application, FlowStep, as_registered, flow_step, new_flow, send_codes
from chalicelib.registration.tables import RegistrationFlow


class StartRegistration(Body):
    """The applicant's own data; phone and e-mail will be confirmed by codes."""

    snils: Snils
    last_name: Annotated[PersonName, Meta(title="Фамилия")]
    first_name: Annotated[PersonName, Meta(title="Имя")]
    birth_date: Annotated[date, Meta(title="Дата рождения", description="Вид записи: 1980-03-15.")]
    phone: Phone
    email: EmailText
    middle_name: Annotated[PersonName | None, Meta(title="Отчество", description="Если есть.")] = None


@operation(
    "POST /v1/registration/flows",
    public=True,
    reads=[Reservation, Login, Breaker],
    writes=[Put(RegistrationFlow), Update(Breaker)],
    uses=[NEW_KEY, Outside(SYSTEM)],
    effects=[Sms, Email],
    refuses=[RegisterUnavailable],
    audit="registration.started",
    status=202,
)
def start_registration(call: Call, body: StartRegistration) -> FlowStep:
    """Начать регистрацию медицинского работника."""
    refuse_impossible_birth_date(body.birth_date, clock.today())
    typed = (body.last_name, body.first_name, body.middle_name, body.birth_date)
    login = login_of(login_base(*typed[:3]), 1)
    taken, phone_taken, login_taken, breaker = call.look(
        Get(Reservation, f"snils#{secret.look_up('snils', body.snils)}"),
        Get(Reservation, f"phone#{secret.look_up('phone', body.phone)}"),
        Get(Login, login),
        BREAKER,
    )
    worker = Register(breaker, call.trace_id).ask(body.snils, call.transaction)
    outcome = outcome_of(typed, worker, clock.today(), taken=taken is not None, phone_taken=phone_taken is not None)
    if login_taken is not None:
        login += str(secrets.randbelow(998) + 2)
    said = Application(**msgspec.structs.asdict(body), login=login, outcome=outcome, cards=[])
    flow, token, sent = new_flow(as_registered(said, worker, clock.today()), OwnerKey.new(ids.new("psn")))
    call.transaction.put(flow)
    send_codes(call, said, sent)
    detail = "Введите коды из SMS и письма. Если сообщение не пришло за 10 минут, начните заново."
    return flow_step(flow, token, "confirm_registration_contacts", detail)
