"""Sealed values open only where, and for whom, they were sealed."""

import pytest
from conftest import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kit import aws, clock, ids, secret, ticket, vault
from chalicelib.kit.vault import OwnerKey

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(value=st.text(max_size=60), flip=st.integers(0, 200), place=st.text("abc/", min_size=1, max_size=8))
def test_a_changed_bit_or_place_never_opens(world: World, value: str, flip: int, place: str) -> None:
    """What is sealed opens as it was; with one bit or the place changed it does not open at all."""
    key = OwnerKey.new("psn_1")
    sealed = key.seal(place, value)
    assert key.open(place, sealed, str) == value
    index = flip % len(sealed)
    broken = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
    with pytest.raises(ValueError, match="sealed value"):
        key.open(place, broken, str)
    with pytest.raises(ValueError, match="sealed value"):
        key.open(place + "x", sealed, str)


def test_a_key_unwraps_only_for_its_owner(world: World) -> None:
    """KMS binds the owner: another name does not unwrap the key."""
    key = OwnerKey.new("psn_1")
    vault.forget()
    with pytest.raises(aws.client("kms").exceptions.InvalidCiphertextException):
        OwnerKey("psn_2", key.wrapped).seal("a", "b")


def test_an_unwrapped_key_is_asked_once_in_five_minutes(world: World) -> None:
    """Ten uses cost one KMS call, and after five minutes one more."""
    key = OwnerKey.new("psn_1")
    vault.forget()
    world.trips.start()
    for _ in range(10):
        key.seal("a", "b")
    assert world.trips.count("kms") == 1
    clock.advance(301)
    key.seal("a", "b")
    assert world.trips.count("kms") == 2


def test_look_ups_differ_by_kind_and_need_the_secret(world: World) -> None:
    """The same number has unrelated hashes as СНИЛС and as phone."""
    one, two = secret.look_up("snils", "11223344595"), secret.look_up("phone", "11223344595")
    assert one != two
    assert one == secret.look_up("snils", "11223344595")
    assert len(one) == 64


@quick
@given(text=st.text(max_size=80))
def test_a_made_up_ticket_never_opens(world: World, text: str) -> None:
    """Random text, another purpose, another bound and old age all give nothing."""
    assert ticket.unseal("cursor", text) is None


def test_a_ticket_lives_for_its_time_and_purpose(world: World) -> None:
    """It opens for the same purpose and bounds, until it is too old."""
    made = ticket.seal("cursor", 60, "list", place=1)
    opened = ticket.unseal("cursor", made, "list") or {}
    assert opened.pop("until") - clock.epoch() in {58, 59, 60}
    assert opened == {"place": 1}
    assert ticket.unseal("cursor", made, "other") is None
    assert ticket.unseal("sign_in/login", made, "list") is None
    clock.advance(62)
    assert ticket.unseal("cursor", made, "list") is None


def test_identifiers_are_ordered_by_time(world: World) -> None:
    """Later identifiers sort behind earlier ones, and the floor of a moment is below all of it."""
    first = ids.new("rec")
    clock.advance(1)
    second = ids.new("rec")
    assert ids.floor("rec", 0) < first < second
    assert ids.uuid7().version == 7
