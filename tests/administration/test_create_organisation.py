"""The administrator enters an organisation into the cabinet."""

import make
import pytest
from conftest import World

from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "create_organisation"
BODY = {"kind": "hospital", "name": "Городская больница № 1", "ogrn": "1027700132195", "oid": make.HOSPITAL}


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=BODY, by=make.person(Role.ADMIN))


def test_without_a_token_nothing_is_created(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME, BODY)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_manager_creates_no_organisation(world: World) -> None:
    """Only administrators enter organisations."""
    answer = world.client.call(NAME, BODY, by=make.person(Role.MANAGER, make.HOSPITAL))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "shop"),
        ("name", ""),
        ("ogrn", "1027700132196"),
        ("oid", "1.2.643.05"),
        ("oid", "1.2.643\n"),
        ("oid", "1.2.643.٥"),
        ("oid", f"1.2{'.1' * 40}"),
        ("oid", None),
    ],
)
def test_wrong_fields_are_named(world: World, field: str, value: str | None) -> None:
    """Kind, name, control digits and the OID of a hospital are checked, and nothing is stored."""
    answer = world.client.run(NAME, example(world), body=BODY | {field: value})
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/{field}"]
    assert list(Organisation.scan()) == []


def test_an_oid_is_taken_once(world: World) -> None:
    """A second organisation of the same OID is refused and changes nothing."""
    made = example(world)
    assert world.client.run(NAME, made).status == 201
    answer = world.client.run(NAME, made, body=BODY | {"name": "Другая"})
    assert (answer.status, answer.code) == (409, "organisation-exists")
    assert [one.name for one in Organisation.scan()] == [BODY["name"]]


def test_a_pharmacy_without_an_oid_gets_a_number(world: World) -> None:
    """Who has no OID is known by a number of the cabinet."""
    body = {"kind": "pharmacy", "name": "Аптека у дома", "ogrn": "1027700132195"}
    answer = world.client.run(NAME, example(world), body=body)
    assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
    assert answer.json["organisation_id"].startswith("org_")
    assert (answer.json["state"], answer.json["kind"]) == ("working", "pharmacy")


def test_the_journal_names_the_organisation(world: World) -> None:
    """The record holds the number, no name."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome, record.objects) == ("organisation.created", "done", [make.HOSPITAL])
