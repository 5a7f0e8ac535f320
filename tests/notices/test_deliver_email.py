"""Letters leave by the mail service, once."""

import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.jobs import enqueue
from chalicelib.kit.outbox import Email

EMAIL = "doctor@example.ru"


def letter(text: str = "Приказ № 5 издан: #$[\\ «да» & <b>") -> str:
    """Send a letter."""
    return papers.send(Email(to=EMAIL, subject="Приказ", text=text))


def test_a_letter_comes_as_it_was_written(world: World) -> None:
    """Subject and text in Russian, signs of markup and all."""
    effect_id = letter()
    assert world.sent(EMAIL) == ["Приказ\n\nПриказ № 5 издан: #$[\\ «да» & <b>"]
    assert papers.row(effect_id).state == "delivered"


def test_a_letter_comes_once_though_its_queue_message_comes_twice(world: World) -> None:
    """The row is claimed before it is sent."""
    effect_id = letter()
    enqueue("email", effect_id)
    enqueue("email", effect_id)
    assert len(world.sent(EMAIL)) == 1
    assert papers.waiting("email") == 0


def test_notices_by_letter_are_not_limited(world: World) -> None:
    """Only codes are counted."""
    for number in range(12):
        letter(f"Приказ {number}")
    assert len(world.sent(EMAIL)) == 12


def test_one_mailbox_gets_three_codes_in_ten_minutes(world: World) -> None:
    """As one number does; another mailbox and another purpose are free."""
    for to, purpose in [(EMAIL, "sign_in")] * 5 + [(EMAIL, "contacts"), ("other@example.ru", "sign_in")]:
        papers.send(Email(to=to, subject="Код", text="Код 123456", purpose=purpose))
    assert (len(world.sent(EMAIL)), len(world.sent("other@example.ru"))) == (4, 1)


def test_an_outage_of_the_mail_service_only_delays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that the service does not accept fails; put right, the letter leaves."""
    monkeypatch.setenv("CABINET_MAIL_SENDER", "stranger@example.com")
    effect_id = letter()
    world.pump.drain()
    assert (papers.row(effect_id).state, int(papers.row(effect_id).attempts)) == ("pending", 1)
    monkeypatch.undo()
    clock.advance(papers.LONG_ENOUGH)
    assert len(world.sent(EMAIL)) == 1
    assert papers.row(effect_id).state == "delivered"


def test_a_letter_that_always_fails_is_put_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After twelve attempts it is dead, and one bad letter holds up no other."""
    monkeypatch.setenv("CABINET_MAIL_SENDER", "stranger@example.com")
    effect_id = letter()
    assert papers.persist(world, effect_id)[-1] == 12
    assert papers.row(effect_id).state == "dead"
    monkeypatch.undo()
    letter("Другой приказ")
    assert world.sent(EMAIL) == ["Приказ\n\nДругой приказ"]
