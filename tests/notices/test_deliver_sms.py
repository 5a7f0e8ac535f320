"""SMS leave once; one number gets few codes and all notices."""

import json

import doors
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.jobs import enqueue
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox
from chalicelib.notices import schemas as notices

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
    """The fourth is put aside at once; another purpose and another number are free, and a quarter of an hour later all."""
    effects = [code() for _ in range(4)]
    world.pump.drain()
    assert sorted(papers.row(one).state for one in effects) == ["dead", "delivered", "delivered", "delivered"]
    assert len(world.sent(PHONE)) == 3
    code("contacts")
    code(to=OTHER)
    assert (len(world.sent(PHONE)), len(world.sent(OTHER))) == (4, 1)
    clock.advance(900)
    code()
    assert len(world.sent(PHONE)) == 5


@pytest.mark.parametrize("start", [0, 250, 599])
@pytest.mark.parametrize("pause", [40, 140, 290])
def test_no_ten_minutes_bring_more_than_three(world: World, start: int, pause: int) -> None:
    """Wherever the ten minutes begin: asking at any pace never gets a fourth into them, and gets some through."""
    papers.begin_period(600)
    clock.advance(start)
    sent: list[float] = []
    for _ in range(12):
        code()
        sent += [clock.now().timestamp()] * (len(world.sent(PHONE)) - len(sent))
        clock.advance(pause)
    assert len(sent) >= 3
    assert all(later - first >= 600 for first, later in zip(sent, sent[3:], strict=False))


def test_strangers_get_three_together(world: World) -> None:
    """Registering and recovering in somebody's name share the three; the owner's own codes come beside them."""
    papers.begin_period(86_400)
    for purpose in ("registration", "recovery") * 3:
        code(purpose)
    assert len(world.sent(PHONE)) == 3
    for number, purpose in enumerate(("sign_in", "proof", "step_up", "contacts", "activation"), start=4):
        code(purpose)
        assert len(world.sent(PHONE)) == number


def test_parallel_codes_are_counted_too(world: World) -> None:
    """Twenty deliveries at once send three."""
    taken = doors.together(20, lambda: Counter.take("sms#one", 600, 3, parts=2))
    assert taken.count(True) == 3


ASKERS = {
    "applicant": ["registration"],
    "recovery": ["recovery"],
    "password": ["sign_in"],
    "proof": ["proof"],
    "owner": ["step_up", "contacts"],
}


def test_ten_codes_a_day_for_each_kind_of_asker(world: World) -> None:
    """Nobody uses up the codes of another kind; what was put aside is not counted; the next day is free."""
    papers.begin_period(86_400)
    for number, purposes in enumerate(ASKERS.values(), start=1):
        for turn in range(14):
            code(purposes[turn % len(purposes)])
            if turn % 2:
                world.pump.drain()
                clock.advance(901)
        assert len(world.sent(PHONE)) == number * 10
    papers.begin_period(86_400)
    code()
    assert len(world.sent(PHONE)) == len(ASKERS) * 10 + 1


def test_codes_put_aside_use_up_no_day(world: World) -> None:
    """Who presses the button ten times in a minute has got three, and has seven left."""
    papers.begin_period(86_400)
    for _ in range(10):
        code()
    assert len(world.sent(PHONE)) == 3
    clock.advance(900)
    code()
    assert len(world.sent(PHONE)) == 4


@pytest.mark.parametrize("purpose", ["registration", "recovery"])
def test_strangers_spend_no_more_than_their_share_of_the_day(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], purpose: str
) -> None:
    """However many numbers they name; owners and the other share are served on, and the operator is called."""
    papers.begin_period(86_400)
    monkeypatch.setattr(notices, "SMS_A_DAY", {"applicant": 16, "recovery": 16, "owner": 4800})
    numbers = [f"+7916{number:07d}" for number in range(60)]
    for one in numbers:
        code(purpose, to=one)
    sent = sum(len(world.sent(one)) for one in numbers)
    assert 8 <= sent <= 16
    spent = [json.loads(one) for one in capsys.readouterr().out.splitlines() if "sms-budget-spent" in one]
    assert len(spent) == 60 - sent
    for other in {"registration", "recovery", "sign_in", "proof", "step_up"} - {purpose}:
        code(other, to=OTHER)
    papers.send(Sms(to=OTHER, text="Приказ"))
    assert len(world.sent(OTHER)) == 5


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
