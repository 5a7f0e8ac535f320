"""A name of one's own for an app or a passkey."""

import authenticator
import doors
import make
import pytest
from conftest import World

from chalicelib.factors.rules import FIXED_IDS

NAME = "rename_factor"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    factor_id = authenticator.register(world, person, authenticator.Device())
    return make.Example(
        body={"name": "Токен на связке"}, by=person, match=_tag(world, person), path_values={"factor_id": factor_id}
    )


def _tag(world: World, person: make.Person) -> str:
    return world.client.call("list_factors", by=person).headers["ETag"]


def test_without_a_token_nothing_is_renamed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_somebody_elses_passkey_is_not_found(world: World) -> None:
    """Another person's factor looks like none."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize("kind", ["sms", "email", "recovery"])
def test_channels_and_codes_have_no_names(world: World, kind: str) -> None:
    """What everybody has one of is called what it is."""
    person = make.person()
    world.client.call("renew_recovery_codes", by=person)
    answer = world.client.call(NAME, {"name": "x"}, by=person, match=_tag(world, person), factor_id=FIXED_IDS[kind])
    assert (answer.status, answer.code) == (409, "factor-not-named")


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\nb", "\x00", None, 7])
def test_a_name_is_one_short_line(world: World, name: object) -> None:
    """Empty, long and many-lined names are pointed at."""
    answer = world.client.run(NAME, example(world), body={"name": name})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/name"]


def test_who_saw_other_factors_reads_again(world: World) -> None:
    """A stale tag renames nothing."""
    made = example(world)
    assert world.client.run(NAME, made).status == 200
    assert world.client.run(
        NAME, make.Example({"name": "Другое"}, made.by, made.match, None, made.path_values)
    ).code == ("stale")


def test_a_passkey_and_the_app_get_their_names(world: World) -> None:
    """The answer shows the new names and the new tag; recovery codes stay."""
    made = example(world)
    assert made.by is not None
    answer = world.client.run(NAME, made)
    assert answer.status == 200
    app = world.client.call(
        NAME, {"name": "Яндекс Ключ"}, by=made.by, match=answer.headers["ETag"], factor_id=FIXED_IDS["totp"]
    )
    items = world.client.call("list_factors", by=made.by).json["items"]
    assert app.json["items"] == items
    assert [one["name"] for one in items] == [None, None, "Яндекс Ключ", "Токен на связке", None]
    assert items[-1]["codes_left"] == 10


def test_the_journal_knows_the_renaming(world: World) -> None:
    """The field is named, its value is not."""
    made = example(world)
    assert made.by is not None
    world.client.run(NAME, made)
    assert doors.journal(made.by.person_id, NAME) == [("factor.renamed", "done")]
