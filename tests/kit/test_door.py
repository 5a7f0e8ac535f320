"""Every failure is problem+json in Russian, and says nothing of the inside."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import make
import pytest
from conftest import World

from chalicelib.kit import body, catalogue, clock, settings
from chalicelib.kit.records.tables import Idempotency
from chalicelib.kit.trail.tables import JournalRecord, SecurityRecord
from chalicelib.profile.tables import Profile


def problem(answer: make.Answer, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is the problem it should be, and return it."""
    assert (answer.status, answer.code) == (status, code), answer.raw
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == "ru"
    body: dict[str, Any] = answer.json
    assert body["type"].endswith(f"/errors/#{code}")
    assert body["title"]
    assert body["detail"]
    assert body["trace_id"]
    return body


def test_an_unknown_route_and_a_wrong_method_are_problems(world: World) -> None:
    """The framework's own refusals have the same form as ours, and 405 names what is allowed."""
    problem(world.client.send(make.event("GET", "/v1/nowhere")), 404, "route-not-found")
    answer = world.client.send(make.event("DELETE", "/v1/profile"))
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, PATCH"


def test_an_event_of_another_shape_is_an_internal_error(world: World) -> None:
    """Whatever the gateway sends, the answer is a problem with a trace id."""
    event = make.event("GET", "/v1/profile")
    del event["headers"]
    assert world.client.send(event).code in {"internal-error", "not-signed-in"}
    problem(
        world.client.send({"requestContext": {"resourcePath": "/v1/profile", "httpMethod": "GET"}}),
        500,
        "internal-error",
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid-json"),
        (b"{", "invalid-json"),
        (b"[" * 100_000, "invalid-json"),
        (b'{"login": ' + b"[" * 21 + b"]" * 21 + b"}", "invalid-json"),
        (b'{"login": "a", "login": "b"}', "invalid-json"),
        (b'{"login": NaN}', "invalid-json"),
        (b'{"login": "\xff"}', "invalid-json"),
        (b'{"login": "\\ud800"}', "wrong-fields"),
        (b'{"login": "ivanova_ap\n"}', "invalid-json"),
        (b'{"login": "ivanova_ap\\n"}', "wrong-fields"),
        (b'{"login": "ivanova\\u0000"}', "wrong-fields"),
        ('{"login": "ivаnova"}'.encode(), "wrong-fields"),
        (b'"login"', "wrong-fields"),
        (b"[]", "wrong-fields"),
        (b"null", "wrong-fields"),
        (b'{"login": 5}', "wrong-fields"),
        (b'{"login": "a", "more": 1}', "wrong-fields"),
        (b'{"login": "' + b"a" * settings.MAX_BODY_BYTES + b'"}', "body-too-large"),
    ],
)
def test_a_bad_body_is_refused_clearly_and_writes_nothing(world: World, raw: bytes, code: str) -> None:
    """Broken, too deep, doubled, not UTF-8, too large, of wrong fields: each has its refusal; nothing is half-written."""
    answer = world.client.call("start_sign_in", raw)
    assert answer.code == code, answer.raw
    assert answer.status in {400, 413, 422}
    assert Idempotency.count() == 0


def test_a_doubled_query_parameter_is_refused(world: World) -> None:
    """Two values of one parameter are nobody's to choose from."""
    made = make.event("GET", "/v1/journal/acts", headers={"Authorization": f"Bearer {make.person().token}"})
    made["multiValueQueryStringParameters"] = {"limit": ["5", "7"]}
    (error,) = problem(world.client.send(made), 422, "wrong-fields")["errors"]
    assert (error["pointer"], error["code"]) == ("/limit", "repeated")


@pytest.mark.parametrize("word", ["null", "NULL", "Null"])
def test_null_in_an_address_is_no_value(world: World, word: str) -> None:
    """What JSON calls nothing is a wrong date or number in an address, not a parameter left out."""
    answer = world.client.call("list_acts", by=make.person(), query={"since": word, "limit": 5})
    (error,) = problem(answer, 422, "wrong-fields")["errors"]
    assert error["pointer"] == "/since"


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """5.0 and 5e0 are 5, as JSON Schema has it; 5.5 and what is too large for a number of the machine stay what they are."""
    assert body.read_json(b"[5.0, 5e0, -0.0, 5.5, 1e400]") == [5, 5, 0, 5.5, float("inf")]
    assert [type(one) for one in body.read_json(b"[5.0, 5.5]")] == [int, float]  # type: ignore[attr-defined] # a list


def test_a_missing_type_is_refused_and_a_loud_one_accepted(world: World) -> None:
    """No content type is 415; upper case and parameters are fine."""
    call = world.client.call
    problem(call("start_sign_in", b'{"login": "a"}', headers={"Content-Type": ""}), 415, "unsupported-media-type")
    loud = {"Content-Type": "APPLICATION/JSON; charset=UTF-8"}
    assert call("start_sign_in", {"login": "a"}, headers=loud).status == 201


