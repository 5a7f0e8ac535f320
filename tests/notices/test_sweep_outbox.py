"""What a lost stream record left behind is found by the clock."""

import papers
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.outbox import SHARDS, Sms
from chalicelib.profile.schemas import SendToRegister

PHONE = "+79161234567"


def lost(world: World, text: str = "Приказ издан") -> str:
    """Write an effect of which the stream never tells."""
    effect_id = papers.send(Sms(to=PHONE, text=text))
    papers.lose_the_stream(world)
    return effect_id


def test_a_lost_stream_record_only_delays(world: World) -> None:
    """After two minutes the message leaves, once."""
    effect_id = lost(world)
    for _ in range(2):
        world.pump.drain()
        clock.advance(55)
    assert world.sent(PHONE) == []
    for _ in range(3):
        clock.advance(61)
        world.pump.drain()
    assert world.sent(PHONE) == ["Приказ издан"]
    assert (papers.row(effect_id).state, int(papers.row(effect_id).attempts)) == ("delivered", 1)


def test_lost_records_of_all_shards_are_found(world: World) -> None:
    """However the numbers fall, nothing stays behind."""
    texts = {f"Приказ {number}" for number in range(SHARDS * 6)}
    shards = {papers.row(lost(world, text)).pending_shard for text in sorted(texts)}
    assert len(shards) > 1
    world.pump.drain()
    clock.advance(181)
    world.pump.drain()
    assert set(world.sent(PHONE)) == texts


def test_what_is_settled_is_not_swept(world: World) -> None:
    """Delivered effects leave the index of those that wait."""
    papers.send(Sms(to=PHONE, text="Приказ издан"))
    for _ in range(3):
        world.pump.drain()
        clock.advance(papers.LONG_ENOUGH)
    assert world.sent(PHONE) == ["Приказ издан"]
    assert papers.waiting("sms") == 0


def test_what_is_being_tried_again_is_not_swept(world: World) -> None:
    """An effect whose next try is not due yet is left alone: sweeping it would only burn its attempts."""
    worker = papers.doctor(world)
    world.register.fault("down")
    effect_id = papers.send(SendToRegister(person_id=worker.person_id, fields=["phone"]))
    for _ in range(20):
        world.pump.drain()
        clock.advance(10)
    assert papers.row(effect_id).state == "pending"
    assert int(papers.row(effect_id).attempts) <= 2
