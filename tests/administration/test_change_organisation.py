"""An organisation is corrected, closed and opened again."""

import make
import offices
from conftest import World

from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "change_organisation"


def example(world: World) -> make.Example:
    """Return a valid request."""
    made = offices.organisation("pharmacy")
    path = {"organisation_id": made}
    return make.Example(body={"state": "closed"}, by=make.person(Role.ADMIN), match='"1"', path_values=path)


def test_without_a_token_nothing_changes(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_manager_changes_no_organisation(world: World) -> None:
    """Not even his own."""
    offices.organisation(organisation_id=make.HOSPITAL)
    by = make.person(Role.MANAGER, make.HOSPITAL)
    answer = world.client.call(NAME, {"state": "closed"}, by=by, match='"1"', organisation_id=make.HOSPITAL)
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_the_kind_cannot_be_changed(world: World) -> None:
    """Roles hang on the kind: another kind is another organisation."""
    answer = world.client.run(NAME, example(world), body={"kind": "hospital"})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/kind"]


def test_the_same_values_are_no_change(world: World) -> None:
    """Nothing is written when nothing differs."""
    answer = world.client.run(NAME, example(world), body={"state": "working"})
    assert (answer.status, answer.code) == (422, "nothing-to-change")


def test_two_changes_of_one_version_are_one(world: World) -> None:
    """The second administrator has to read again."""
    made = example(world)
    assert world.client.run(NAME, made).status == 200
    answer = world.client.run(NAME, made, body={"name": "Другая"})
    assert (answer.status, answer.code) == (412, "stale")


def test_a_renamed_organisation_moves_in_the_list(world: World) -> None:
    """Name, order and tag follow; a closed one can be opened again."""
    made = example(world)
    answer = world.client.run(NAME, made, body={"name": "Ёлочка", "state": "closed"})
    assert (answer.json["name"], answer.json["state"], answer.headers["ETag"]) == ("Ёлочка", "closed", '"2"')
    stored = Organisation.get(made.path_values["organisation_id"])
    assert (stored.name, stored.name_key, stored.state, stored.version) == ("Ёлочка", "елочка", "closed", 2)
    assert world.client.run(NAME, made, body={"state": "working"}, match='"2"').json["state"] == "working"


def test_the_journal_names_the_fields(world: World) -> None:
    """Field names and the number, no values."""
    made = example(world)
    world.client.run(NAME, made, body={"name": "Другая", "ogrn": "1027700132195", "state": "closed"})
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.fields) == ("organisation.changed", ["name", "state"])
    assert record.objects == [made.path_values["organisation_id"]]
