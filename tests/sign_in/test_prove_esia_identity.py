"""The way back from ЕСИА: who came is proved once, for the one who began, by what ЕСИА really signed."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import doors
import esia_door
import make
import pytest
from conftest import World

from chalicelib.kit import clock, ticket
from chalicelib.kit.records.tables import Breaker, Once
from chalicelib.sign_in import rules
from infra.sandboxes.esia import ERRORS

NAME = "prove_esia_identity"
DOCTOR = "99507968293"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=esia_door.proof(world))


def prove(world: World, person: str = "doctor", **changed: Any) -> make.Answer:
    """Go through ЕСИА as a person and come back."""
    return world.client.call(NAME, esia_door.proof(world, person) | changed)


def said_in(answer: make.Answer) -> dict[str, Any]:
    """Open the ticket of an answer and return the proof in it."""
    assert answer.status == 200, answer.raw
    values = ticket.unseal("sign_in/proved", answer.json["ticket"])
    assert values is not None
    found: dict[str, Any] = values["proof"]
    return found


def test_a_damaged_old_or_foreign_pass_is_refused(world: World) -> None:
    """Only the pass of `start_esia_sign_in`, whole and not older than a quarter of an hour."""
    body = esia_door.proof(world)
    other = doors.ask_login(world, make.person(signed_in=False).login)
    for flow in (body["flow"][:-4] + "AAAA", other, "AAAA"):
        answer = world.client.call(NAME, body | {"flow": flow})
        assert (answer.status, answer.code) == (409, "provider-flow-ended")
    clock.advance(901)
    assert world.client.call(NAME, body).code == "provider-flow-ended"


def test_a_stolen_code_and_state_open_nothing_elsewhere(world: World) -> None:
    """In another browser there is no pass, or the pass of another sign-in: the answer is known to be foreign."""
    stolen, own = esia_door.proof(world), esia_door.start(world)
    answer = world.client.call(NAME, {"state": stolen["state"], "code": stolen["code"]})
    assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/flow")
    answer = world.client.call(NAME, stolen | {"flow": own["flow"]})
    assert (answer.status, answer.code) == (409, "foreign-provider-answer")
    assert world.client.call(NAME, stolen).status == 200


def test_a_stolen_code_opens_nothing_in_a_sign_in_of_the_thief(world: World) -> None:
    """With his own pass and his own state: the code names the sign-in for which it was given, and is not even sent."""
    stolen, own = esia_door.proof(world), esia_door.start(world)
    world.esia.asked.clear()
    answer = world.client.call(NAME, esia_door.answered(own, stolen["code"]))
    assert (answer.status, answer.code) == (409, "foreign-provider-answer")
    assert list(world.esia.asked) == []
    assert world.client.call(NAME, stolen).status == 200


def test_a_code_that_names_no_sign_in_is_bound_by_its_verifier(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: were the state in the code not looked at, ЕСИА itself would refuse it by PKCE."""
    stolen, own = esia_door.proof(world), esia_door.start(world)
    monkeypatch.setattr(rules, "refuse_foreign_code", lambda *_: None)
    answer = world.client.call(NAME, esia_door.answered(own, stolen["code"]))
    assert (answer.status, answer.code) == (409, "foreign-provider-answer")
    assert list(world.esia.asked)[-1] == "/aas/oauth2/v3/te"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("not-a-token", "provider-answer-untrusted"), ("a.b.c", "provider-answer-untrusted")],
)
def test_a_code_that_esia_has_not_signed_is_refused(world: World, code: str, refusal: str) -> None:
    """What cannot be proved to be ЕСИА's is not exchanged."""
    answer = world.client.call(NAME, esia_door.proof(world) | {"code": code})
    assert (answer.status, answer.code) == (502, refusal)


def test_a_planted_answer_signs_nobody_in(world: World) -> None:
    """Somebody's own code and state, sent to a victim who has a sign-in under way, do not fit his pass."""
    attacker, victim = esia_door.proof(world, "outsider"), esia_door.start(world)
    assert world.client.call(NAME, attacker | {"flow": victim["flow"]}).code == "foreign-provider-answer"
    assert world.client.call(NAME, attacker | {"state": str(uuid4())}).code == "foreign-provider-answer"


def test_a_code_or_an_error_is_needed_and_not_both(world: World) -> None:
    """One of the two came back; anything else is a fault of the client program."""
    body = esia_door.proof(world)
    without = {"flow": body["flow"], "state": body["state"]}
    for wrong in (without, body | {"error": "ESIA-007004"}):
        assert world.client.call(NAME, wrong).code == "wrong-fields"


