"""Every operation × who calls: made from the declarations, so nothing can be forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import make
import offices
import pytest
from conftest import World
from gates.examples import example_of, names

from chalicelib.kit import catalogue, clock, refusals
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.problem import Refusal
from chalicelib.kit.records.tables import Session
from chalicelib.kit.text import OrganisationId, PersonId

DUE = (
    ("consent", "consent-required"),
    ("password", "password-expired"),
    ("workplace", "workplace-required"),
    ("", ""),
)


def at(role: Role, organisation_id: str = make.HOSPITAL) -> str | None:
    """Return where a role is held."""
    return organisation_id if role.at_organisation else None


def signed(name: str) -> bool:
    """Tell whether an operation needs a session; public ones are tried without."""
    return not catalogue.operations[name].public


@pytest.mark.parametrize("name", names())
def test_no_broken_or_ended_session_gets_further(world: World, name: str) -> None:
    """Without a session even a broken body learns only that one must sign in; none outlives sign-out, ending or idling."""
    example = example_of(name, world)
    operation = catalogue.operations[name]
    if operation.public:
        assert example.by is None
        return
    body = b"{" if operation.body else None
    assert world.client.run(name, example, by=None, body=body).code == "not-signed-in"
    stranger = replace(example.by, token="x.y.z")
    assert world.client.run(name, example, by=stranger).code == "session-ended"
    handle, session_id, secret = example.by.token.split(".")
    forged = replace(example.by, token=f"{handle}.{session_id}.{'0' * len(secret)}")
    assert world.client.run(name, example, by=forged).code == "session-ended"
    for token in _ended(world, example.by):
        assert world.client.run(name, example, by=replace(example.by, token=token)).code == "session-ended"


def _ended(world: World, by: make.Person) -> Iterator[str]:
    """Give a person's tokens whose sessions have ended: by signing out, from another session, by idling."""
    handle, session_id, _ = by.token.split(".")
    grant = Session.get(handle, session_id).grant
    present, other = replace(by), replace(by)
    for one in (present, other):
        make.sign_in(one, Role(grant["role"]), grant["organisation_id"])
    assert world.client.call("sign_out", by=present).status < 300
    yield present.token
    ended = world.client.call("end_session", by=other, session_id=session_id)
    assert ended.status < 300
    yield by.token
    clock.advance(24 * 3600)
    yield other.token


@pytest.mark.parametrize("name", names())
def test_each_role_and_an_unproven_person_get_exactly_what_is_declared(world: World, name: str) -> None:
    """Who is not declared is refused with 403, who is never for his role and only as declared; claimed accounts are sent on."""
    operation = catalogue.operations[name]
    if not signed(name):
        return
    example, allowed = example_of(name, world), operation.allow
    for role in sorted(Role, key=lambda one: one in allowed):  # those who may change something come last
        answer = world.client.run(name, example, by=make.person(role, at(role)))
        refused = answer.status == 403 and answer.code == "role-not-allowed"
        assert refused == (role not in allowed), role
        assert_declared(operation, answer)
    for role in allowed:
        answer = world.client.run(name, example, by=make.person(role, at(role), assurance="claimed"))
        refused = answer.status == 403 and answer.code == "identity-not-confirmed"
        assert refused != operation.claimed, role
        assert_declared(operation, answer)


def assert_declared(operation: catalogue.Operation, answer: make.Answer) -> None:
    """Demand the declared status, or a refusal that the operation declares or that any operation may give."""
    if answer.status == operation.status:
        return
    kit = {one.code() for one in vars(refusals).values() if isinstance(one, type) and issubclass(one, Refusal)}
    assert answer.status < 500
    assert answer.code in kit | {one.code() for one in operation.refuses}


@pytest.mark.parametrize("name", names())
def test_what_is_another_s_or_nobody_s_is_not_found(world: World, name: str) -> None:
    """What is named in the path and belongs to somebody else answers 404, as if it were not there; so does nothing."""
    operation = catalogue.operations[name]
    if not operation.path_names or not signed(name):
        return
    example = example_of(name, world)
    nothing = {name: f"{value[:4]}{'0' * 32}" for name, value in example.path_values.items()}
    answers = [world.client.run(name, example, **nothing)]
    for role, relation in operation.allow.items():
        if not isinstance(relation, WholeCabinet):
            other = make.person(role, at(role, make.OTHER_HOSPITAL))
            answers.append(world.client.run(name, example, by=other))
    assert {(one.status, one.code) for one in answers} == {(404, "not-found")}


