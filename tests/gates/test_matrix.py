"""Every operation × who calls: made from the declarations, so nothing can be forgotten."""

from dataclasses import replace

import make
import pytest
from conftest import World
from gates.examples import example_of, names

from chalicelib.kit import catalogue, clock
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.records.tables import Session

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
    """Without a session even a broken body learns only that one must sign in, and none outlives its idle end."""
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
    clock.advance(24 * 3600)
    assert world.client.run(name, example).code == "session-ended"


@pytest.mark.parametrize("name", names())
def test_each_role_and_an_unproven_person_get_exactly_what_is_declared(world: World, name: str) -> None:
    """A role that is not declared is refused with 403, a declared one never for its role; a claimed account is sent on."""
    operation = catalogue.operations[name]
    if not signed(name):
        return
    example, allowed = example_of(name, world), operation.allow
    for role in sorted(Role, key=lambda one: one in allowed):  # those who may change something come last
        answer = world.client.run(name, example, by=make.person(role, at(role)))
        refused = answer.status == 403 and answer.code == "role-not-allowed"
        assert refused == (role not in allowed), role
    role = next(iter(allowed))
    answer = world.client.run(name, example, by=make.person(role, at(role), assurance="claimed"))
    refused = answer.status == 403 and answer.code == "identity-not-confirmed"
    assert refused != operation.claimed


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
