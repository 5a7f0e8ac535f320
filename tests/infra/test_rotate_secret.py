"""The deployment secret turns: what was sealed before opens after, in every function, and nothing is lost on the way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import make
import papers
import pytest
from conftest import World
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.kit import clock, codes, passkeys, secret, ticket
from chalicelib.kit.records.tables import DeploymentSecret
from infra import rotate_secret
from infra.rotate_secret import AHEAD_SECONDS, NotNowError, change, only_newest, with_another

DAY = 86_400


@pytest.fixture(autouse=True)
def kept(world: World) -> Iterator[DeploymentSecret]:
    """Give the deployment its own secret back: it outlives a test."""
    own = DeploymentSecret.get(secret.PLACE)
    yield own
    own.save()
    secret.forget()


class Function:
    """One warm function: it has a copy of the secret of its own."""

    def __init__(self) -> None:
        self.copies: list[Any] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let what follows happen in this function."""
        others, secret._copies[:] = list(secret._copies), self.copies
        try:
            yield
        finally:
            self.copies, secret._copies[:] = list(secret._copies), others


def rotate() -> None:
    """Add a version and wait until it seals."""
    change(with_another)
    clock.advance(AHEAD_SECONDS)


def test_a_cursor_given_before_goes_on_after(world: World) -> None:
    """A list begun with one version is read on with the next, and with the one after that."""
    who = make.person()
    for _ in range(3):
        world.client.call("read_session", by=who)
    cursor = world.client.call("list_acts", by=who, query={"limit": 1}).json["next_cursor"]
    for _ in range(2):
        rotate()
        answer = world.client.call("list_acts", by=who, query={"limit": 1, "cursor": cursor})
        assert (answer.status, len(answer.json["items"])) == (200, 1)


def test_a_sign_in_begun_before_ends_after(world: World) -> None:
    """Ticket and code of the time before are taken."""
    who = make.person(signed_in=False)
    begun = world.client.call("start_sign_in", {"login": who.login}).json["ticket"]
    proved = world.client.call("check_password", {"ticket": begun, "password": make.PASSWORD}).json["ticket"]
    change(with_another)
    clock.advance(AHEAD_SECONDS - 1)
    world.client.call("send_sign_in_code", {"ticket": proved, "channel": "sms"})
    (code,) = world.codes(who.phone)
    clock.advance(2)
    answer = world.client.call("finish_sign_in", {"ticket": proved, "kind": "sms", "code": code})
    assert answer.status == 201


def test_a_message_that_waits_is_sent_after(world: World) -> None:
    """An effect written before leaves after, by a worker that has just started."""
    who = make.person(signed_in=False)
    begun = world.client.call("start_sign_in", {"login": who.login}).json["ticket"]
    proved = world.client.call("check_password", {"ticket": begun, "password": make.PASSWORD}).json["ticket"]
    world.client.call("send_sign_in_code", {"ticket": proved, "channel": "sms"})
    rotate()
    assert len(world.codes(who.phone)) == 1


def test_a_repeated_request_gets_its_answer_after(world: World) -> None:
    """Stored answers are sealed with the client's own key, so no version matters to them."""
    who, idempotency = make.person(), make.key()
    first = world.client.call("start_passkey", {}, by=who, idempotency=idempotency)
    change(with_another)
    clock.advance(500)
    change_later = world.client.call("start_passkey", {}, by=who, idempotency=idempotency)
    assert (first.status, change_later.raw) == (201, first.raw)


def test_what_is_looked_up_or_asked_of_a_device_does_not_turn(world: World) -> None:
    """Reservations are found as before, and a challenge that is out is still the one of its act."""
    before = secret.look_up("snils", "11223344595"), passkeys.challenge("sign_in/1")
    rotate()
    change(only_newest)
    assert (secret.look_up("snils", "11223344595"), passkeys.challenge("sign_in/1")) == before


def test_a_new_version_seals_with_another_key(world: World) -> None:
    """Cursors, tickets, effects, invitations and codes have other keys than before."""
    purposes = ("ticket/cursor", "ticket/recovery", "outbox", "invitation", "code", "derived-code")
    before = [secret.key(one) for one in purposes]
    rotate()
    after = [secret.key(one) for one in purposes]
    assert not set(before) & set(after)
    assert [secret.keys(one, DAY)[1] for one in purposes] == before