def _named(kind: type[Any] | None) -> dict[str, type[Any]]:
    """Return the fields of a body or query that name a person or an organisation, by their declared types."""
    hints = get_type_hints(kind) if kind is not None else {}
    return {
        field: one
        for field, hint in hints.items()
        for one in (PersonId, OrganisationId)
        if hint is one or one in get_args(hint)
    }


@pytest.mark.parametrize("name", names())
def test_what_a_body_or_query_names_of_another_is_refused(world: World, name: str) -> None:
    """A person and an organisation that are not the caller's open nothing to him, wherever the request names them."""
    operation = catalogue.operations[name]
    body, query = _named(operation.body), _named(operation.query)
    if not (body or query) or not signed(name):
        return
    example, stranger = example_of(name, world), make.person(works_at=make.OTHER_HOSPITAL)
    offices.organisation(organisation_id=make.OTHER_HOSPITAL)
    of_another: dict[Any, str] = {PersonId: stranger.person_id, OrganisationId: make.OTHER_HOSPITAL}
    parts: dict[str, Any] = {}
    if body:
        parts["body"] = (example.body or {}) | {field: of_another[kind] for field, kind in body.items()}
    if query:
        parts["query"] = (example.query or {}) | {field: of_another[kind] for field, kind in query.items()}
    for role, relation in operation.allow.items():
        if not isinstance(relation, WholeCabinet):
            answer = world.client.run(name, example, by=make.person(role, at(role)), **parts)
            assert 400 <= answer.status < 500, role
            assert answer.code not in {"wrong-fields", "fresh-factor-required", "stale"}, role


@pytest.mark.parametrize("name", names())
def test_what_is_due_comes_first_and_a_dangerous_act_wants_a_fresh_factor(world: World, name: str) -> None:
    """While a consent or a new password is due, and eleven minutes after the factor, only what is declared works."""
    operation = catalogue.operations[name]
    if not signed(name):
        return
    example = example_of(name, world)
    handle, session_id, _ = example.by.token.split(".")
    if not operation.unsettled:
        for due, code in DUE:
            Session(handle, session_id).update(actions=[Session.due.set(due)])
            assert not code or world.client.run(name, example).code == code
    clock.advance(660)
    answer = world.client.run(name, example)
    refused = answer.status == 403 and answer.code == "fresh-factor-required"
    assert refused == operation.fresh
    Session(handle, session_id).update(actions=[Session.factor_at.set(clock.epoch())])
    answer = world.client.run(name, example)
    refused = answer.status == 403 and answer.code == "full-sign-in-required"
    assert refused == operation.full


@pytest.mark.parametrize("name", names())
def test_what_is_due_does_not_stop_what_settles_it(world: World, name: str) -> None:
    """The few operations that such a session may call are not refused for what is due."""
    if not signed(name) or not catalogue.operations[name].unsettled:
        return
    example = example_of(name, world)
    handle, session_id, _ = example.by.token.split(".")
    Session(handle, session_id).update(actions=[Session.due.set("consent password")])
    assert world.client.run(name, example).status < 300


@pytest.mark.parametrize("name", names())
def test_keys_versions_and_bodies_are_demanded_as_declared(world: World, name: str) -> None:
    """POST wants a key, a change its version, a body its type; weak tags and `*` do not count."""
    operation = catalogue.operations[name]
    example = example_of(name, world)
    run = world.client.run
    if operation.keyed:
        assert run(name, example, idempotency=None).code == "idempotency-key-required"
        assert run(name, example, idempotency="short").code == "idempotency-key-required"
    if operation.match:
        assert [run(name, example, match=tag).status for tag in (None, "*", 'W/"1"', '"x"', "1")] == [428] * 5
        assert run(name, example, match='"987654"').code == "stale"
    if operation.body:
        assert run(name, example, headers={"Content-Type": "text/plain"}).code == "unsupported-media-type"
        assert run(name, example, body=b"\xff").code == "invalid-json"
        assert run(name, example, body={"no_such_field": 1}).code == "wrong-fields"
    assert run(name, example).status == operation.status
