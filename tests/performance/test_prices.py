"""What a million calls of each operation cost: units by the sizes of the items, calls counted, a dated table of prices."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from gates.examples import example_of, names
from performance.published import publish

PRICES = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))


def price(name: str) -> float:
    """Return one price of the table."""
    return float(PRICES[name]["price"])


@pytest.mark.proof
def test_the_price_of_a_million_calls_of_each_operation_is_published(world: World) -> None:
    """Every operation has a row; its units are those of its example on warm caches."""
    from performance.units import Units

    from chalicelib.kit import aws, catalogue, options

    units = Units(aws.client("dynamodb"))
    rows = []
    for name in names():
        world.empty()
        example = example_of(name, world)
        options.options()
        world.trips.start()
        units.start()
        assert world.client.run(name, example).status == catalogue.operations[name].status
        rows.append(_row(name, units, world, catalogue.operations[name].memory))
    units.stop()
    assert all(one[2] > 0 for one in rows)
    heads = ("operation", "read units", "write units", "KMS", "DynamoDB", "Lambda", "all with the gateway, $")
    said = "; ".join(
        f"{name} {one['price']} ({one['source']})" for name, one in PRICES.items() if isinstance(one, dict)
    )
    publish("prices", heads, rows, f"{PRICES['region']}, {PRICES['date']}. {PRICES['note']}", said)


def _row(name: str, units: Any, world: World, megabytes: int) -> tuple[Any, ...]:
    store = units.read * price("dynamodb_read_unit_million") + units.written * price("dynamodb_write_unit_million")
    seconds = price("lambda_milliseconds") * 1000  # of a million calls
    function = price("lambda_request_million") + seconds * megabytes / 1024 * price("lambda_gigabyte_second")
    kms = world.trips.count("kms")
    whole = store + function + kms * price("kms_million") + price("rest_api_million")
    return f"`{name}`", units.read, units.written, kms, f"{store:.2f}", f"{function:.2f}", f"{whole:.2f}"


def test_units_are_those_of_the_rules() -> None:
    """Sizes by kind of value: two digits a byte and one more, binary after decoding."""
    from performance.units import size

    assert size({"ab": {"S": "яя"}, "n": {"N": "1234"}, "b": {"B": "AAAA"}}) == 2 + 4 + 1 + 3 + 1 + 3
    assert size({"l": {"L": [{"S": "a"}]}, "m": {"M": {"k": {"BOOL": True}}}}) == 1 + 3 + 2 + 1 + 3 + 2 + 1
