"""The password: counted before it is compared, and no word about whose it is."""

from typing import Any

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import LIMITS, Account, Purpose
from chalicelib.kit import clock
from chalicelib.kit import tables as kit_tables
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.tables import Get
from chalicelib.kit.tries import tables
from chalicelib.kit.tries.tables import DELAYS, MOST_IN_A_ROW
from chalicelib.sign_in.schemas import GUESSED, SHUT, TICKET_SECONDS

NAME = "check_password"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_body(world, make.person(signed_in=False).login))


def _body(world: World, login: str, password: str = make.PASSWORD) -> dict[str, str]:
    return {"ticket": doors.ask_login(world, login), "password": password}


def _codes(world: World, body: dict[str, str], count: int) -> list[str]:
    """Try so many times, waiting as long as the cabinet asks; returns the codes of the refusals."""
    found: list[str] = []
    while len(found) < count:
        answer = world.client.call(NAME, body)
        if answer.code == "try-later":
            clock.advance(int(answer.headers["Retry-After"]))
        else:
            found.append(answer.code)
    return found


def test_an_unknown_login_and_a_wrong_password_are_not_told_apart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, code, shape, calls to the cloud and hashings are the same."""
    known = _body(world, make.person(signed_in=False).login, "Wrong-Word-2026")
    unknown = _body(world, "nobody_xy", "Wrong-Word-2026")
    assert len(known["ticket"]) == len(unknown["ticket"])
    world.client.call(NAME, unknown)  # whatever is loaded once is loaded
    hashings = doors.count_hashings(monkeypatch)
    seen = []
    for body in (known, unknown):
        hashings.clear()
        world.trips.start()
        answer = world.client.call(NAME, body)
        told = {name: value for name, value in answer.json.items() if name != "trace_id"}
        seen.append((answer.status, sorted(answer.headers), told, list(world.trips.calls), list(hashings)))
    assert (seen[0][0], seen[0][2]["code"], seen[0][4]) == (401, "password-wrong", ["verify_secret"])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("known", [True, False])
def test_ten_tries_an_hour_and_then_an_hour_of_rest(world: World, known: bool) -> None:  # noqa: FBT001 - the case
    """The eleventh try is refused for known and unknown logins alike; in the next hour tries are counted anew."""
    login = make.person(signed_in=False).login if known else "nobody_xy"
    doors.at_hour_start()
    wrong = _body(world, login, "Wrong-Word-2026")
    assert _codes(world, wrong, LIMITS["password"]) == ["password-wrong"] * LIMITS["password"]
    answer = world.client.call(NAME, _body(world, login))
    assert (answer.status, answer.code) == (429, "too-many-tries")
    clock.advance(3600)
    answer = world.client.call(NAME, _body(world, login))
    assert answer.status == (200 if known else 401)


@pytest.mark.parametrize("spent", [LIMITS["password"], LIMITS["password"] - 1])
def test_tries_of_two_hours_ago_do_not_count(world: World, spent: int) -> None:
    """Exactly two hours later, where the counter of the hour is shared, all ten tries are there again."""
    login = make.person(signed_in=False).login
    doors.at_hour_start()
    assert set(_codes(world, _body(world, login, "Wrong-Word-2026"), spent)) == {"password-wrong"}
    clock.advance(7200)
    wrong = _body(world, login, "Wrong-Word-2026")
    assert _codes(world, wrong, LIMITS["password"]) == ["password-wrong"] * LIMITS["password"]
    assert _codes(world, wrong, 1) == ["too-many-tries"]


def test_parallel_guesses_are_counted_too(world: World) -> None:
    """Guessing at once gives three tries; then each further one has to wait."""
    login = make.person(signed_in=False).login
    doors.at_hour_start()
    wrong = _body(world, login, "Wrong-Word-2026")
    codes = [one.code for one in doors.together(24, lambda: world.client.call(NAME, wrong))]
    assert codes.count("password-wrong") == min(DELAYS)
    assert codes.count("try-later") == 24 - min(DELAYS)


def test_the_wait_grows_with_every_wrong_password(world: World) -> None:
    """Three tries are free; then 5, 10, 20 … seconds pass, and a right password in between has to wait too."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    wrong = _body(world, person.login, "Wrong-Word-2026")
    waits: list[int] = []
    while len(waits) < len(DELAYS):
        answer = world.client.call(NAME, wrong)
        if answer.code == "try-later":
            assert world.client.call(NAME, _body(world, person.login)).code == "try-later"
            waits.append(int(answer.headers["Retry-After"]))
            clock.advance(waits[-1])
    assert all(0 <= due - wait <= 1 for due, wait in zip(DELAYS.values(), waits, strict=True))


