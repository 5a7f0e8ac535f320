"""Reading one's own profile."""

import make
import papers
import pytest
from conftest import World

from chalicelib.kit.access import Role


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=papers.doctor(world))


def test_without_a_token_the_profile_is_not_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("read_profile")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_has_no_profile_to_read(world: World) -> None:
    """Only the role of a worker opens a profile."""
    answer = world.client.call("read_profile", by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_worker_without_a_profile_finds_nothing(world: World) -> None:
    """A missing profile looks like any missing record."""
    worker = papers.doctor(world)
    papers.profile(worker).delete()
    answer = world.client.call("read_profile", by=worker)
    assert (answer.status, answer.code) == (404, "not-found")


def test_the_owner_sees_his_data_and_their_version(world: World) -> None:
    """The answer holds everything, empty fields too, and the entity tag of the stored version."""
    worker = papers.doctor(world, middle_name=None)
    answer = world.client.call("read_profile", by=worker)
    assert answer.status == 200
    assert answer.headers["ETag"] == papers.profile(worker).etag
    shown = answer.json
    assert (shown["snils"], shown["last_name"], shown["middle_name"]) == (worker.snils, "Воробьёва", None)
    assert (shown["birth_date"], shown["licence_state"], shown["last_check"]) == ("1985-04-02", "none", None)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("not_checked", "Не проверено"),
        ("on_check", "На проверке"),
        ("needs_correction", "Требует исправления"),
        ("confirmed", "Подтверждено"),
    ],
)
def test_each_status_has_its_russian_name(world: World, status: str, name: str) -> None:
    """A screen shows the name that the answer gives."""
    worker = papers.doctor(world)
    stored = papers.profile(worker)
    stored.status = status
    stored.save()
    shown = world.client.call("read_profile", by=worker).json
    assert (shown["status"], shown["status_name"]) == (status, name)


def test_a_claimed_person_reads_his_draft(world: World) -> None:
    """Who is not proven yet sees what he said of himself, unchecked."""
    claimed = papers.doctor(world, assurance="claimed")
    answer = world.client.call("read_profile", by=claimed)
    assert (answer.status, answer.json["status_name"]) == (200, "Не проверено")


def test_reading_leaves_a_record_with_every_outcome(world: World) -> None:
    """A look and a refusal stand in the journal, each with its outcome."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    papers.profile(worker).delete()
    world.client.call("read_profile", by=worker)
    assert papers.outcomes(worker) == [("profile.read", "done"), ("profile.read", "not-found")]
    assert papers.acts(worker)[0].role == Role.WORKER
