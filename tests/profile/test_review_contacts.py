"""Saying that the contacts are right, once a quarter."""

import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock

DAY = 24 * 3600


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    return make.Example(by=by, match=papers.contacts_tag(by))


def test_without_a_token_nothing_is_reviewed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("review_contacts", match='"1"')
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_reviews_nothing(world: World) -> None:
    """Only the role of a worker reviews his contacts."""
    answer = world.client.call("review_contacts", by=make.hr(), match='"1"')
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_reviews_nothing(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("review_contacts", by=papers.doctor(world, assurance="claimed"), match='"1"')
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize(
    ("tag", "code"),
    [(None, "version-required"), ("*", "version-required"), ('W/"1"', "version-required"), ('"7"', "stale")],
)
def test_a_review_names_the_version_that_was_looked_at(world: World, tag: str | None, code: str) -> None:
    """Whoever looked at other contacts cannot call these right."""
    assert world.client.call("review_contacts", by=papers.doctor(world), match=tag).code == code


def test_a_review_settles_the_quarter(world: World) -> None:
    """The reminder goes, the contacts and their version stay; after another 90 days it is back."""
    worker = papers.doctor(world)
    before, tag = papers.contacts(worker), papers.contacts_tag(worker)
    clock.advance(91 * DAY)
    make.sign_in(worker)
    assert world.client.call("read_contacts", by=worker).json["review_due"] is True
    answer = world.client.call("review_contacts", by=worker, match=tag)
    assert (answer.status, answer.json["review_due"]) == (200, False)
    assert papers.is_recent(answer.json["reviewed_at"])
    assert answer.headers["ETag"] == papers.contacts_tag(worker) == tag
    assert papers.contacts(worker) == before
    clock.advance(90 * DAY)
    make.sign_in(worker)
    assert world.client.call("read_contacts", by=worker).json["review_due"] is True


def test_a_review_and_a_refused_one_stand_in_the_journal(world: World) -> None:
    """Each attempt has its record."""
    worker = papers.doctor(world)
    world.client.call("review_contacts", by=worker, match='"7"')
    world.client.call("review_contacts", by=worker, match='"1"')
    assert papers.outcomes(worker) == [("contacts.reviewed", "stale"), ("contacts.reviewed", "done")]