CODES = {
    "ESIA-007002": "provider-knows-no-certificate",
    "ESIA-007003": "provider-failed",
    "ESIA-007004": "provider-declined",
    "ESIA-007005": "provider-knows-no-certificate",
    "ESIA-007006": "provider-refuses-data",
    "ESIA-007008": "provider-busy",
    "ESIA-007011": "provider-code-spent",
    "ESIA-007013": "provider-refuses-data",
    "ESIA-007014": "provider-knows-no-certificate",
    "ESIA-007015": "provider-clocks-differ",
    "ESIA-007019": "provider-refuses-data",
    "ESIA-007023": "provider-knows-no-address",
    "ESIA-007039": "foreign-provider-answer",
    "ESIA-007040": "foreign-provider-answer",
    "ESIA-007046": "provider-factor-unavailable",
    "ESIA-007053": "provider-knows-no-certificate",
    "ESIA-007055": "provider-account-unconfirmed",
    "ESIA-007194": "provider-knows-no-employee",
    "ESIA-999999": "provider-failed",
    "access_denied": "provider-declined",
    "server_error": "provider-failed",
}


@pytest.mark.parametrize(("error", "code"), CODES.items())
def test_each_error_is_explained(world: World, capsys: pytest.CaptureFixture[str], error: str, code: str) -> None:
    """ЕСИА's number becomes a Russian explanation and stands in the log; what is unknown is not copied there."""
    started = esia_door.start(world)
    state = dict(re.findall(r"[?&](state)=([0-9a-f-]+)", started["address"]))["state"]
    capsys.readouterr()
    answer = world.client.call(NAME, {"flow": started["flow"], "state": state, "error": error})
    assert answer.code == code
    assert re.search("[а-я]", answer.json["detail"])
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines() if "provider-refused" in one]
    assert line["code"] in {error.removeprefix("ESIA-"), "unknown"}
    assert line["system"] == "esia"


def test_every_error_of_the_sandbox_is_told_apart() -> None:
    """No code that ЕСИА's sandbox can give is left without a line in the table above."""
    assert set(ERRORS) <= set(CODES)


@pytest.mark.parametrize(
    ("person", "act", "code"),
    [
        ("doctor", "decline", "provider-declined"),
        ("standard", "enter", "provider-account-unconfirmed"),
        ("factor_lost", "enter", "provider-factor-unavailable"),
        ("employee", "enter", "provider-knows-no-employee"),
    ],
)
def test_what_esia_refuses_by_itself_comes_back_as_its_code(world: World, person: str, act: str, code: str) -> None:
    """The real way of an error: page, redirection, number in error_description."""
    started = esia_door.start(world)
    back = esia_door.enter(world, started["address"], person, act)
    assert back["error"] == "access_denied"
    number = re.findall(r"ESIA-\d+", back["error_description"])[0]
    answer = world.client.call(NAME, {"flow": started["flow"], "state": back["state"], "error": number})
    assert answer.code == code


def test_an_unconfirmed_account_is_refused(world: World) -> None:
    """A simplified account gets a token of level P, and the cabinet does not take it."""
    answer = prove(world, "simplified")
    assert (answer.status, answer.code) == (403, "provider-account-unconfirmed")
    assert "Подтвердите учётную запись" in answer.json["detail"]


def test_without_a_snils_nobody_is_known(world: World) -> None:
    """A profile without СНИЛС proves nobody."""
    assert prove(world, "nameless").code == "provider-data-missing"


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("wrong-state", "provider-answer-untrusted"),
        ("foreign-certificate", "provider-signature-unknown"),
        ("refusing", "provider-failed"),
        ("overloaded", "provider-busy"),
        ("expired-code", "provider-code-spent"),
    ],
)
def test_what_is_wrong_with_the_answer_is_refused(world: World, mode: str, code: str) -> None:
    """Another's state, an unknown certificate, a plain refusal, an overload, a code that is too old."""
    if mode == "overloaded":
        body = esia_door.proof(world)
        world.esia.fault(mode)
    else:
        world.esia.fault(mode)
        body = esia_door.proof(world)
    assert world.client.call(NAME, body).code == code
    assert not list(Once.scan())


def test_a_person_signed_by_another_certificate_is_refused(world: World) -> None:
    """Whatever he calls himself: an unknown key has signed it."""
    answer = prove(world, "foreign")
    assert (answer.status, answer.code) == (502, "provider-signature-unknown")


def test_a_code_lives_four_minutes(world: World) -> None:
    """After 240 s ЕСИА does not take it any more, while the pass would still be good."""
    body = esia_door.proof(world)
    clock.advance(241)
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (409, "provider-code-spent")


