"""When the retention is over, the keys are destroyed: what they sealed cannot be opened, and the journal stays."""

from typing import Any

import doors
import make
import offices
import papers
import pytest
from botocore.exceptions import ClientError
from conftest import World

from chalicelib.accounts import erase_closed_accounts as erasing
from chalicelib.accounts.schemas import Contacts, contacts_of
from chalicelib.accounts.tables import Employment, Login, Reservation
from chalicelib.kit import catalogue, clock, settings, vault
from chalicelib.kit.access import Role
from chalicelib.kit.refusals import Busy
from chalicelib.kit.tables import Table
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.tables import Confirmation, Profile
from infra import erase_again

DAY = 86_400
PASSING = {"session", "registration_flow"}  # expire within hours, and end before


def closed(world: World, **overrides: Any) -> make.Person:
    """Make a person who closes his account, with as many confirmations as are wanted."""
    count = overrides.pop("confirmations", 2)
    who = make.person(**overrides)
    for number in range(count):
        row = f"cnf_{number:032x}"
        sealed = who.key.seal("confirmation/sealed", {"a": 1})
        Confirmation(who.person_id, row, wrapped_key=who.key.wrapped, sealed=sealed, made_at=clock.epoch()).save()
    assert world.client.call("close_own_account", {}, by=who).status == 200
    world.pump.drain()
    return who


def hour(world: World, seconds: int = 3601) -> None:
    """Let the clock worker run."""
    clock.advance(seconds)
    world.pump.drain()


def holding_keys() -> list[type[Table]]:
    """Return every table whose rows carry the wrapped key of a person."""
    found, queue = [], list(Table.__subclasses__())
    while queue:
        kind = queue.pop()
        queue += kind.__subclasses__()
        if "wrapped_key" in kind.get_attributes():
            found.append(kind)
    return found


def stored_keys(who: make.Person) -> list[str]:
    """Return the tables in which a person's wrapped key still stands."""
    written = str(who.key.wrapped)[2:-1]
    return [kind.Meta.table_name for kind in holding_keys() if written in papers.raw(kind)]


def test_every_table_with_a_key_is_known_to_the_eraser(world: World) -> None:
    """A new table that carries a person's key must be declared here too, or expire by itself."""
    reached = {touch.model.Meta.table_name for touch in catalogue.workers["erase_closed_accounts"].writes}
    left = {kind.Meta.table_name.removeprefix(settings.table("")) for kind in holding_keys()} - PASSING
    assert {name for name in left if not any(one.endswith(name) for one in reached)} == set()
    assert len(left) >= 4


def test_before_the_day_nothing_is_erased(world: World) -> None:
    """An hour before the end everything is still there."""
    who = closed(world)
    hour(world, 90 * DAY - 3600)
    assert contacts_of(offices.account(who)).phone == who.phone
    assert len(stored_keys(who)) == 4


def test_after_the_day_nothing_opens_and_the_journal_stays(world: World) -> None:
    """Keys, contacts, profile, employments, confirmations, reservations are gone; number, login and journal stay."""
    who = closed(world)
    world.client.call("read_account", by=make.person(Role.SUPPORT), person_id=who.person_id)
    before = offices.account(who)
    records = list(JournalRecord.query(who.person_id))
    hour(world, 90 * DAY + 3601)
    vault.forget()
    account = offices.account(who)
    assert not any((account.wrapped_key, account.former_key, account.contacts))
    assert stored_keys(who) == []
    kinds: list[Any] = list(holding_keys())
    left = {one.wrapped_key for kind in kinds for one in kind.scan()} - {None}
    assert left
    for wrapped in left:  # whichever key is still stored, an old copy of the contacts stays shut
        with pytest.raises(ClientError):
            OwnerKey(who.person_id, wrapped).open("account/contacts", before.contacts or b"", Contacts)
    assert list(Employment.query(who.person_id)) == []
    assert list(Confirmation.query(who.person_id)) == []
    assert [one for one in Profile.scan() if one.person_id == who.person_id] == []
    assert [one for one in Reservation.scan() if one.person_id == who.person_id] == []
    assert Login.get(who.login).person_id == who.person_id
    after = list(JournalRecord.query(who.person_id))
    assert [one.serialize() for one in after[:-1]] == [one.serialize() for one in records]
    assert (after[-1].kind, after[-1].role, account.erased_at is not None) == ("account.erased", "system", True)
    card = world.client.call("read_account", by=make.person(Role.ADMIN), person_id=who.person_id).json
    assert (card["phone"], card["email"], card["factors"], card["roles"]) == (None, None, [], [])


