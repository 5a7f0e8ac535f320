"""Confirmed changes flow to the register: each once, and only what was confirmed."""

import make
import papers
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.jobs import enqueue
from chalicelib.kit.records.tables import Outbox
from chalicelib.profile.schemas import SendToRegister


def waiting(world: World, worker: make.Person) -> str:
    """Write a change for the register and return its effect."""
    return papers.send(SendToRegister(person_id=worker.person_id, fields=["phone"]))


def test_a_confirmed_change_reaches_the_register(world: World) -> None:
    """The fields that were edited go with their values, cleared ones as empty, the others not at all."""
    worker = papers.doctor(world)
    papers.change(world, worker, organisation_ogrn=papers.OGRN, inn=None)
    world.pump.drain()
    assert papers.changes(world, worker.snils) == [{"organisation_ogrn": papers.OGRN, "inn": None}]


def test_what_is_not_confirmed_does_not_reach_the_register(world: World) -> None:
    """A difference waits until it is mended; then all edited fields go together, once."""
    worker = papers.doctor(world)
    papers.change(world, worker, organisation_ogrn=papers.OGRN, last_name="Лебедева")
    world.pump.drain()
    assert papers.changes(world, worker.snils) == []
    papers.change(world, worker, last_name="Воробьёва")
    world.pump.drain()
    assert papers.changes(world, worker.snils) == [{"organisation_ogrn": papers.OGRN, "last_name": "Воробьёва"}]
    papers.check(world, worker)
    world.pump.drain()
    assert len(papers.changes(world, worker.snils)) == 1


def test_an_outage_only_delays_a_change(world: World) -> None:
    """With the register down at first the change comes later, and once."""
    worker = papers.doctor(world)
    world.register.fault("down")
    effect_id = waiting(world, worker)
    world.pump.drain()
    assert papers.row(effect_id).state == "pending"
    world.register.fault("ok")
    for _ in range(3):
        clock.advance(papers.LONG_ENOUGH)
        world.pump.drain()
    assert papers.changes(world, worker.snils) == [{"phone": worker.phone}]
    assert papers.row(effect_id).state == "delivered"


def test_the_newest_value_arrives_whatever_the_order(world: World) -> None:
    """A change that waited out an outage brings the present value, not the one of its day."""
    worker = papers.doctor(world, organisation_ogrn=papers.OGRN)
    world.register.fault("down")
    old = papers.send(SendToRegister(person_id=worker.person_id, fields=["organisation_ogrn"]))
    world.pump.drain()
    papers.change(world, worker, organisation_ogrn="1151232294620")
    world.register.fault("ok")
    papers.persist(world, old)
    assert papers.changes(world, worker.snils)[-1] == {"organisation_ogrn": "1151232294620"}


def test_a_change_sent_twice_has_one_effect(world: World) -> None:
    """A worker that dies after the register took the change sends it again under the same number."""
    worker = papers.doctor(world)
    effect_id = waiting(world, worker)
    world.pump.drain()
    Outbox.change(effect_id, actions=[Outbox.state.set("pending"), Outbox.lease_until.set(0)])
    enqueue("register", effect_id)
    world.pump.drain()
    assert (papers.row(effect_id).state, int(papers.row(effect_id).attempts)) == ("delivered", 2)
    assert papers.changes(world, worker.snils) == [{"phone": worker.phone}]


def test_a_worker_whom_the_register_does_not_know_is_put_aside(world: World) -> None:
    """A refusal for good is not repeated: the effect is dead after one attempt."""
    effect_id = waiting(world, make.person(snils=make.valid_snils("999111222")))
    world.pump.drain()
    assert (papers.row(effect_id).state, int(papers.row(effect_id).attempts)) == ("dead", 1)


def test_a_change_of_a_person_who_is_gone_is_put_aside(world: World) -> None:
    """Without a profile there is no СНИЛС to send under."""
    worker = papers.doctor(world)
    effect_id = waiting(world, worker)
    papers.profile(worker).delete()
    world.pump.drain()
    assert papers.row(effect_id).state == "dead"
    assert papers.changes(world, worker.snils) == []


def test_a_waiting_change_shows_nothing(world: World) -> None:
    """Neither СНИЛС nor value stands in the outbox."""
    worker = papers.doctor(world)
    waiting(world, worker)
    stored = papers.raw(Outbox)
    assert worker.phone not in stored
    assert worker.snils not in stored
