"""The owner hears of every change of his access, and can stop it."""

import make
from conftest import World

from chalicelib.accounts.schemas import TellOwner
from chalicelib.kit import outbox, ticket


def _tell(person_id: str, *, not_me: bool) -> None:
    effect = TellOwner(person_id=person_id, subject="Новый вход", text="В кабинет вошли.", not_me=not_me)
    outbox.row(effect, "0" * 32).save()


def test_both_channels_hear_the_same(world: World) -> None:
    """The SMS and the letter carry the sentence; without a need there is no link."""
    person = make.person()
    _tell(person.person_id, not_me=False)
    assert world.sent(person.phone) == ["В кабинет вошли."]
    assert world.sent(person.email) == ["Новый вход\n\nВ кабинет вошли."]


def test_the_letter_carries_the_way_to_stop_it(world: World) -> None:
    """The link's number opens as «это не я» of this person, stands behind # and is not in the SMS."""
    person = make.person()
    _tell(person.person_id, not_me=True)
    assert "#" not in world.sent(person.phone)[0]
    number = world.sent(person.email)[0].partition("/not-me/#")[2].strip()
    opened = ticket.unseal("not_me", number)
    assert opened is not None
    assert opened["person"] == person.person_id


def test_nobody_to_tell_is_put_aside(world: World) -> None:
    """An effect for a person who is not there does not come back for ever."""
    _tell("psn_" + "0" * 32, not_me=False)
    world.pump.drain()
    assert world.pump.sent == []