def test_all_wrong_fields_are_named_at_once(world: World) -> None:
    """Missing, unknown and wrong fields come together, each with its pointer and a Russian sentence."""
    body = {"snils": "112-233-445 96", "last_name": "", "birth_date": "15.03.1980", "phone": "12", "extra~/": 1}
    found = problem(world.client.call("start_registration", body), 422, "wrong-fields")["errors"]
    pointers = {one["pointer"]: one["code"] for one in found}
    assert pointers == {
        "/extra~0~1": "unknown",
        "/snils": "invalid",
        "/last_name": "invalid",
        "/first_name": "required",
        "/birth_date": "invalid",
        "/phone": "invalid",
        "/email": "required",
    }
    assert all(any("а" <= letter <= "я" for letter in one["detail"]) for one in found)


def test_an_unexpected_error_tells_nothing_and_can_be_found_by_its_trace(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer holds a trace id only; the log line of that trace holds type and place, without the message."""
    worker = make.person(last_name="Секретова")

    def broken(*_: object) -> None:
        raise RuntimeError("Секретова 112-233-445 95")

    monkeypatch.setattr("chalicelib.profile.read_profile.view", broken)
    answer = world.client.call("read_profile", by=worker)
    body = problem(answer, 500, "internal-error")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [one for one in lines if one["event"] == "unexpected"]
    assert line["trace_id"] == body["trace_id"]
    assert line["error"] == "RuntimeError"
    assert "Секретова" not in answer.raw.decode() + json.dumps(lines, ensure_ascii=False)


def test_a_repeated_request_gets_its_first_answer_and_has_one_effect(world: World) -> None:
    """The same keyed request answers the same, also when the rules would refuse it now."""
    worker = make.person()
    tag = world.client.call("read_contacts", by=worker).headers["ETag"]
    key, body = make.key(), {"channel": "email", "telegram": "@doctor"}
    first = world.client.call("start_contact_change", body, by=worker, match=tag, idempotency=key)
    clock.advance(60)
    again = world.client.call("start_contact_change", body, by=worker, match=tag, idempotency=key)
    assert (again.status, again.raw, again.headers["ETag"]) == (first.status, first.raw, first.headers["ETag"])
    assert len(world.codes(worker.email)) == 1
    outcomes = [one.outcome for one in JournalRecord.query(worker.person_id) if one.operation == "start_contact_change"]
    assert sorted(outcomes) == ["done", "repeated"]


def test_a_key_belongs_to_one_request_and_one_caller(world: World) -> None:
    """Another body or version under the same key is refused; another person's same key is another key."""
    key = make.key()
    first = world.client.call("start_sign_in", {"login": "one"}, idempotency=key)
    assert first.status == 201
    problem(world.client.call("start_sign_in", {"login": "two"}, idempotency=key), 422, "idempotency-key-reused")
    one, two = make.person(), make.person()
    answers = [world.client.call("start_totp", by=person, idempotency=key).json["secret"] for person in (one, two)]
    assert answers[0] != answers[1]


def test_parallel_sendings_of_one_request_have_one_effect(world: World) -> None:
    """Twenty threads send the same keyed request: all get one answer or a clear refusal, one secret is made."""
    worker = make.person()
    key = make.key()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: world.client.call("start_totp", by=worker, idempotency=key), range(20)))
    secrets = {answer.json["secret"] for answer in answers if answer.status == 201}
    assert len(secrets) == 1
    assert {answer.status for answer in answers} <= {201, 412, 503}
    assert world.client.call("start_totp", by=worker, idempotency=key).json["secret"] in secrets


def test_the_idempotency_table_alone_reveals_nothing(world: World) -> None:
    """Neither token nor ticket nor the client's key can be read from the stored record."""
    worker = make.person()
    key = make.key()
    secret = world.client.call("start_totp", by=worker, idempotency=key).json["secret"]
    (item,) = Idempotency.scan()
    stored = repr(item.serialize())
    assert secret not in stored
    assert worker.person_id not in stored
    assert key not in stored