def test_an_old_count_is_forgiven_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds an old count, and is overtaken by ten new tries before he forgives it, gives no tries back."""
    login = make.person(signed_in=False).login
    doors.at_hour_start()
    _codes(world, _body(world, login, "Wrong-Word-2026"), LIMITS["password"])
    clock.advance(7200)
    wrong = _body(world, login, "Wrong-Word-2026")
    between: list[str] = []
    real = kit_tables.fetch

    def overtaken(gets: tuple[Get[Any], ...]) -> list[Any]:
        found = real(gets)
        if not between:
            between.append("begun")
            between.extend(_codes(world, wrong, LIMITS["password"]))
        return found

    monkeypatch.setattr(tables, "fetch", overtaken)
    codes = _codes(world, wrong, 3) + between
    assert codes.count("password-wrong") == LIMITS["password"]


def test_strangers_do_not_stop_the_owner_on_his_device(world: World) -> None:
    """Ten wrong passwords from elsewhere shut the door there; the device that has signed in before goes on."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    _codes(world, _body(world, person.login, "Wrong-Word-2026"), LIMITS["password"])
    assert world.client.call(NAME, _body(world, person.login)).code == "too-many-tries"
    assert doors.ask_password(world, person.login, device=doors.device(person))


def test_a_known_device_has_ten_tries_of_its_own(world: World) -> None:
    """Guessing on the owner's own device ends as well, and does not use up the tries from elsewhere."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    ticket = doors.ask_login(world, person.login, doors.device(person))
    wrong = {"ticket": ticket, "password": "Wrong-Word-2026"}
    assert _codes(world, wrong, LIMITS["password_trusted"]) == ["password-wrong"] * LIMITS["password_trusted"]
    assert world.client.call(NAME, wrong | {"password": make.PASSWORD}).code == "too-many-tries"
    assert doors.ask_password(world, person.login)


@pytest.mark.parametrize("where", ["password", "password_trusted"])
def test_the_owner_is_told_at_the_tenth_wrong_password(world: World, where: Purpose) -> None:
    """Not before, and once an hour, by SMS and letter; his own slips afterwards are not told."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    device = doors.device(person) if where == "password_trusted" else None
    wrong = {"ticket": doors.ask_login(world, person.login, device), "password": "Wrong-Word-2026"}
    _codes(world, wrong, LIMITS["password"] - 1)
    assert world.sent(person.phone) == []
    _codes(world, wrong, 3)
    assert world.sent(person.phone) == [GUESSED[where]]
    assert GUESSED[where] in world.sent(person.email)[0]
    own = {"ticket": doors.ask_login(world, person.login, doors.device(person)), "password": "Wrong-Word-2026"}
    _codes(world, own, 2)
    assert len(world.sent(person.phone)) == 1


@pytest.mark.parametrize("known", [True, False])
def test_slow_guessing_ends_after_a_hundred_in_a_row(world: World, known: bool) -> None:  # noqa: FBT001 - the case
    """However long the pauses; a login that nobody has answers alike."""
    login = make.person(signed_in=False).login if known else "nobody_xy"
    codes = []
    for _ in range(MOST_IN_A_ROW + 2):
        clock.advance(max(DELAYS.values()) + 100)
        codes.append(world.client.call(NAME, _body(world, login, "Wrong-Word-2026")).code)
    assert codes == ["password-wrong"] * MOST_IN_A_ROW + ["password-door-shut"] * 2


