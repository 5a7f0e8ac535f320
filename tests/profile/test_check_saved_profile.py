"""The check that a save starts, outside the request."""

import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account, Employment
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile, open_profile, seal_profile
from chalicelib.profile.tables import Profile


def saved(world: World, **changes: object) -> tuple[make.Person, str]:
    """Make a worker who has just saved his profile, and return the effect that waits."""
    worker = papers.doctor(world, papers.registered(world, **changes))
    papers.change(world, worker, organisation_ogrn=papers.OGRN)
    (row,) = papers.rows("check")
    return worker, str(row.effect_id)


def test_agreement_confirms_with_one_confirmation(world: World) -> None:
    """The profile and its confirmation stand, and the effect is delivered."""
    worker, effect_id = saved(world)
    world.pump.drain()
    assert (papers.profile(worker).status, papers.profile(worker).result) == ("confirmed", "confirmed")
    assert len(papers.confirmations(worker)) == 1
    assert papers.row(effect_id).state == "delivered"


@pytest.mark.parametrize(
    ("changes", "result", "fields"),
    [
        ({"last_name": "Другая"}, "needs_clarification", ["last_name"]),
        ({"personnel_number": None}, "input_error", ["personnel_number"]),
    ],
)
def test_a_disagreement_asks_for_correction(
    world: World, changes: dict[str, str | None], result: str, fields: list[str]
) -> None:
    """The fields are named, and there is no confirmation."""
    worker = papers.doctor(world)
    papers.change(world, worker, **changes)
    world.pump.drain()
    stored = papers.profile(worker)
    assert (stored.status, stored.result, [one["field"] for one in stored.remarks]) == (
        "needs_correction",
        result,
        fields,
    )
    assert papers.confirmations(worker) == []


def test_a_check_of_a_confirmed_profile_makes_no_second_confirmation(world: World) -> None:
    """Two saves in a row, and a later check of the stored match, confirm once; the button confirms anew."""
    worker, _ = saved(world)
    papers.change(world, worker, inn=None)
    world.pump.drain()
    assert len(papers.confirmations(worker)) == 1
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert len(papers.confirmations(worker)) == 1
    papers.check(world, worker)
    assert len(papers.confirmations(worker)) == 2


def test_a_check_stores_when_and_whether_the_register_knows_him_at_work(world: World) -> None:
    """The account learns the day of the match; a dismissal is noticed."""
    worker, _ = saved(world)
    clock.advance(100)
    world.pump.drain()
    account = Account.get(worker.person_id)
    assert account.register_state == "working"
    assert papers.is_recent(clock.moment(account.matched_at))
    world.register.dismiss(worker.snils, "2020-01-01")
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert Account.get(worker.person_id).register_state == "not_working"
    assert papers.profile(worker).status == "needs_correction"


def test_an_outage_is_waited_out(world: World) -> None:
    """While the register is down the status is «На проверке»; when it is back the check ends by itself."""
    worker, effect_id = saved(world)
    world.register.fault("down")
    for _ in range(3):
        world.pump.drain()
        clock.advance(papers.LONG_ENOUGH)
    assert (papers.profile(worker).status, papers.row(effect_id).state) == ("on_check", "pending")
    world.register.fault("ok")
    clock.advance(papers.LONG_ENOUGH)
    world.pump.drain()
    assert (papers.profile(worker).status, papers.row(effect_id).state) == ("confirmed", "delivered")


def test_after_the_last_attempt_the_status_is_not_stuck(world: World) -> None:
    """An outage that outlasts twelve attempts leaves «Не проверено», and the button works afterwards."""
    worker, effect_id = saved(world)
    world.register.fault("down")
    assert papers.persist(world, effect_id)[-1] == 12
    assert papers.profile(worker).status == "not_checked"
    assert papers.confirmations(worker) == []
    world.register.fault("ok")
    clock.advance(31)
    make.sign_in(worker)
    assert papers.check(world, worker).json["status"] == "confirmed"


def test_an_outage_takes_no_confirmed_status_away(world: World) -> None:
    """A later check of the stored match that finds no register leaves the profile as it was."""
    worker = papers.doctor(world)
    papers.check(world, worker)
    world.register.fault("down")
    papers.persist(world, papers.send(CheckProfile(person_id=worker.person_id)))
    assert papers.profile(worker).status == "confirmed"


def test_a_save_during_the_check_is_checked_too(world: World) -> None:
    """The last saved state is what the last check judges."""
    worker, _ = saved(world)
    papers.change(world, worker, last_name="Лебедева")
    world.pump.drain()
    assert (papers.profile(worker).status, papers.profile(worker).result) == ("needs_correction", "needs_clarification")


def test_a_person_who_is_gone_leaves_nothing_to_check(world: World) -> None:
    """An effect for a missing profile ends quietly."""
    worker, effect_id = saved(world)
    papers.profile(worker).delete()
    world.pump.drain()
    assert papers.row(effect_id).state == "delivered"


def test_the_journal_of_the_person_shows_the_cabinets_own_check(world: World) -> None:
    """One record of the system, without values; attempts that failed leave none."""
    worker, _ = saved(world)
    world.register.fault("down")
    world.pump.drain()
    world.register.fault("ok")
    clock.advance(papers.LONG_ENOUGH)
    world.pump.drain()
    checks = [one for one in papers.acts(worker) if one.kind == "profile.checked"]
    assert [(one.operation, one.outcome, one.role) for one in checks] == [("check_saved_profile", "done", "system")]
    assert not any(value in papers.raw(JournalRecord) for value in ("Воробьёва", worker.snils, papers.OGRN))


def test_an_unproven_persons_draft_is_never_confirmed(world: World) -> None:
    """A stale match of a claimed account is renewed, but what it typed becomes nobody's statement."""
    worker = papers.doctor(world)
    Account.change(worker.person_id, actions=[Account.assurance.set("claimed")])
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert papers.profile(worker).status == "not_checked"
    assert papers.confirmations(worker) == []


def test_employments_follow_the_register(world: World) -> None:
    """A former employer loses his tie to the worker, a new one gains it."""
    worker = papers.doctor(world)
    known = next(one for one in world.register.people() if one["snils"] == worker.snils)
    moved = [known["cards"][0] | {"organisation_id": make.OTHER_HOSPITAL}]
    world.register.put(known | {"cards": moved})
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert [one.organisation_id for one in Employment.query(worker.person_id)] == [make.OTHER_HOSPITAL]
    former, present = make.hr(), make.person(Role.HR, make.OTHER_HOSPITAL)
    assert world.client.call("read_worker", by=former, person_id=worker.person_id).status == 404
    assert world.client.call("read_worker", by=present, person_id=worker.person_id).status == 200


def test_a_register_that_forgets_a_worker_once_ends_nothing(world: World) -> None:
    """Not found once is noted; not found again a day later ends the sessions; found again opens the way in."""
    worker = papers.doctor(world)
    Profile.change(worker.person_id, actions=[Profile.sealed.set(_with_unknown_snils(worker))])
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert Account.get(worker.person_id).register_state == "missing"
    clock.advance(25 * 3600)
    make.sign_in(worker)
    papers.send(CheckProfile(person_id=worker.person_id))
    world.pump.drain()
    assert Account.get(worker.person_id).register_state == "not_working"
    assert world.client.call("read_session", by=worker).code == "session-ended"


def _with_unknown_snils(worker: make.Person) -> bytes:
    profile = Profile.get(worker.person_id)
    data = open_profile(profile)
    data.snils = make.valid_snils("999222333")
    return seal_profile(profile, data)
