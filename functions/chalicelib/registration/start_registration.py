"""First step: who the applicant says he is. The answer and the work are the same for everybody."""

import secrets
from datetime import date
from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Login, Reservation
from chalicelib.kit import clock, codes, ids, secret
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import NEW_KEY, Outside, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.outside import Unavailable
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import PersonName, Phone, Snils
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.ports import BREAKER, SYSTEM, Register, RegisteredWorker
from chalicelib.profile.refusals import RegisterUnavailable
from chalicelib.registration.rules import code_text, login_base, login_of, same_person_names
from chalicelib.registration.schemas import FLOW_SECONDS, Application, FlowStep, Outcome, flow_step, new_token
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
    login = login_of(login_base(body.last_name, body.first_name, body.middle_name), 1)
    taken, phone_taken, login_taken, breaker = call.look(
        Get(Reservation, f"snils#{secret.look_up('snils', body.snils)}"),
        Get(Reservation, f"phone#{secret.look_up('phone', body.phone)}"),
        Get(Login, login),
        BREAKER,
    )
    register = Register(breaker, call.trace_id)
    try:
        worker = register.find(body.snils)
    except Unavailable:
        raise RegisterUnavailable from None
    register.forgive(call.transaction)
    outcome = _outcome(body, worker, taken=taken is not None, phone_taken=phone_taken is not None)
    if login_taken is not None:
        login += str(secrets.randbelow(998) + 2)
    return _open_flow(call, body, login, outcome, worker)


def _outcome(body: StartRegistration, worker: RegisteredWorker | None, *, taken: bool, phone_taken: bool) -> Outcome:
    if worker is None or worker.birth_date != body.birth_date:
        return "no-match"
    typed = " ".join(filter(None, (body.last_name, body.first_name, body.middle_name)))
    known = " ".join(filter(None, (worker.last_name, worker.first_name, worker.middle_name)))
    if not same_person_names(typed, known):
        return "no-match"
    if not worker.valid_cards(clock.today()):
        return "not-working"
    if taken:
        return "already-registered"
    return "phone-taken" if phone_taken else "matched"


def _open_flow(
    call: Call, body: StartRegistration, login: str, outcome: Outcome, worker: RegisteredWorker | None
) -> FlowStep:
    flow_id, token, secret_hash = new_token()
    key = OwnerKey.new(ids.new("psn"))
    phone_code, phone_hash = codes.issue(f"registration/{flow_id}/phone")
    email_code, email_hash = codes.issue(f"registration/{flow_id}/email")
    application = Application(
        snils=body.snils,
        last_name=body.last_name,
        first_name=body.first_name,
        middle_name=body.middle_name,
        birth_date=body.birth_date,
        phone=body.phone,
        email=body.email,
        login=login,
        outcome=outcome,
        cards=worker.valid_cards(clock.today()) if worker and outcome == "matched" else [],
    )
    flow = RegistrationFlow(
        flow_id=flow_id,
        secret_hash=secret_hash,
        applicant_id=key.owner,
        wrapped_key=key.wrapped,
        sealed=key.seal("registration_flow/sealed", application),
        state="contacts",
        phone_code=phone_hash,
        email_code=email_hash,
        until=call.now + codes.LIFE_SECONDS,
        expires=call.now + FLOW_SECONDS,
    )
    call.transaction.put(flow)
    call.transaction.send(Sms(to=body.phone, text=code_text(phone_code), purpose="registration"))
    call.transaction.send(Email(to=body.email, subject="Код для регистрации", text=code_text(email_code)))
    detail = "Введите коды из SMS и письма. Если сообщение не пришло за 10 минут, начните заново."
    return flow_step(flow, token, "confirm_registration_contacts", detail)
