"""Relations: what ties an actor to what he asks for."""

from dataclasses import replace

import make
import pytest
from conftest import World
from gates.examples import example_of

from chalicelib.kit import catalogue
from chalicelib.kit.access import Role
from chalicelib.kit.transaction import Transaction


def test_a_list_opened_by_a_case_that_nobody_checks_is_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that relies on a case and forgets to check it in its transaction fails, instead of showing others."""
    example = example_of("list_organisation_acts", world)
    assert world.client.run("list_organisation_acts", example).status == 200
    monkeypatch.setattr(Transaction, "check", lambda *_, **__: None)
    answer = world.client.run("list_organisation_acts", example)
    assert (answer.status, answer.code) == (500, "internal-error")


def test_a_case_belongs_to_an_organisation(world: World) -> None:
    """Whoever acts for none is refused for his role, before anything is read."""
    example = example_of("list_organisation_acts", world)
    stranger = make.person(Role.AUTHORITY, None, works_at=None)
    answer = world.client.run("list_organisation_acts", replace(example, by=stranger))
    assert (answer.status, answer.code) == (403, "role-not-allowed")
    assert catalogue.operations["list_organisation_acts"].allow.keys() == {Role.AUTHORITY}
