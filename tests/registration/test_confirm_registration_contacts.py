"""The second step of registration: the applicant proves phone and mailbox; a lost answer is given again."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.records.tables import Idempotency
from chalicelib.registration.tables import RegistrationFlow

NAME = "confirm_registration_contacts"


def example(world: World) -> make.Example:
    """Return a valid request."""
    who = doors.applicant(world)
    return make.Example(body=doors.contact_codes(world, who, doors.start(world, who)))


@pytest.mark.parametrize("field", ["phone_code", "email_code"])
def test_one_wrong_code_is_enough_to_refuse(world: World, field: str) -> None:
    """Both codes must fit; the refusal does not tell which did not."""
    body = example(world).body
    answer = world.client.call(NAME, body | {field: doors.another(body[field])})
    assert (answer.status, answer.code) == (422, "code-wrong")
    assert "errors" not in answer.json


def test_the_codes_of_phone_and_mailbox_are_not_exchangeable(world: World) -> None:
    """Each code is bound to its channel."""
    body = example(world).body
    if body["phone_code"] == body["email_code"]:
        pytest.skip("The two random codes are equal, once in a million.")
    swapped = body | {"phone_code": body["email_code"], "email_code": body["phone_code"]}
    assert world.client.call(NAME, swapped).code == "code-wrong"


def test_codes_of_another_flow_do_not_fit(world: World) -> None:
    """A code opens only the registration for which it was sent."""
    first, second = example(world).body, example(world).body
    assert world.client.call(NAME, first | {"flow": second["flow"]}).code == "code-wrong"


def test_after_five_tries_even_the_right_codes_are_refused(world: World) -> None:
    """Tries end before the codes can be guessed."""
    body = example(world).body
    for _ in range(5):
        assert world.client.call(NAME, body | {"phone_code": doors.another(body["phone_code"])}).code == "code-wrong"
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (429, "too-many-tries")
    assert "Retry-After" in answer.headers


def test_parallel_guesses_are_counted_too(world: World) -> None:
    """Guessing at once does not give more than five tries."""
    body = example(world).body
    wrong = body | {"phone_code": doors.another(body["phone_code"])}
    codes = [one.code for one in doors.together(20, lambda: world.client.call(NAME, wrong))]
    assert codes.count("code-wrong") == 5
    assert codes.count("too-many-tries") == 15


def test_after_ten_minutes_the_flow_has_ended(world: World) -> None:
    """The codes live ten minutes."""
    body = example(world).body
    clock.advance(601)
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (409, "flow-ended")


@pytest.mark.parametrize(
    "flow",
    [f"flw_{'0' * 32}.{'0' * 64}", "flw_unknown", "a.b.c", "=", pytest.param(".secret", id="no flow before the point")],
)
def test_a_flow_that_never_was_has_ended(world: World, flow: str) -> None:
    """Whatever stands in place of a flow is answered like an old one."""
    answer = world.client.call(NAME, {"flow": flow, "phone_code": "123456", "email_code": "123456"})
    assert (answer.status, answer.code) == (409, "flow-ended")


def test_the_secret_of_a_flow_is_needed_and_guessing_it_costs_its_holder_nothing(world: World) -> None:
    """Another secret is not the flow, and does not use up its tries."""
    body = example(world).body
    flow_id = body["flow"].split(".")[0]
    for _ in range(6):
        assert world.client.call(NAME, body | {"flow": f"{flow_id}.{'0' * 64}"}).code == "flow-ended"
    assert world.client.call(NAME, body).status == 200


def test_only_six_plain_digits_are_a_code(world: World) -> None:
    """Other lengths, scripts, ends of lines and kinds are wrong fields, and cost no try."""
    body = example(world).body
    for code in ("12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n", " 123456", 123456, None):
        answer = world.client.call(NAME, body | {"phone_code": code})
        assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/phone_code")
    assert not next(iter(RegistrationFlow.scan())).tries


def test_the_right_codes_open_the_last_step(world: World) -> None:
    """The flow goes on, has fresh tries, and a second confirmation of it is over."""
    body = example(world).body
    world.client.call(NAME, body | {"phone_code": doors.another(body["phone_code"])})
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.json["next"]) == (200, "complete_registration")
    (flow,) = RegistrationFlow.scan()
    assert (flow.state, int(flow.tries)) == ("completion", 0)
    assert world.client.call(NAME, body).code == "flow-ended"


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer and one effect, though the rules would refuse by now."""
    body, key = example(world).body, make.key()
    first = world.client.call(NAME, body, idempotency=key)
    assert world.client.call(NAME, body).code == "flow-ended"
    clock.advance(3700)
    again = world.client.call(NAME, body, idempotency=key)
    assert (first.status, again.status, again.raw) == (200, 200, first.raw)
    assert doors.unknown_callers(NAME) == ["done", "flow-ended", "repeated"]


def test_one_key_sent_at_once_has_one_effect(world: World) -> None:
    """A client that sends twice at the same time gets one answer twice, or is told to wait."""
    body, key = example(world).body, make.key()
    answers = doors.together(8, lambda: world.client.call(NAME, body, idempotency=key))
    good = {one.raw for one in answers if one.status == 200}
    assert len(good) == 1
    assert {one.status for one in answers} <= {200, 409, 429, 503}
    assert world.client.call(NAME, body, idempotency=key).raw in good
    assert doors.unknown_callers(NAME).count("done") == 1


def test_a_key_is_for_one_request(world: World) -> None:
    """The same key with another body is refused and changes nothing."""
    body, key = example(world).body, make.key()
    world.client.call(NAME, body, idempotency=key)
    other = example(world).body
    wrong = other | {"phone_code": doors.another(other["phone_code"])}
    answer = world.client.call(NAME, wrong, idempotency=key)
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")
    answer = world.client.call(NAME, other, idempotency=key)
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")
    assert world.client.call(NAME, other).status == 200


def test_without_a_proper_key_nothing_is_done(world: World) -> None:
    """A missing, short, long or unreadable key is refused."""
    body = example(world).body
    for key in (None, "short", "x" * 65, "x" * 21 + "\n", "ключ" * 8):
        answer = world.client.call(NAME, body, idempotency=key)
        assert (answer.status, answer.code) == (400, "idempotency-key-required")
    assert world.client.call(NAME, body).status == 200


def test_the_table_of_answers_reveals_nothing(world: World) -> None:
    """Neither key, flow, code nor answer can be read from the stored item."""
    body, key = example(world).body, make.key()
    answer = world.client.call(NAME, body, idempotency=key)
    raw = b"".join(str(one.serialize()).encode() + one.answer for one in Idempotency.scan())
    flow_id, random = body["flow"].split(".")
    for telling in (key, flow_id, random, answer.json["next"], answer.json["expires_at"], '"flow"'):
        assert telling.encode() not in raw
    assert b"contact" not in raw


def test_the_security_journal_keeps_every_call(world: World) -> None:
    """Wrong codes and the right ones leave a record each."""
    body = example(world).body
    world.client.call(NAME, body | {"email_code": doors.another(body["email_code"])})
    world.client.call(NAME, body)
    assert doors.unknown_callers(NAME) == ["code-wrong", "done"]
