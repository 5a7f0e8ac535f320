"""What an operation costs is a published number, and the rights it has are the rights it uses."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, World
from gates.examples import example_of, names
from trips import SERVICES

from chalicelib.kit import aws, catalogue, options, outside, settings

COSTS = ROOT / "docs/engineering/costs.json"
MOST_TRIPS = 3


def over_budget(costs: dict[str, dict[str, int]]) -> list[str]:
    """Say which successful path takes more round trips than allowed."""
    return [
        f"{name} takes {one['dynamodb']} round trips." for name, one in costs.items() if one["dynamodb"] > MOST_TRIPS
    ]


def test_every_success_is_within_three_round_trips_and_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures in docs/engineering/costs.json are the measured ones; UPDATE_COSTS=1 writes them."""
    asked: list[str] = []
    ask = outside.System._ask

    def counted(self: outside.System, *args: Any) -> Any:
        asked.append(self.name)
        return ask(self, *args)

    monkeypatch.setattr(outside.System, "_ask", counted)
    costs = {}
    for name in names():
        world.empty()
        example = example_of(name, world)
        options.options()  # the figures are those of warm caches: options, deployment secret, keys of the example's people
        asked.clear()
        world.trips.start()
        assert world.client.run(name, example).status == catalogue.operations[name].status
        costs[name] = {service: world.trips.count(service) for service in SERVICES} | {"outside": len(asked)}
    assert over_budget(costs) == []
    if os.environ.get("UPDATE_COSTS"):
        COSTS.write_text(json.dumps(costs, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert json.loads(Path(COSTS).read_text(encoding="utf-8")) == costs


def test_a_call_of_each_service_is_counted(world: World) -> None:
    """A column of zeros says that nothing was called, not that nobody counted."""
    queue = settings.queue("sms")
    world.trips.start()
    aws.client("dynamodb").get_item(TableName=settings.table("account"), Key={"person_id": {"S": "psn_nobody"}})
    aws.client("kms").encrypt(KeyId=settings.key_alias(), Plaintext=b"a")
    aws.client("s3").list_objects_v2(Bucket=settings.seals_bucket())
    aws.client("sqs").get_queue_url(QueueName=queue)
    aws.client("sns").publish(PhoneNumber="+79160000000", Message="a")
    letter = {"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "a"}}}}
    aws.client("sesv2").send_email(
        FromEmailAddress=settings.mail_sender(), Destination={"ToAddresses": ["a@example.ru"]}, Content=letter
    )
    assert {service: world.trips.count(service) for service in SERVICES} == dict.fromkeys(SERVICES, 1)


def test_a_fourth_round_trip_is_noticed() -> None:
    """Four are over the budget, three are not."""
    assert len(over_budget({"a": {"dynamodb": 4}, "b": {"dynamodb": 3}})) == 1
