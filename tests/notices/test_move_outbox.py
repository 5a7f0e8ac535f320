"""New outbox rows go to the queue of their channel."""

import papers
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.outbox import Email, Sms
from chalicelib.kit.records.tables import Outbox
from chalicelib.profile.schemas import CheckProfile

PHONE, EMAIL = "+79161234567", "doctor@example.ru"


def test_each_effect_goes_to_the_queue_of_its_channel(world: World) -> None:
    """An SMS, a letter and a check leave by three queues and are delivered once each."""
    worker = papers.doctor(world)
    effects = [
        papers.send(Sms(to=PHONE, text="Приказ издан")),
        papers.send(Email(to=EMAIL, subject="Приказ", text="Приказ издан")),
        papers.send(CheckProfile(person_id=worker.person_id)),
    ]
    world.pump.drain()
    assert [papers.row(one).state for one in effects] == ["delivered"] * 3
    assert [int(papers.row(one).attempts) for one in effects] == [1] * 3
    assert world.sent(PHONE) == ["Приказ издан"]
    assert world.sent(EMAIL) == ["Приказ\n\nПриказ издан"]
    assert papers.profile(worker).status == "confirmed"


def test_a_changed_row_moves_nothing(world: World) -> None:
    """Claims and results are changes of the row: only its birth makes a message."""
    effect_id = papers.send(Sms(to=PHONE, text="Приказ издан"))
    world.pump.drain()
    Outbox.change(effect_id, actions=[Outbox.lease_until.set(0)])
    clock.advance(papers.LONG_ENOUGH)
    world.pump.drain()
    assert world.sent(PHONE) == ["Приказ издан"]
    assert papers.waiting("sms") == 0


def test_a_waiting_effect_shows_nothing(world: World) -> None:
    """Neither the address nor the text stands in the row; a delivered one waits for nothing and expires."""
    papers.send(Sms(to=PHONE, text="Приказ издан", purpose="sign_in"))
    effect_id = papers.send(Email(to=EMAIL, subject="Тема письма", text="Приказ издан"))
    stored = papers.raw(Outbox)
    assert not any(value in stored for value in (PHONE, EMAIL, "Приказ", "Тема", "sign_in"))
    world.pump.drain()
    row = papers.row(effect_id)
    assert row.pending_since is None
    assert row.pending_shard is None
    assert row.expires > clock.epoch()


def test_a_row_moved_to_another_place_does_not_open(world: World) -> None:
    """The sealed content belongs to its effect: under another number it is never delivered."""
    row = papers.row(papers.send(Sms(to=PHONE, text="Приказ издан")))
    papers.lose_the_stream(world)
    row.effect_id = row.effect_id[:-1] + ("0" if row.effect_id[-1] != "0" else "1")
    row.save()
    assert papers.persist(world, row.effect_id)[-1] == 12
    assert papers.row(row.effect_id).state == "dead"
    assert [one for one in world.pump.sent if one["to"] == PHONE][1:] == []
