"""The first two people: invited once, by letter, journalled, and nothing secret is printed."""

import io
import re

import make
import offices
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.roles.rules import OPERATOR
from chalicelib.roles.schemas import LIFE_SECONDS
from chalicelib.roles.tables import Invitation
from infra import bootstrap


def run(patch: pytest.MonkeyPatch, *people: make.Person, arguments: tuple[str, ...] = ()) -> int:
    """Run the command for people, as the operator types them."""
    lines = "".join(f"{one.snils}\n{one.email}\n" for one in people)
    patch.setattr("sys.stdin", io.StringIO(lines))
    return bootstrap.main(["--stage", "dev", *arguments])


def two() -> list[make.Person]:
    """Make two people with sessions opened by ЕСИА."""
    return [offices.proved(make.person()) for _ in range(2)]


def test_one_person_cannot_be_both(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same СНИЛС twice is refused and nothing is written."""
    one = make.person()
    assert run(monkeypatch, one, one) == 1
    assert "разные люди" in capsys.readouterr().err
    assert list(Invitation.scan()) == []


@pytest.mark.parametrize("line", ["1\n", "", "\n", "112-233-445 96\n"])
def test_what_is_no_snils_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    """Too short, missing, wrong control digits: one sentence, nothing written."""
    monkeypatch.setattr("sys.stdin", io.StringIO(line))
    assert bootstrap.main(["--stage", "dev"]) == 1
    assert "Ничего не сделано" in capsys.readouterr().err
    assert list(Invitation.scan()) == []


def test_two_letters_make_the_first_two_officers(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each accepts his role; the printed lines hold neither numbers nor addresses."""
    people = two()
    assert run(monkeypatch, *people) == 0
    numbers = [offices.number_sent(world, one.email) for one in people]
    printed = capsys.readouterr().out
    assert not any(secret in printed for one in numbers for secret in one.split(".")[1:2])
    assert not any(one.email in printed or one.snils in printed for one in people)
    for who, number, role in zip(people, numbers, ("admin", "security"), strict=True):
        answer = offices.accept(world, who, number)
        assert (answer.status, answer.json["role"]) == (200, role)


def test_the_second_run_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While letters are good, and for ever once both roles are held."""
    people = two()
    assert run(monkeypatch, *people) == 0
    assert run(monkeypatch, *two()) == 1
    assert "уже отправлены" in capsys.readouterr().err
    for who in people:
        assert offices.accept(world, who, offices.number_sent(world, who.email)).status == 200
    clock.advance(LIFE_SECONDS + 1)
    assert run(monkeypatch, *two()) == 1
    assert len(list(Invitation.scan())) == 2


def test_a_letter_not_used_in_time_can_be_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for the role that nobody took: the other is not asked for."""
    people = two()
    run(monkeypatch, *people)
    assert offices.accept(world, people[0], offices.number_sent(world, people[0].email)).status == 200
    clock.advance(LIFE_SECONDS + 1)
    late = make.person()
    assert run(monkeypatch, late) == 0
    newest = max(Invitation.scan(), key=lambda one: str(one.invitation_id))
    assert (newest.role, len(list(Invitation.scan()))) == ("security", 3)


def test_print_shows_the_numbers_and_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a deployment whose letters do not work yet."""
    people = two()
    assert run(monkeypatch, *people, arguments=("--print",)) == 0
    numbers = re.findall(r"inv_\S+", capsys.readouterr().out)
    assert world.sent(people[0].email) == []
    assert [offices.accept(world, who, one).status for who, one in zip(people, numbers, strict=True)] == [200, 200]
    assert offices.counted(Role.ADMIN) == offices.counted(Role.SECURITY) == 1


def test_the_journal_holds_both_under_the_operator(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One record of the system names both invitations and roles."""
    run(monkeypatch, *two())
    (record,) = JournalRecord.query(OPERATOR)
    assert (record.kind, record.role, record.fields) == ("role.invited", "system", ["role.admin", "role.security"])
    assert set(record.objects) == {one.invitation_id for one in Invitation.scan()}