def _almost_shut(person: make.Person, where: str = "password") -> None:
    Account.get(person.person_id).update(actions=[getattr(Account, f"{where}_row").set(MOST_IN_A_ROW - 1)])


def test_a_shut_password_door_leaves_the_others_open(world: World) -> None:
    """The owner is told once; the right password of a stranger's device is refused, also days later, a known device goes on."""
    person = make.person(signed_in=False)
    _almost_shut(person)
    for _ in range(2):
        world.client.call(NAME, _body(world, person.login, "Wrong-Word-2026"))
    assert world.sent(person.phone) == [SHUT.format(where="С чужих устройств")]
    clock.advance(3 * 24 * 3600)
    answer = world.client.call(NAME, _body(world, person.login))
    assert (answer.status, answer.code) == (403, "password-door-shut")
    assert doors.ask_password(world, person.login, device=doors.device(person))
    assert world.client.call("finish_sign_in", {"ticket": doors.proved(person)}).status == 201


@pytest.mark.parametrize("where", ["password", "password_trusted"])
def test_a_new_password_opens_a_shut_door(world: World, where: str) -> None:
    """Recovery is the way back, for strange and for known devices."""
    person = make.person(signed_in=False)
    _almost_shut(person, where)
    device = doors.device(person) if where == "password_trusted" else None
    wrong = {"ticket": doors.ask_login(world, person.login, device), "password": "Wrong-Word-2026"}
    assert _codes(world, wrong, 2)[-1] == "password-door-shut"
    assert world.client.call("finish_recovery", returns.proved(world, person)).status == 200
    account = Account.get(person.person_id)
    assert (account.row("password"), account.row("password_trusted")) == (0, 0)
    assert doors.ask_password(world, person.login, returns.NEW, doors.device(person) if device else None)


def test_a_right_password_begins_the_row_anew(world: World) -> None:
    """What counts is in a row."""
    person = make.person(signed_in=False)
    _almost_shut(person)
    assert doors.ask_password(world, person.login)
    assert Account.get(person.person_id).row("password") == 0


def test_the_tenth_try_of_an_unknown_login_costs_the_same(world: World) -> None:
    """Every one of eleven tries makes the same calls to the cloud and queues the same effects; nobody is told."""
    login = make.person(signed_in=False).login
    doors.at_hour_start()
    seen = []
    for name in (login, "nobody_xy"):
        wrong = _body(world, name, "Wrong-Word-2026")
        world.trips.start()
        codes = _codes(world, wrong, LIMITS["password"] + 1)
        seen.append((codes, list(world.trips.calls), sorted(one.kind for one in Outbox.scan())))
        for one in Outbox.scan():
            one.delete()
    assert seen[0] == seen[1]
    assert seen[0][2] == ["TellOwner"]


@pytest.mark.parametrize("by", ["owner", "officer", "suspicion"])
def test_a_blocked_account_learns_of_it_after_the_right_password(world: World, by: str) -> None:
    """A wrong password learns nothing; the right one is told that access is shut, on every device."""
    person = make.person(signed_in=False)
    Account.get(person.person_id).update(actions=[Account.blocked.set({"by": by, "at": clock.epoch()})])
    assert world.client.call(NAME, _body(world, person.login, "Wrong-Word-2026")).code == "password-wrong"
    for device in (None, doors.device(person)):
        body = {"ticket": doors.ask_login(world, person.login, device), "password": make.PASSWORD}
        answer = world.client.call(NAME, body)
        assert (answer.status, answer.code) == (403, "account-blocked")


def test_a_closed_account_stays_closed(world: World) -> None:
    """The right password is told so, a wrong one is not."""
    person = make.person(signed_in=False)
    Account.get(person.person_id).update(actions=[Account.closed_at.set(clock.epoch())])
    assert world.client.call(NAME, _body(world, person.login, "Wrong-Word-2026")).code == "password-wrong"
    answer = world.client.call(NAME, _body(world, person.login))
    assert (answer.status, answer.code) == (403, "account-closed")


