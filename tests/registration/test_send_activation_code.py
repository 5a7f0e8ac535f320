"""The code of an activation: asked for by the letter, the same answer and work for every letter."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.schemas import ACTIVATION_SECONDS, POLICY_VERSION
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, jobs
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.trail.tables import SecurityRecord
from chalicelib.kit.transaction import Step, commit

NAME = "send_activation_code"
NEW = "Letnij-Les-2027"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"activation": doors.letter(world, doors.confirmed(world))})


@pytest.mark.parametrize("number", [None, 7, ""])
def test_what_cannot_be_a_number_is_a_wrong_field(world: World, number: object) -> None:
    """The field is pointed at."""
    answer = world.client.call(NAME, {"activation": number})
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/activation"]


def _letters(world: World) -> dict[str, str]:
    """Return the numbers of letters in every state, and what is none."""
    used, newer = doors.confirmed(world), doors.confirmed(world)
    body = doors.activation(world, used)
    said = body | {"password": NEW, "policy_version": POLICY_VERSION}
    assert world.client.call("activate_account", said).status == 200
    letters = {"used": body["activation"], "overtaken": doors.letter(world, newer)}
    officer, etag = make.hr(), Account.get(newer.person_id).etag
    contacts = {"phone": newer.phone, "email": newer.email}
    again = world.client.call("confirm_identity", contacts, by=officer, match=etag, person_id=newer.person_id)
    assert again.status == 200
    letters["good"] = doors.letter(world, newer)
    return letters | {
        "damaged": letters["good"][:-6] + "AAAAAA",
        "made up": "x" * len(letters["good"]),
        "of another door": doors.ask_login(world, newer.login),
    }


def test_good_and_bad_letters_are_not_told_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, headers, answer, calls to the cloud, hashings and queued effects are the same for all of them."""
    letters = _letters(world)
    world.client.call(NAME, {"activation": "whatever"})  # whatever is loaded once is loaded
    hashings, seen = doors.count_hashings(monkeypatch), {}
    for name, letter in letters.items():
        hashings.clear()
        world.pump.drain()
        before = {one.effect_id for one in Outbox.scan()}
        world.trips.start()
        answer = world.client.call(NAME, {"activation": letter})
        queued = [(one.kind, len(one.sealed)) for one in Outbox.scan() if one.effect_id not in before]
        calls = [one for one in world.trips.calls if one != "dynamodb:Scan"]
        seen[name] = (answer.status, sorted(answer.headers), answer.json, calls, list(hashings), queued)
    assert seen["good"][0] == 202
    assert [kind for kind, _ in seen["good"][5]] == ["ActivationCode"]
    assert len({repr(one) for one in seen.values()}) == 1


def test_only_a_good_letter_brings_a_code(world: World) -> None:
    """Used, overtaken, damaged, made up and foreign numbers send nothing to anybody."""
    letters = _letters(world)
    world.pump.drain()
    for name, letter in letters.items():
        sent = len(world.pump.sent)
        assert world.client.call(NAME, {"activation": letter}).status == 202
        world.pump.drain()
        assert len(world.pump.sent) - sent == (1 if name == "good" else 0)


def test_after_three_days_no_code_is_sent(world: World) -> None:
    """The letter brings a code in its last minute and not after it."""
    worker = doors.confirmed(world)
    body = {"activation": doors.letter(world, worker)}
    clock.advance(ACTIVATION_SECONDS - 60)
    world.client.call(NAME, body)
    assert len(world.codes(worker.phone)) == 1
    clock.advance(61)
    world.client.call(NAME, body)
    assert len(world.codes(worker.phone)) == 1


def test_the_code_goes_to_the_phone_that_waits(world: World) -> None:
    """The message says what it is for, how long it lives, and warns; the mailbox gets nothing."""
    worker = doors.confirmed(world)
    letters = len(world.sent(worker.email))
    code = doors.activation(world, worker)["code"]
    (sms,) = world.sent(worker.phone)
    assert code in sms
    for said in ("Код для пароля", "Действует 10 минут", "Никому его не сообщайте"):
        assert said in sms
    assert len(world.sent(worker.email)) == letters


