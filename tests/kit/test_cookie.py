"""A session kept in a cookie: out of reach of scripts, of no use elsewhere, and deaf to other sites."""

from typing import Any
from urllib.parse import urlsplit

import doors
import make
import pytest
from conftest import World
from gates.examples import example_of, names

from chalicelib.kit import aws, catalogue, clock, settings
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.records.tables import Session
from chalicelib.kit.session import COOKIE
from chalicelib.kit.trail.tables import SecurityRecord

OURS = {"Sec-Fetch-Site": "same-origin"}
FOREIGN: dict[str, dict[str, str]] = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
    "typed": {"Sec-Fetch-Site": "none"},
    "cross-site with our origin": {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8080"},
    "another origin": {"Origin": "https://evil.example"},
    "origin that begins as ours": {"Origin": "http://localhost:8080.evil.example"},
    "our host on another port": {"Origin": "http://localhost:9090"},
    "null origin": {"Origin": "null"},
    "neither": {},
}


def _signed_in(world: World, keep: str = "cookie") -> tuple[make.Person, make.Answer]:
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("finish_sign_in", body | {"keep": keep}, address=make.USUAL_ADDRESS)
    assert answer.status == 201
    return person, answer


def _value(answer: make.Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def _call(world: World, name: str, value: str, body: Any = None, **headers: str) -> make.Answer:
    """Call as a browser does: with the cookie among others, from the usual network."""
    sent = {"Cookie": f"theme=dark; {COOKIE}={value}", "Content-Type": "application/json"} | headers
    return world.client.call(name, body, headers=sent, address=make.USUAL_ADDRESS)


def _idle_until() -> int:
    (session,) = Session.scan()
    return int(session.idle_until)


def test_the_cookie_is_closed_to_scripts_and_other_sites(world: World) -> None:
    """Name, value and attributes are as they must be, and the body holds no token."""
    _, answer = _signed_in(world)
    parts = answer.headers["Set-Cookie"].split("; ")
    assert parts[0].startswith("__Host-cabinet=")
    assert sorted(parts[1:]) == ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]
    assert answer.json["token"] is None
    assert _value(answer).split(".")[2] not in answer.raw.decode()


def test_who_wants_a_token_gets_no_cookie(world: World) -> None:
    """A program gets its token in the body and nothing else."""
    _, answer = _signed_in(world, "token")
    assert "Set-Cookie" not in answer.headers
    assert answer.json["token"]


def test_another_way_of_keeping_is_a_wrong_field(world: World) -> None:
    """There are two."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("finish_sign_in", body | {"keep": "storage"})
    assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/keep")


def test_the_cookie_signs_calls_in(world: World) -> None:
    """Reading needs no origin; changing needs ours."""
    value = _value(_signed_in(world)[1])
    assert _call(world, "read_session", value).status == 200
    assert _call(world, "sign_out", value, **OURS).status == 204
    assert _call(world, "read_session", value).code == "session-ended"


@pytest.mark.parametrize("whence", FOREIGN)
def test_a_changing_call_from_elsewhere_changes_nothing(world: World, whence: str) -> None:
    """Other sites, sites of the same owner, opaque and missing origins are refused; even the idle end stays."""
    value = _value(_signed_in(world)[1])
    before = _idle_until()
    clock.advance(60)
    answer = _call(world, "sign_out", value, **FOREIGN[whence])
    assert (answer.status, answer.code) == (403, "cross-site-call")
    assert _idle_until() == before
    assert _call(world, "read_session", value, **FOREIGN[whence]).status == 200


def test_our_own_origin_stands_in_for_an_older_browser(world: World) -> None:
    """Where Sec-Fetch-Site is absent, an equal Origin is enough."""
    value = _value(_signed_in(world)[1])
    base = urlsplit(settings.public_url())
    assert _call(world, "sign_out", value, Origin=f"{base.scheme}://{base.netloc}").status == 204


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_changes_nothing(world: World, kind: str) -> None:
    """A content type that needs no permission of ours is refused, whatever the browser says of the site."""
    value = _value(_signed_in(world)[1])
    answer = _call(world, "sign_out", value, **OURS, **{"Content-Type": kind})
    assert (answer.status, answer.code) == (403, "cross-site-call")
    assert _call(world, "read_session", value).status == 200


def test_a_refused_call_is_not_answered_from_the_store(world: World) -> None:
    """A stored answer of the same key does not leave for another site."""
    value, key = _value(_signed_in(world)[1]), {"Idempotency-Key": make.key()}
    body = {"channel": "email"}
    assert _call(world, "send_step_up_code", value, body, **OURS, **key).status == 202
    assert _call(world, "send_step_up_code", value, body, **key).code == "cross-site-call"


def test_neither_form_of_a_key_works_as_the_other(world: World) -> None:
    """A cookie's value as Bearer, and a token as cookie, are no session."""
    value = _value(_signed_in(world)[1])
    token = _signed_in(world, "token")[1].json["token"]
    as_bearer = world.client.call("read_session", headers={"Authorization": f"Bearer {value}"})
    assert (as_bearer.status, as_bearer.code) == (401, "session-ended")
    as_cookie = _call(world, "read_session", token)
    assert (as_cookie.status, as_cookie.code) == (401, "session-ended")


