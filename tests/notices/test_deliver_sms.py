"""SMS leave once; one number gets few codes and all notices."""

import papers
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.jobs import enqueue
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox

PHONE, OTHER = "+79161234567", "+79167654321"


def code(purpose: str = "sign_in", to: str = PHONE) -> str:
    """Send a code."""
    return papers.send(Sms(to=to, text="Код 123456", purpose=purpose))


def test_a_message_comes_once_though_its_queue_message_comes_twice(world: World) -> None:
    """The row is claimed before it is sent; what is settled is not sent again."""
    effect_id = papers.send(Sms(to=PHONE, text="Приказ издан"))
    for _ in range(3):
        enqueue("sms", effect_id)
    world.pump.drain()
    enqueue("sms", effect_id)
    world.pump.drain()
    assert world.sent(PHONE) == ["Приказ издан"]
    assert (papers.row(effect_id).state, papers.waiting("sms")) == ("delivered", 0)


def test_a_message_in_other_hands_is_left_to_them(world: World) -> None:
    """While a lease holds nobody else sends; when its holder has died the next one does."""
    effect_id = papers.send(Sms(to=PHONE, text="Приказ издан"))
    assert Outbox.claim(effect_id, 60) is not None
    world.pump.drain()
    assert (world.sent(PHONE), papers.waiting("sms")) == ([], 0)
    clock.advance(papers.LONG_ENOUGH)
    assert world.sent(PHONE) == ["Приказ издан"]
    assert int(papers.row(effect_id).attempts) == 2


def test_a_message_of_a_row_that_is_gone_leaves_the_queue(world: World) -> None:
    """Expired rows leave no message that comes for ever."""
    row = papers.row(papers.send(Sms(to=PHONE, text="Приказ издан")))
    row.delete()
    world.pump.drain()
    assert (world.sent(PHONE), papers.waiting("sms")) == ([], 0)


def test_a_failing_message_is_tried_twelve_times_and_put_aside(world: World) -> None:
    """The gateway refuses the number each time; the row stays to be read, and the queue is empty."""
    effect_id = papers.send(Sms(to="no number", text="Приказ издан"))
    world.pump.drain()
    assert (papers.row(effect_id).state, int(papers.row(effect_id).attempts)) == ("pending", 1)
    assert papers.persist(world, effect_id)[-1] == 12
    row = papers.row(effect_id)
    assert row.state == "dead"
    assert row.pending_since is None
    for _ in range(3):
        clock.advance(papers.LONG_ENOUGH)
        world.pump.drain()
    assert (int(papers.row(effect_id).attempts), papers.waiting("sms")) == (12, 0)


def test_three_codes_of_one_purpose_in_ten_minutes(world: World) -> None:
    """The fourth is put aside at once; another purpose, another number and the next ten minutes are free."""
    papers.begin_period(600)
    effects = [code() for _ in range(4)]
    world.pump.drain()
    assert sorted(papers.row(one).state for one in effects) == ["dead", "delivered", "delivered", "delivered"]
    assert len(world.sent(PHONE)) == 3
    code("contacts")
    code(to=OTHER)
    assert (len(world.sent(PHONE)), len(world.sent(OTHER))) == (4, 1)
    papers.begin_period(600)
    code()
    assert len(world.sent(PHONE)) == 5


def test_ten_codes_a_day(world: World) -> None:
    """Whatever their purposes; the next day is free."""
    papers.begin_period(86_400)
    for number in range(12):
        code(f"purpose_{number % 6}")
        if number % 3 == 2:
            world.pump.drain()
            clock.advance(601)
    assert len(world.sent(PHONE)) == 10
    papers.begin_period(86_400)
    code()
    assert len(world.sent(PHONE)) == 11


def test_notices_are_not_limited(world: World) -> None:
    """Only codes are counted."""
    for number in range(15):
        papers.send(Sms(to=PHONE, text=f"Приказ {number}"))
    assert len(world.sent(PHONE)) == 15
    assert "sms#" not in papers.raw(Counter)


def test_counters_name_no_phone(world: World) -> None:
    """The number is counted under its keyed hash."""
    code()
    world.pump.drain()
    stored = papers.raw(Counter)
    assert stored
    assert PHONE not in stored
    assert PHONE[1:] not in stored