def test_another_redirection_spends_no_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is bound to its return address."""
    body = esia_door.proof(world)
    monkeypatch.setenv("CABINET_ESIA_RETURN_ADDRESS", "http://localhost:8080/other")
    assert world.client.call(NAME, body).code == "provider-code-spent"


def test_a_wrong_clock_is_told_apart(world: World) -> None:
    """Ten minutes of difference: ЕСИА says so at its door; a minute is forgiven; what is between is told the same."""
    world.esia.fault("skewed", 600)
    started = esia_door.start(world)
    back = esia_door.enter(world, started["address"])
    assert "ESIA-007015" in back["error_description"]
    world.esia.fault("skewed", 50)
    assert prove(world).status == 200
    for seconds in (70, 290):
        world.esia.fault("skewed", seconds)
        assert prove(world).code == "provider-clocks-differ"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("wrong-state", "The tokens came with another state."),
        ("foreign-certificate", "No known key has signed the token."),
        ("skewed", "The token is of a moment that has not come."),
    ],
)
def test_why_an_answer_is_not_believed_stands_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str], mode: str, reason: str
) -> None:
    """Under the trace id that the person tells to support."""
    world.esia.fault(mode, 120)
    body = esia_door.proof(world)
    capsys.readouterr()
    answer = world.client.call(NAME, body)
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines() if "provider-untrusted" in one]
    assert (line["reason"], line["trace_id"], line["system"]) == (reason, answer.json["trace_id"], "esia")


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("CABINET_ESIA_ISSUER", "https://esia.gosuslugi.ru/", "provider-answer-untrusted"),
        ("CABINET_ESIA_ISSUER", "http://esia.gosuslugi.ru", "provider-answer-untrusted"),
        ("CABINET_ESIA_CLIENT_ID", "OTHER", "provider-knows-no-certificate"),
    ],
)
def test_the_issuer_and_the_client_are_exact(
    world: World, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, code: str
) -> None:
    """The issuer is compared to the letter, the slash included; another mnemonic is unknown to ЕСИА."""
    body = esia_door.proof(world)
    monkeypatch.setenv(setting, value)
    assert world.client.call(NAME, body).code == code


def test_a_down_esia_is_told_within_three_seconds(world: World) -> None:
    """503 with the time to wait, the code unspent: a moment later the same answer of ЕСИА is good."""
    body = esia_door.proof(world)
    for mode in ("down", "slow"):
        world.esia.fault(mode, 20)
        began = time.monotonic()
        answer = world.client.call(NAME, body)
        assert time.monotonic() - began < 4.5
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "provider-unavailable", "30")
        assert list(world.esia.asked) == ["/aas/oauth2/v3/te"]  # a code is never sent twice by itself
    world.esia.fault("ok")
    assert world.client.call(NAME, body).status == 200


def test_after_many_failures_the_start_says_so_and_a_success_forgives(world: World) -> None:
    """Five failures close the door at its beginning; four and a success leave no trace."""
    bodies = [esia_door.proof(world) for _ in range(6)]
    world.esia.fault("down")
    for body in bodies[:4]:
        assert world.client.call(NAME, body).status == 503
    world.esia.fault("ok")
    assert world.client.call(NAME, bodies[0]).status == 200
    assert Breaker.get("esia").failures == 0
    world.esia.fault("down")
    for body in bodies[1:]:
        assert world.client.call(NAME, body).status == 503
    assert world.client.call("start_esia_sign_in", {"provider": "esia"}).code == "provider-unavailable"
    world.esia.fault("ok")
    clock.advance(31)
    assert prove(world).status == 200


def test_a_passing_failure_of_the_person_data_is_tried_again(world: World) -> None:
    """Every second request fails: the token comes, the person comes at the second try."""
    body = esia_door.proof(world)
    world.esia.fault("flaky")
    assert world.client.call(NAME, body).status == 200


def test_a_flow_is_used_once(world: World) -> None:
    """A second use is refused even if ЕСИА itself would take the code again; the same key gets the same answer."""
    world.esia.fault("reusable-code")
    body, key = esia_door.proof(world), make.key()
    first = world.client.call(NAME, body, idempotency=key)
    assert first.status == 200
    assert world.client.call(NAME, body, idempotency=key).raw == first.raw
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (409, "provider-flow-ended")
    world.esia.fault("ok")
    assert prove(world).status == 200


def test_of_twenty_parallel_uses_one_succeeds(world: World) -> None:
    """Though ЕСИА takes the code each time, one proof comes out."""
    world.esia.fault("reusable-code")
    body = esia_door.proof(world)
    with ThreadPoolExecutor(4) as pool:
        codes = [
            answer.status if answer.status == 200 else answer.code
            for answer in pool.map(lambda _: world.client.call(NAME, body), range(20))
        ]
    assert codes.count(200) == 1
    assert set(codes) - {200} <= {"provider-flow-ended", "provider-unavailable", "busy"}


def test_a_known_person_goes_on_to_his_session(world: World) -> None:
    """By password at ЕСИА the cabinet's own second factor is still due; with ЕСИА's factor or a signature it is not."""
    needed = {}
    for person, snils in (("doctor", DOCTOR), ("factor", "97732913865"), ("signature", "93445259930")):
        made = make.person(snils=snils, signed_in=False)
        answer = prove(world, person)
        values = ticket.unseal("sign_in/proved", answer.json["ticket"])
        assert values is not None
        assert (values["person"], answer.json["next"]) == (made.person_id, "finish_sign_in")
        needed[person] = answer.json["factor_needed"]
    assert needed == {"doctor": True, "factor": False, "signature": False}


def test_an_unknown_person_goes_on_to_registration(world: World) -> None:
    """Proved, but without a cabinet yet: his words come with the ticket, and nothing is made."""
    answer = prove(world, "outsider")
    assert (answer.json["next"], answer.json["factor_needed"]) == ("start_proved_registration", False)
    assert (answer.json["phone"], answer.json["email"]) == ("+79165550007", "gosuslugi007@example.ru")
    said = said_in(answer)
    assert abs(said.pop("factor_at") - clock.epoch()) < 30
    assert said == {
        "door": "esia",
        "snils": "11223344595",
        "strong": True,
        "last_name": "Нездешний",
        "first_name": "Олег",
        "middle_name": "Игоревич",
        "birth_date": "1990-04-17",
        "phone": "+79165550007",
        "email": "gosuslugi007@example.ru",
    }
    assert doors.people() == []


def test_unverified_contacts_are_left_out(world: World) -> None:
    """What ЕСИА has not verified is not believed; a landline is no contact."""
    answer = prove(world, "unverified")
    proof = said_in(answer)
    assert (proof["phone"], proof["email"], answer.json["phone"], answer.json["email"]) == (None,) * 4


@pytest.mark.parametrize("mode", ["links", "inline", "gost", "next-certificate"])
def test_other_faces_of_esia_are_understood(world: World, mode: str) -> None:
    """Contacts by links, a term as text, tokens signed by ГОСТ or by the next certificate: all are good."""
    world.esia.fault(mode)
    proof = said_in(prove(world, "factor"))
    assert (proof["phone"], proof["strong"]) == ("+79165550002", True)


def test_the_token_goes_nowhere_but_to_the_person_s_own_data(world: World) -> None:
    """Links to another person and to another address are not followed; the sign-in goes on without contacts."""
    body = esia_door.proof(world)
    world.esia.fault("stray-links")
    proof = said_in(world.client.call(NAME, body))
    assert (proof["phone"], proof["email"]) == (None, None)
    assert list(world.esia.asked) == ["/aas/oauth2/v3/te", "/rs/prns/1000400001", "/rs/prns/1000400001/ctts"]


def test_a_changed_certificate_counts_only_when_it_is_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the old certificate alone the next one's tokens are refused; with both, each is good."""
    both = "CABINET_ESIA_PROVIDER_CERTIFICATES"
    old, new = world.esia.environment()[both].split()[:2]
    world.esia.fault("next-certificate")
    monkeypatch.setenv(both, old)
    answer = prove(world)
    assert (answer.status, answer.code) == (502, "provider-signature-unknown")
    assert "сменили" in answer.json["detail"]
    monkeypatch.setenv(both, f"{old} {new}")
    assert prove(world).status == 200
    world.esia.fault("ok")
    assert prove(world).status == 200