def test_a_right_password_forgets_the_tries(world: World) -> None:
    """Tries are counted between successes."""
    login = make.person(signed_in=False).login
    doors.at_hour_start()
    wrong = _body(world, login, "Wrong-Word-2026")
    _codes(world, wrong, LIMITS["password"] - 1)
    clock.advance(max(DELAYS.values()))
    assert doors.ask_password(world, login)
    assert _codes(world, wrong, 2) == ["password-wrong"] * 2


def test_the_ticket_of_another_step_or_a_damaged_one_is_refused(world: World) -> None:
    """Only the ticket of the login opens this step."""
    person = make.person(signed_in=False)
    body = _body(world, person.login)
    for ticket in (doors.ask_password(world, person.login), body["ticket"][:-4] + "AAAA", body["ticket"] + "A", "="):
        answer = world.client.call(NAME, body | {"ticket": ticket})
        assert (answer.status, answer.code) == (409, "sign-in-expired")


def test_the_ticket_lives_a_quarter_of_an_hour(world: World) -> None:
    """A ticket left alone is begun anew."""
    body = example(world).body
    clock.advance(TICKET_SECONDS + 1)
    assert world.client.call(NAME, body).code == "sign-in-expired"


def test_only_the_right_password_learns_of_a_dismissal(world: World) -> None:
    """Who does not work any more is told so after the right password, and nobody else is."""
    person = make.person(signed_in=False)
    Account.get(person.person_id).update(actions=[Account.register_state.set("not_working")])
    assert world.client.call(NAME, _body(world, person.login, "Wrong-Word-2026")).code == "password-wrong"
    answer = world.client.call(NAME, _body(world, person.login))
    assert (answer.status, answer.code) == (403, "no-longer-working")


def test_whoever_works_again_finds_the_way_in(world: World) -> None:
    """The right password has the register asked anew, at most once in ten minutes; if he works, the door opens."""
    known = next(
        one
        for one in world.register.people()
        if one["note"] and len(one["cards"]) == 1 and not one["cards"][0]["until"]
    )
    person = make.person(signed_in=False, snils=known["snils"])
    long_ago = clock.epoch() - 700
    Account.change(
        person.person_id, actions=[Account.register_state.set("not_working"), Account.matched_at.set(long_ago)]
    )
    assert world.client.call(NAME, _body(world, person.login)).code == "no-longer-working"
    world.pump.drain()
    assert world.client.call(NAME, _body(world, person.login)).status == 200


def test_the_right_password_many_times_at_once_is_right_each_time(world: World) -> None:
    """A double press is no conflict: nobody is told of a version that he never named."""
    body = example(world).body
    statuses = [one.status for one in doors.together(3, lambda: world.client.call(NAME, body))]
    assert statuses == [200] * 3


@pytest.mark.parametrize("typed", [make.PASSWORD.lower(), make.PASSWORD + " ", " " + make.PASSWORD])
def test_a_password_is_taken_to_the_letter(world: World, typed: str) -> None:
    """Letter case and spaces matter."""
    body = _body(world, make.person(signed_in=False).login, typed)
    assert world.client.call(NAME, body).code == "password-wrong"


def test_the_right_password_shows_the_factors(world: World) -> None:
    """The answer gives a ticket and the ways to confirm, with addresses half hidden."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _body(world, person.login))
    assert answer.status == 200
    assert [one["kind"] for one in answer.json["factors"]] == ["sms", "email", "totp"]
    assert person.phone[2:-2] not in answer.raw.decode()
    assert person.email.split("@")[0] not in answer.raw.decode()
    assert person.person_id not in answer.raw.decode()


def test_the_security_journal_keeps_every_try(world: World) -> None:
    """Wrong and right passwords leave a record each."""
    person = make.person(signed_in=False)
    world.client.call(NAME, _body(world, person.login, "Wrong-Word-2026"))
    world.client.call(NAME, _body(world, person.login))
    assert doors.unknown_callers(NAME) == ["done", "password-wrong"]