def test_a_code_that_is_not_stored_ends_with_its_time(world: World) -> None:
    """A derived code of the version before is taken for ten minutes, so that two seldom fit one act."""
    code = codes.derived("recovery/a")
    rotate()
    assert codes.fits_derived("recovery/a", code)
    clock.advance(codes.LIFE_SECONDS)
    assert codes.fits_derived("recovery/a", code) is (code == codes.derived("recovery/a"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moments=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 1), st.sampled_from(["seal", "open", "rotate"])),
        min_size=5,
        max_size=15,
    )
)
@example(moments=[(0, 0, "seal"), (200, 1, "seal"), (0, 0, "rotate"), (150, 0, "seal"), (0, 1, "open")])
def test_no_function_meets_what_it_cannot_open(
    world: World, kept: DeploymentSecret, moments: list[tuple[int, int, str]]
) -> None:
    """Two warm functions, whenever each reads its copy, open one another's tickets around rotations."""
    clock.reset()
    kept.save()
    secret.forget()
    pair, made = (Function(), Function()), []
    for wait, which, act in moments:
        clock.advance(wait)
        if act == "rotate":
            with suppress(NotNowError):
                change(with_another)
            continue
        with pair[which].running():
            if act == "seal":
                made.append(ticket.seal("cursor", DAY, "list", place=1))
            assert all(ticket.unseal("cursor", one, "list") for one in made)


def test_a_copy_is_read_anew_after_five_minutes(world: World) -> None:
    """A warm function asks once in five minutes, so it learns of a version long before that seals."""
    secret.forget()
    world.trips.start()
    for _ in range(10):
        secret.key("code")
    assert (world.trips.count("dynamodb"), world.trips.count("kms")) == (1, 1)
    clock.advance(secret.COPY_SECONDS)
    secret.key("code")
    assert (world.trips.count("dynamodb"), world.trips.count("kms")) == (2, 2)
    assert AHEAD_SECONDS > secret.COPY_SECONDS


def test_a_second_rotation_waits_for_the_first(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """While a version is still to come nothing is rotated or dropped, and the operator is told why."""
    assert rotate_secret.main(["--stage", "dev"]) == 0
    stored = DeploymentSecret.get(secret.PLACE).wrapped
    assert (rotate_secret.main(["--stage", "dev"]), rotate_secret.main(["--stage", "dev", "--drop-old"])) == (1, 1)
    assert capsys.readouterr().err.count("начнёт действовать только") == 2
    assert DeploymentSecret.get(secret.PLACE).wrapped == stored


def test_of_two_operators_at_once_one_wins(world: World) -> None:
    """A version written meanwhile is not overwritten."""

    def slow(roots: list[secret.Root]) -> list[secret.Root]:
        change(with_another)
        return with_another(roots)

    with pytest.raises(NotNowError, match="кто-то другой"):
        change(slow)
    assert len(secret.roots_of(secret.unwrap(DeploymentSecret.get(secret.PLACE).wrapped))) == 2


def test_after_a_leak_the_old_versions_open_nothing(world: World) -> None:
    """`--drop-old` voids what was sealed before, and only that."""
    before = ticket.seal("cursor", DAY, "list", place=1)
    rotate()
    after = ticket.seal("cursor", DAY, "list", place=1)
    assert rotate_secret.main(["--stage", "dev", "--drop-old"]) == 0
    assert ticket.unseal("cursor", before, "list") is None
    assert ticket.unseal("cursor", after, "list") is not None


def test_a_version_stays_as_long_as_anything_may_need_it(world: World) -> None:
    """The next rotation drops what was replaced 400 days ago, not what was replaced 399 days ago."""
    rotate()
    clock.advance(399 * DAY)
    assert [one.version for one in with_another(secret._opened().roots)] == [3, 2, 1]
    clock.advance(DAY)
    assert [one.version for one in with_another(secret._opened().roots)] == [3, 2]


def test_nothing_secret_is_printed_or_lies_open(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the command's words nor the table hold a root."""
    rotate_secret.main(["--stage", "dev"])
    held = secret.unwrap(DeploymentSecret.get(secret.PLACE).wrapped)
    printed = "".join(capsys.readouterr())
    roots = [held["root"], *(one["root"] for one in held["roots"])]
    assert len(set(roots)) == 2
    assert not any(one in printed or one in papers.raw(DeploymentSecret) for one in roots)
    assert "Версия 2: действует с 20" in printed
