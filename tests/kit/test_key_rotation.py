"""The KMS key turns: what was sealed before opens after, and new owners get the new key."""

import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import aws, clock, ids, secret, settings, vault
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.vault import OwnerKey


def move_alias() -> tuple[str, str]:
    """Let the alias name a key made anew; returns both ids."""
    kms = aws.client("kms")
    before = kms.describe_key(KeyId=settings.key_alias())["KeyMetadata"]["KeyId"]
    after = kms.create_key(Description="The next key")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=settings.key_alias(), TargetKeyId=after)
    return str(before), str(after)


def key_that_wraps(owner: OwnerKey) -> str:
    """Return the id of the KMS key that unwraps an owner's key."""
    answer = aws.client("kms").decrypt(CiphertextBlob=owner.wrapped, EncryptionContext={"owner": owner.owner})
    return str(answer["KeyId"].rpartition("/")[2])


@pytest.mark.moto("ministack does not turn keys on demand")
def test_after_a_turn_in_place_old_and_new_open(world: World) -> None:
    """KMS keeps the former material of a key: nothing has to be wrapped anew."""
    who = make.person()
    aws.client("kms").rotate_key_on_demand(
        KeyId=aws.client("kms").describe_key(KeyId=settings.key_alias())["KeyMetadata"]["KeyId"]
    )
    vault.forget()
    secret.forget()
    assert world.client.call("read_profile", by=who).status == 200
    assert contacts_of(Account.get(who.person_id)).phone == who.phone
    assert world.client.call("read_profile", by=make.person()).status == 200


def test_after_the_alias_moved_old_owners_open_and_new_ones_use_the_new_key(world: World) -> None:
    """A wrapped key names its KMS key, so the old one is needed as long as anything wrapped by it is kept."""
    who = make.person()
    before, after = move_alias()
    try:
        vault.forget()
        secret.forget()
        newcomer = make.person()
        assert (key_that_wraps(who.key), key_that_wraps(newcomer.key)) == (before, after)
        for one in (who, newcomer):
            assert world.client.call("read_profile", by=one).status == 200
    finally:
        aws.client("kms").update_alias(AliasName=settings.key_alias(), TargetKeyId=before)


def test_an_erased_key_is_gone_from_memory_within_five_minutes(world: World) -> None:
    """A warm function holds a key for five minutes; then it asks KMS with the wrapped one, which an erasure has deleted."""
    key = OwnerKey.new(ids.new("psn"))
    sealed = key.seal("profile/sealed", "Анна")
    without = OwnerKey(key.owner, key.wrapped)
    world.trips.start()
    assert without.open("profile/sealed", sealed, str) == "Анна"
    assert world.trips.count("kms") == 0
    clock.advance(301)
    assert without.open("profile/sealed", sealed, str) == "Анна"
    assert world.trips.count("kms") == 1


def test_erasing_a_person_leaves_his_journal_byte_for_byte(world: World) -> None:
    """What was recorded before stands as it was, and the erasure adds its own record."""
    who = make.person()
    assert world.client.call("read_profile", by=who).status == 200
    assert world.client.call("close_own_account", {}, by=who).status == 200
    before = {one.record_id: one.serialize() for one in papers.acts(who)}
    clock.advance(91 * 86_400)
    world.pump.drain()
    after = {one.record_id: one.serialize() for one in papers.acts(who)}
    assert {name: after[name] for name in before} == before
    assert Account.get(who.person_id).erased_at is not None
    assert JournalRecord.count(who.person_id) == len(after) > len(before)
