"""The administrator opens the card of an organisation."""

import make
import offices
import pytest
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "read_organisation"


def example(world: World) -> make.Example:
    """Return a valid request."""
    made = offices.organisation("pharmacy")
    return make.Example(by=make.person(Role.ADMIN), path_values={"organisation_id": made})


def test_without_a_token_no_card_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_reads_no_card(world: World) -> None:
    """The card is the administrator's."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    "organisation_id", [make.OTHER_HOSPITAL, "org_" + "0" * 32, "1.2", "1.2.03", "1.2.643.", "нет", f"1.2{'.1' * 40}"]
)
def test_unknown_and_ill_written_numbers_are_not_found(world: World, organisation_id: str) -> None:
    """An OID nobody entered and what is no identifier at all both give 404."""
    answer = world.client.call(NAME, by=make.person(Role.ADMIN), organisation_id=organisation_id)
    assert (answer.status, answer.code) == (404, "not-found")


def test_an_oid_leads_to_its_organisation(world: World) -> None:
    """An OID in the address is an identifier, and the card carries the tag of the present version."""
    offices.organisation(organisation_id=make.HOSPITAL)
    answer = world.client.call(NAME, by=make.person(Role.ADMIN), organisation_id=make.HOSPITAL)
    assert (answer.status, answer.json["organisation_id"]) == (200, make.HOSPITAL)
    assert answer.headers["ETag"] == '"1"'


def test_the_journal_holds_the_look(world: World) -> None:
    """Reading is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("organisation.read", "done")