@pytest.mark.parametrize("known", [True, False])
def test_known_and_unknown_people_cost_the_same(world: World, *, known: bool) -> None:
    """Three round trips, the same three, whether or not there is a cabinet."""
    if known:
        make.person(snils=DOCTOR)
    body = esia_door.proof(world)
    doors.at_minute_start()
    world.trips.start()
    assert world.client.call(NAME, body).status == 200
    assert [one for one in world.trips.calls if one.startswith("dynamodb")] == [
        "dynamodb:UpdateItem",
        "dynamodb:TransactGetItems",
        "dynamodb:TransactWriteItems",
    ]


def test_nothing_personal_stands_in_what_is_written(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the log nor what is kept of the flow holds a name, a number or a code."""
    body = esia_door.proof(world)
    capsys.readouterr()
    assert world.client.call(NAME, body).status == 200
    logged = capsys.readouterr().out
    assert logged
    for value in (DOCTOR, "995-079-682", "Лукошкина", body["code"], body["state"], body["flow"], "5550001"):
        assert value not in logged
    (once,) = Once.scan()
    assert once.what == f"provider#{body['state']}"
    assert once.expires > clock.epoch()


def test_the_proof_is_recorded_without_a_person(world: World) -> None:
    """The session that follows is the person's; until then the security journal holds the outcome."""
    prove(world)
    prove(world, "simplified")
    assert doors.unknown_callers(NAME) == ["done", "provider-account-unconfirmed"]