def test_the_code_is_kept_as_a_hash_for_ten_minutes(world: World) -> None:
    """The account holds no code; of asking the journal and the queue hold neither number nor code."""
    worker = doors.confirmed(world)
    made = doors.activation(world, worker)
    kept = Account.get(worker.person_id).codes["activation"]
    assert doors.is_about(kept["until"], 600)
    assert made["code"] not in kept["digest"]
    for table in (Outbox, SecurityRecord):
        text = str([one.serialize() for one in table.scan()])
        assert made["activation"] not in text
        assert f"'{made['code']}'" not in text


def test_a_code_asked_for_too_long_ago_is_put_aside(world: World) -> None:
    """After ten minutes in the queue none is made any more."""
    worker = doors.confirmed(world)
    world.pump.drain()
    world.client.call(NAME, {"activation": doors.letter(world, worker)})
    clock.advance(720)
    assert world.codes(worker.phone) == []
    assert [one.state for one in Outbox.scan() if one.kind == "ActivationCode"] == ["dead"]
    assert Account.get(worker.person_id).codes == {}


def test_a_phone_gets_three_codes_in_ten_minutes(world: World) -> None:
    """Ten requests bring three SMS."""
    worker = doors.confirmed(world)
    body = {"activation": doors.letter(world, worker)}
    doors.at_hour_start()
    for _ in range(10):
        assert world.client.call(NAME, body).status == 202
    assert len(world.codes(worker.phone)) == 3


def test_a_code_makes_nobodys_card_stale(world: World) -> None:
    """Кадры who hold the card may confirm once more while codes come and go."""
    worker, officer = doors.confirmed(world), make.hr()
    etag = Account.get(worker.person_id).etag
    doors.activation(world, worker)
    contacts = {"phone": worker.phone, "email": worker.email}
    again = world.client.call("confirm_identity", contacts, by=officer, match=etag, person_id=worker.person_id)
    assert again.status == 200


def test_a_letter_overtaken_while_its_code_is_made_brings_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is used between the worker's reading and writing: no code waits, and none leaves."""
    worker = doors.confirmed(world)
    world.pump.drain()
    world.client.call(NAME, {"activation": doors.letter(world, worker)})
    meanwhile = []

    def overtaken(steps: list[Step]) -> None:
        if any(isinstance(step.item, Account) for step in steps):
            meanwhile.append(Account.get(worker.person_id).update(actions=[Account.activation.remove()]))
        commit(steps)

    monkeypatch.setattr(jobs, "commit", overtaken)
    assert world.codes(worker.phone) == []
    clock.advance(300)
    assert world.codes(worker.phone) == []
    assert len(meanwhile) == 1
    assert Account.get(worker.person_id).codes == {}
    assert {one.state for one in Outbox.scan() if one.kind == "ActivationCode"} == {"delivered"}


def test_a_closed_account_gets_no_code(world: World) -> None:
    """What waited for an activation ends with the account."""
    worker = doors.confirmed(world)
    Account.get(worker.person_id).update(actions=[Account.activation.remove(), Account.closed_at.set(clock.epoch())])
    world.client.call(NAME, {"activation": doors.letter(world, worker)})
    assert world.codes(worker.phone) == []


def test_a_lost_answer_is_given_again_and_sends_nothing_more(world: World) -> None:
    """The same key brings the same answer and one code."""
    worker, key = doors.confirmed(world), make.key()
    body = {"activation": doors.letter(world, worker)}
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (202, first.raw)
    assert len(world.codes(worker.phone)) == 1


def test_the_security_journal_keeps_every_request(world: World) -> None:
    """Good and bad letters leave the same record."""
    for letter in (doors.letter(world, doors.confirmed(world)), "whatever"):
        world.client.call(NAME, {"activation": letter})
    assert doors.unknown_callers(NAME) == ["done", "done"]
