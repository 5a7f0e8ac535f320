"""Items made, read and written by the kit's plan are what PynamoDB's own way makes of them."""

from typing import Any

import logs
import make
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from conftest import World
from pynamodb.models import Model

from chalicelib.accounts.tables import Account
from chalicelib.kit import aws
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.tables import Profile


def test_an_item_is_written_and_read_as_pynamodb_does(world: World) -> None:
    """Texts, bytes, numbers, JSON, lists and maps, with defaults and with absent values."""
    person = make.person()
    for item in (Account.get(person.person_id), Profile.get(person.person_id), logs.record(person.person_id)):
        written = item.serialize()
        assert written == Model.serialize(item)
        again = type(item).from_raw_data(written)
        slowly: Any = type(item)()
        slowly.deserialize(written)
        assert again.serialize() == slowly.serialize() == written


def test_what_was_not_given_is_none_or_the_default_and_nothing_unknown_is_taken() -> None:
    """A class still names its attribute; defaults are not shared between items."""
    first, second = JournalRecord("psn_1", "rec_1"), JournalRecord("psn_2")
    assert (first.person_id, first.record_id) == ("psn_1", "rec_1")
    assert first.role is None
    assert getattr(second, "record_id", "") is None
    first.objects.append("x")
    assert second.objects == []
    assert JournalRecord.role.attr_name == "role"
    with pytest.raises(ValueError, match="has no attribute colour"):
        JournalRecord("psn_1", colour="red")


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1"])
def test_the_store_is_called_where_the_rules_of_its_maker_say(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit spares the search for the address in every call; it must not lead elsewhere."""
    import botocore.session

    for name, value in {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "_clients", {})
    monkeypatch.setattr(aws, "_session", None)
    ours = aws.client("dynamodb")
    config = Config(account_id_endpoint_mode="disabled")
    theirs = botocore.session.get_session().create_client("dynamodb", region_name=region, config=config)
    assert ours._ruleset_resolver is None
    assert theirs._ruleset_resolver is not None
    assert _address(ours) == _address(theirs)


def _address(client: Any) -> str:
    asked: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        asked.append(request.url)
        return AWSResponse(request.url, 200, {}, _Nothing())

    client.meta.events.register_first("before-send.dynamodb", answer)
    client.list_tables()
    return asked[0]


class _Nothing:
    def stream(self) -> list[bytes]:
        """Return an empty answer."""
        return [b"{}"]