@pytest.fixture
def low_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the rates and begin a minute, so that they are reached within it."""
    monkeypatch.setattr(settings, "PUBLIC_CALLS_A_MINUTE", 25)
    monkeypatch.setattr(settings, "CALLS_A_MINUTE", 25)
    clock.advance(61 - clock.epoch() % 60)


@pytest.mark.usefixtures("low_rates")
def test_calls_of_strangers_are_summed_past_a_limit(world: World) -> None:
    """A source without a person leaves at most ten records a minute and then one sum, and is refused past its rate."""
    statuses = [
        world.client.call("start_sign_in", {"login": "nobody"}, address="198.51.100.7").status
        for _ in range(settings.PUBLIC_CALLS_A_MINUTE + 5)
    ]
    assert statuses.count(429) == 5
    records = list(SecurityRecord.scan())
    summed = [one for one in records if one.record_id.startswith("sum_")]
    assert len(records) - len(summed) == settings.SECURITY_RECORDS_A_MINUTE
    assert sum(one.calls for one in summed) == len(statuses) - settings.SECURITY_RECORDS_A_MINUTE
    clock.advance(61)
    assert world.client.call("start_sign_in", {"login": "nobody"}, address="198.51.100.7").status == 201


@pytest.mark.usefixtures("low_rates")
def test_one_network_of_ipv6_is_one_source(world: World) -> None:
    """Addresses of one /64 share their count."""
    for last in range(settings.PUBLIC_CALLS_A_MINUTE):
        world.client.call("start_sign_in", {"login": "nobody"}, address=f"2001:db8:1:2::{last:x}")
    assert world.client.call("start_sign_in", {"login": "a"}, address="2001:db8:1:2:ffff::1").code == "too-many-calls"
    assert world.client.call("start_sign_in", {"login": "a"}, address="2001:db8:1:3::1").status == 201


@pytest.mark.usefixtures("low_rates")
def test_a_signed_in_person_is_slowed_down_for_a_minute_only(world: World) -> None:
    """Calls over the rate get 429 with the seconds to wait; two minutes later an old count does not matter."""
    worker = make.person()
    answers = [world.client.call("read_session", by=worker) for _ in range(settings.CALLS_A_MINUTE + 2)]
    assert answers[-1].code == "too-many-calls"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    clock.advance(120)
    assert world.client.call("read_session", by=worker).status == 200


def test_parallel_calls_do_not_mix(world: World) -> None:
    """Forty parallel calls of eight people each get their own data."""
    people = [make.person(last_name=name) for name in ("Аистова", "Белова", "Волкова", "Гусева")]
    names = {one.person_id: name for one, name in zip(people, ("Аистова", "Белова", "Волкова", "Гусева"), strict=True)}
    barrier = threading.Barrier(8)

    def read(index: int) -> bool:
        if index < 8:
            barrier.wait()
        one = people[index % 4]
        return bool(world.client.call("read_profile", by=one).json["last_name"] == names[one.person_id])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(40)))


def test_200_parallel_edits_lose_nothing(world: World) -> None:
    """Each of 200 parallel edits of one profile is applied or refused, and the versions count the applied ones."""
    worker = make.person()

    def edit(number: int) -> int:
        tag = f'"{int(Profile.get(worker.person_id).version)}"'
        return world.client.call("change_profile", {"personnel_number": f"N{number}"}, by=worker, match=tag).status

    before = int(Profile.get(worker.person_id).version)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(edit, range(200)))
    assert set(statuses) <= {200, 412, 409, 503}
    assert statuses.count(200) >= 1
    assert int(Profile.get(worker.person_id).version) - before == statuses.count(200)


def test_every_operation_answers_with_security_headers(world: World) -> None:
    """Nothing is cached, sniffed or framed."""
    answer = world.client.call("read_profile", by=make.person())
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert len(catalogue.operations) > 20


@pytest.mark.parametrize(
    ("raw", "word"),
    [(b'{"\\ud800": 1}', "символы"), (b'{"login": ' + b"9" * 5000 + b"}", "число"), (b'{"login": Infinity}', "NaN")],
)
def test_what_the_parser_stumbles_over_is_told_in_russian(world: World, raw: bytes, word: str) -> None:
    """A lone surrogate in a name, an endless number, infinity: each is a clear refusal, not an error of ours."""
    body = problem(world.client.call("start_sign_in", raw), 400, "invalid-json")
    assert word in body["detail"]
    assert not re.search("[a-z]{4,}", body["detail"])


def test_a_header_without_a_bearer_means_not_signed_in(world: World) -> None:
    """Another scheme is no session; the scheme's case does not matter."""
    token = make.person().token
    codes = {}
    for header in ("", f"Basic {token}", token, f"bearer {token}"):
        made = make.event("GET", "/v1/sessions/current", headers={"Authorization": header})
        codes[header.split(" ")[0]] = world.client.send(made)
    assert [answer.status for answer in codes.values()] == [401, 401, 401, 200]
    assert {answer.code for answer in codes.values() if answer.status == 401} == {"not-signed-in"}


def test_a_parameter_that_nobody_reads_is_refused(world: World) -> None:
    """Operations without a query take none."""
    made = make.event("GET", "/v1/profile", headers={"Authorization": f"Bearer {make.person().token}"})
    made["multiValueQueryStringParameters"] = {"x": ["1"]}
    assert problem(world.client.send(made), 422, "wrong-fields")["errors"][0]["pointer"] == "/x"


@pytest.mark.parametrize("day", ["2130-01-01", "1899-12-31", "0001-01-01"])
def test_an_impossible_birth_date_is_refused_at_once(world: World, day: str) -> None:
    """Nobody enters two codes and a password before he learns of a slip of the year."""
    answer = world.client.call("change_profile", {"birth_date": day}, by=make.person(), match='"1"')
    assert problem(answer, 422, "wrong-fields")["errors"][0]["pointer"] == "/birth_date"
