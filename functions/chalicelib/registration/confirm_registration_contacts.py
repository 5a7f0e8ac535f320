"""Second step: the applicant holds the phone and the mailbox that he named."""

from chalicelib.accounts.refusals import CodeWrong, TooManyTries
from chalicelib.kit import codes
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.guesses import refuse_guesser
from chalicelib.kit.text import Code, Token
from chalicelib.registration.refusals import FlowEnded
from chalicelib.registration.schemas import FLOW_SECONDS, FlowStep, enter, flow_step
from chalicelib.registration.tables import RegistrationFlow


class ConfirmContacts(Body):
    """The codes from both messages."""

    flow: Token
    phone_code: Code
    email_code: Code


@operation(
    "POST /v1/registration/contact_confirmations",
    public=True,
    reads=[RegistrationFlow],
    writes=[Update(RegistrationFlow)],
    refuses=[CodeWrong, TooManyTries, FlowEnded],
    audit="registration.contacts_confirmed",
)
def confirm_registration_contacts(call: Call, body: ConfirmContacts) -> FlowStep:
    """Подтвердить телефон и почту кодами."""
    refuse_guesser(call, "code")
    flow = enter(body.flow, "contacts")
    phone_fits = codes.fits(f"registration/{flow.flow_id}/phone", body.phone_code, flow.phone_code)
    email_fits = codes.fits(f"registration/{flow.flow_id}/email", body.email_code, flow.email_code)
    if not (phone_fits and email_fits):
        raise CodeWrong
    flow.until = call.now + FLOW_SECONDS
    kind = RegistrationFlow
    call.transaction.update(
        flow,
        kind.state.set("completion"),
        kind.tries.set(0),
        kind.until.set(flow.until),
        kind.expires.set(flow.until),
        when=kind.state == "contacts",
        refusal=FlowEnded,
    )
    detail = "Придумайте пароль и подтвердите согласие с политикой безопасности."
    return flow_step(flow, body.flow, "complete_registration", detail)