def test_a_person_may_register_anew(world: World) -> None:
    """СНИЛС and phone are free, the old login is not."""
    applicant = doors.applicant(world)
    old = doors.register(world, applicant)
    doors.sign_in(world, old)
    assert world.client.call("close_own_account", {}, by=old).status == 200
    hour(world, DAY + 3601)
    new = doors.register(world, applicant)
    assert new.person_id != old.person_id
    assert new.login != old.login


def test_an_account_with_many_confirmations_takes_several_runs(world: World) -> None:
    """What is left is the position from which the next run goes on; nothing is called erased before it is."""
    who = closed(world, confirmations=erasing.ROWS + 5)
    hour(world, 90 * DAY + 3601)
    assert len(list(Confirmation.query(who.person_id))) == 5
    assert offices.account(who).erased_at is None
    hour(world)
    assert list(Confirmation.query(who.person_id)) == []
    assert offices.account(who).erased_at is not None


def test_more_accounts_than_one_run_takes_wait_for_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has a limit, and the index keeps the rest."""
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    people = [closed(world, confirmations=0) for _ in range(5)]
    hour(world, 90 * DAY + 3601)
    done = sum(offices.account(one).erased_at is not None for one in people)
    assert 0 < done < 5
    for _ in range(4):
        hour(world)
    assert all(offices.account(one).erased_at for one in people)


def test_one_that_cannot_be_erased_now_holds_up_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy account is left for the next run, the others are done."""
    people = [closed(world, confirmations=0) for _ in range(3)]
    stuck, real = people[0].person_id, erasing._erase

    def busy(job: Any, person_id: str) -> None:
        if person_id == stuck:
            raise Busy
        real(job, person_id)

    monkeypatch.setattr(erasing, "_erase", busy)
    hour(world, 90 * DAY + 3601)
    assert [offices.account(one).erased_at is not None for one in people] == [False, True, True]
    monkeypatch.setattr(erasing, "_erase", real)
    hour(world)
    assert offices.account(people[0]).erased_at is not None


def test_another_persons_reservation_stays(world: World) -> None:
    """Only what belongs to the erased person is given up."""
    who, other = closed(world, confirmations=0), make.person()
    hour(world, 90 * DAY + 3601)
    assert offices.account(who).erased_at is not None
    assert len([one for one in Reservation.scan() if one.person_id == other.person_id]) == 2


def test_whoever_came_back_with_a_restored_table_is_erased_again(world: World) -> None:
    """Rows and the key that a copy brings back are gone after the operator's command and the worker's next run."""
    who = closed(world)
    profile, reserved = Profile.get(who.person_id), list(Reservation.of_person(who.person_id).run(None, None))
    hour(world, 91 * DAY)
    assert offices.account(who).erased_at is not None
    for row in (profile, *reserved):
        row.save()
    hour(world)
    assert stored_keys(who) != [], "What was restored is back, and the worker alone does not know."
    alive = make.person()
    assert erase_again.main(["--stage", "dev"]) == 0
    hour(world)
    assert stored_keys(who) == []
    assert list(Reservation.of_person(who.person_id).run(None, None)) == []
    assert offices.account(alive).erased_at is None
    assert offices.account(who).erase_at is None
