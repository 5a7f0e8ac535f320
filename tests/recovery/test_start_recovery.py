"""«Забыли пароль»: the same answer and the same work for every login; codes go only to confirmed channels."""

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import codes, options
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.trail.tables import SecurityRecord

NAME = "start_recovery"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"login": make.person(signed_in=False).login, "channel": "sms"})


@pytest.mark.parametrize("login", ["", "ivаnova_ap", "ivanova ap", "ivanova_ap\n", "x" * 61, "ivanova\x00", None, 7])
def test_what_cannot_be_a_login_is_a_wrong_field(world: World, login: object) -> None:
    """Look-alike letters, spaces and ends of lines are pointed at."""
    answer = world.client.call(NAME, {"login": login, "channel": "sms"})
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/login"]


def test_an_unknown_channel_is_a_wrong_field(world: World) -> None:
    """There are SMS, letters and both."""
    answer = world.client.call(NAME, {"login": "ivanova_ap", "channel": "telegram"})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/channel"]


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_modern_profile_demands_both_channels_of_every_login(world: World, channel: str) -> None:
    """One channel is refused alike for a known and an unknown login; both are taken."""
    returns.set_profile("modern")
    person = make.person()
    for login in (person.login, "nobody_xy"):
        answer = world.client.call(NAME, {"login": login, "channel": channel})
        assert (answer.status, answer.code) == (422, "both-channels-needed")
    assert returns.start(world, person.login, "both")
    assert len(world.codes(person.phone)) == len(world.codes(person.email)) == 1


def test_known_unknown_blocked_and_closed_accounts_are_not_told_apart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, headers, shape, calls to the cloud, hashings and queued effects are the same for all of them."""
    people = {name: make.person(signed_in=False) for name in ("known", "owner", "officer", "suspicion", "closed")}
    for by in ("owner", "officer", "suspicion"):
        returns.block(people[by], by)
    Account.get(people["closed"].person_id).update(actions=[Account.contacts.remove(), Account.password_hash.remove()])
    logins = {name: one.login for name, one in people.items()} | {"unknown": "nobody_xy_12345x"}
    world.client.call(NAME, {"login": "whatever_x", "channel": "both"})  # whatever is loaded once is loaded
    hashings, seen = doors.count_hashings(monkeypatch), {}
    for name, login in logins.items():
        hashings.clear()
        world.pump.drain()
        before = {one.effect_id for one in Outbox.scan()}
        world.trips.start()
        answer = world.client.call(NAME, {"login": login, "channel": "both"})
        queued = [(one.kind, len(one.sealed)) for one in Outbox.scan() if one.effect_id not in before]
        told = {field: value for field, value in answer.json.items() if field not in {"flow", "expires_at"}}
        size = len(answer.json["flow"]) - len(login) * 4 // 3
        calls = [one for one in world.trips.calls if one != "dynamodb:Scan"]
        seen[name] = (answer.status, sorted(answer.headers), told, calls, list(hashings), queued, size)
    assert seen["known"][0] == 202
    assert [kind for kind, _ in seen["known"][5]] == ["RecoveryCode"]
    assert seen["known"][4] == []
    assert len({repr(one[:6]) for one in seen.values()}) == 1
    sizes = {one[6] for one in seen.values()}
    assert max(sizes) - min(sizes) <= 1


def test_an_unknown_login_brings_no_message(world: World) -> None:
    """The queue takes the effect and sends nothing."""
    returns.start(world, "nobody_xy", "both")
    world.pump.drain()
    assert world.pump.sent == []
    assert {one.state for one in Outbox.scan()} == {"delivered"}


@pytest.mark.parametrize(("channel", "sms", "email"), [("sms", 1, 0), ("email", 0, 1), ("both", 1, 1)])
def test_codes_go_to_the_chosen_channels_only(world: World, channel: str, sms: int, email: int) -> None:
    """By both, two different codes leave."""
    person = make.person()
    returns.start(world, person.login.upper(), channel)
    found = world.codes(person.phone), world.codes(person.email)
    assert (len(found[0]), len(found[1])) == (sms, email)
    if channel == "both":
        assert found[0] != found[1] or codes.derived("a") == codes.derived("b")


def test_nothing_is_stored_of_a_recovery(world: World) -> None:
    """The account is untouched, and no table holds flow, code or login."""
    person = make.person()
    before = Account.get(person.person_id).serialize()
    flow = returns.start(world, person.login)
    (code,) = world.codes(person.phone)
    assert Account.get(person.person_id).serialize() == before
    for table in (Outbox, SecurityRecord):
        text = str([one.serialize() for one in table.scan()])
        assert flow not in text
        assert f"'{code}'" not in text
        assert person.login not in text


def test_a_cold_function_reads_the_settings_once(world: World) -> None:
    """The first call of a minute costs one query more, the next one none."""
    options.forget()
    body = {"login": "nobody_xy", "channel": "sms"}
    counts = []
    for _ in range(2):
        world.trips.start()
        assert world.client.call(NAME, body).status == 202
        counts.append(world.trips.count("dynamodb"))
    assert counts == [4, 3]


def test_a_lost_answer_is_given_again_and_sends_nothing_more(world: World) -> None:
    """The same key brings the same flow and one code."""
    person, key = make.person(), make.key()
    body = {"login": person.login, "channel": "sms"}
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (202, first.raw)
    assert len(world.codes(person.phone)) == 1


def test_the_security_journal_keeps_the_start(world: World) -> None:
    """Each call leaves a record that names no login; the owner's journal keeps what was really done."""
    person = make.person(signed_in=False)
    returns.start(world, person.login)
    assert doors.unknown_callers(NAME) == ["done"]
    assert doors.journal(person.person_id, NAME) == []
