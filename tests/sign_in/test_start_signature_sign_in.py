"""The text to be signed: readable, new each time, and telling nothing of anybody."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import settings
from chalicelib.signatures.rules import CHALLENGE_PREFIX

NAME = "start_signature_sign_in"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example()


def test_too_many_calls_from_one_source_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source gets so many public calls a minute."""
    monkeypatch.setattr(settings, "PUBLIC_CALLS_A_MINUTE", 3)
    doors.at_minute_start()
    seen = [world.client.call(NAME, address="10.1.1.1").status for _ in range(4)]
    assert seen == [201, 201, 201, 429]


def test_the_text_says_what_is_signed_and_where(world: World) -> None:
    """Purpose, address of this cabinet, Moscow time, number, single use; the way on and its term."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.json["next"]) == (201, "prove_signature")
    text = answer.json["challenge"]
    assert text.startswith(CHALLENGE_PREFIX)
    for part in (f"Адрес кабинета: {settings.public_url()}\n", "(московское)", "только один раз", "Никакой документ"):
        assert part in text
    assert answer.json["expires_at"].endswith("Z")


def test_every_text_is_new(world: World) -> None:
    """160 random bits in each; the ticket shows nothing of them."""
    answers = [world.client.call(NAME).json for _ in range(20)]
    numbers = [one["challenge"].split("Номер: ")[1].split("\n")[0] for one in answers]
    assert len({*numbers}) == 20
    assert all(len(bytes.fromhex(number)) == 20 for number in numbers)
    assert not any(number in one["ticket"] for number, one in zip(numbers, answers, strict=True))


def test_a_key_that_comes_twice_gets_the_same_text(world: World) -> None:
    """A lost answer is repeated, so the doctor signs what the client shows."""
    key = make.key()
    assert world.client.call(NAME, idempotency=key).json == world.client.call(NAME, idempotency=key).json


def test_the_security_journal_keeps_the_start(world: World) -> None:
    """Each call leaves a record; nobody is looked up."""
    world.trips.start()
    world.client.call(NAME)
    assert world.trips.count("dynamodb") == 2
    assert doors.unknown_callers(NAME) == ["done"]