def test_a_cookie_of_another_name_signs_nobody_in(world: World) -> None:
    """Names that only resemble ours, and an empty value, are not looked at."""
    value = _value(_signed_in(world)[1])
    for header in (f"cabinet={value}", f"X{COOKIE}={value}", f"{COOKIE}2={value}"):
        assert world.client.call("read_session", headers={"Cookie": header}).code == "not-signed-in"
    assert world.client.call("read_session", headers={"Cookie": f"{COOKIE}="}).code == "session-ended"


def test_a_session_in_a_cookie_stays_in_it(world: World) -> None:
    """Confirming oneself again and switching the role set the new cookie and give no token in the body."""
    person, answer = _signed_in(world)
    value = _value(answer)
    clock.advance(30)
    stepped = _call(world, "step_up", value, {"kind": "totp", "code": make.totp_code(person)}, **OURS)
    assert (stepped.status, stepped.json["token"]) == (200, None)
    assert _call(world, "read_session", value).code == "session-ended"
    value = _value(stepped)
    switched = _call(world, "switch_role", value, {"role": "worker"}, **OURS)
    assert (switched.status, switched.json["token"]) == (201, None)
    assert _call(world, "read_session", value).code == "session-ended"
    assert _call(world, "read_session", _value(switched)).status == 200


def _everything() -> dict[str, str]:
    """Return all that the tables hold, but for the counts of calls and the security journal, where refusals stand."""
    client, aside = aws.client("dynamodb"), {one.Meta.table_name for one in (Counter, SecurityRecord)}
    tables = [one for one in client.list_tables()["TableNames"] if one not in aside]
    return {one: str(client.scan(TableName=one)["Items"]) for one in tables}


@pytest.mark.parametrize("name", names())
def test_no_operation_changes_anything_for_another_site(world: World, name: str) -> None:
    """Every changing operation, called with the cookie of a person who may do it, by a page of another origin."""
    operation = catalogue.operations[name]
    if operation.public or not operation.changes:
        return
    example = example_of(name, world)
    assert example.by is not None
    handle, session_id, _ = example.by.token.split(".")
    Session(handle, session_id).update(actions=[Session.keep.set("cookie")])
    before = _everything()
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        cookie = {"Cookie": f"{COOKIE}={example.by.token}", "Content-Type": "application/json"}
        answer = world.client.run(name, example, by=None, headers=cookie | foreign, address=make.USUAL_ADDRESS)
        assert (answer.status, answer.code) == (403, "cross-site-call")
    assert _everything() == before
    ours = {"Cookie": f"{COOKIE}={example.by.token}", "Content-Type": "application/json"} | OURS
    answer = world.client.run(name, example, by=None, headers=ours, address=make.USUAL_ADDRESS)
    assert answer.status == operation.status
