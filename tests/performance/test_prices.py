"""What a million calls of each operation cost: units by the sizes of the items, calls and messages counted, dated prices."""

import json
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from gates.examples import example_of, names
from performance.published import publish

PRICES = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))
SIGN_IN = ("start_sign_in", "check_password", "send_sign_in_code", "finish_sign_in")
COUNTS = ("read units", "write units", "KMS")
DOLLARS = ("DynamoDB, $", "Lambda, $", "all with the gateway, $")
MESSAGES = ("SMS parts", "SMS, $", "letters", "letters, $")
Row = dict[str, float]


def price(name: str) -> float:
    """Return one price of the table."""
    return float(PRICES[name]["price"])


@pytest.mark.proof
def test_the_price_of_a_million_calls_of_each_operation_is_published(world: World) -> None:
    """Every operation has a row; units are those of its example on warm caches, messages those that really leave."""
    from performance.units import Units

    from chalicelib.kit import aws, catalogue, options

    units = Units(aws.client("dynamodb"))
    rows = {}
    for name in names():
        world.empty()
        example = example_of(name, world)
        world.pump.drain()
        world.pump.sent.clear()
        options.options()
        world.trips.start()
        units.start()
        assert world.client.run(name, example).status == catalogue.operations[name].status
        rows[name] = _calls(units, world, catalogue.operations[name].memory) | _messages(world)
    units.stop()
    assert rows.keys() == catalogue.operations.keys()
    assert all(one["write units"] > 0 for one in rows.values())
    assert {one: rows[one]["SMS parts"] > 0 for one in SIGN_IN} == {one: one == "send_sign_in_code" for one in SIGN_IN}
    lines = [(f"`{name}`", *_shown(one)) for name, one in rows.items()]
    whole = {head: sum(rows[one][head] for one in SIGN_IN) for head in rows["finish_sign_in"]}
    lines.append(("**a sign-in by password and SMS** (four calls)", *(one and f"**{one}**" for one in _shown(whole))))
    publish("prices", ("operation", *whole), lines, f"{PRICES['region']}, {PRICES['date']}. {PRICES['note']}")
    publish(
        "price list", ("what", "$", "source"), [_listed(name) for name, one in PRICES.items() if isinstance(one, dict)]
    )


def _calls(units: Any, world: World, megabytes: int) -> Row:
    store = units.read * price("dynamodb_read_unit_million") + units.written * price("dynamodb_write_unit_million")
    seconds = price("lambda_milliseconds") * 1000  # of a million calls
    function = price("lambda_request_million") + seconds * megabytes / 1024 * price("lambda_gigabyte_second")
    kms = world.trips.count("kms")
    whole = store + function + kms * price("kms_million") + price("rest_api_million")
    return dict(zip((*COUNTS, *DOLLARS), (units.read, units.written, kms, store, function, whole), strict=True))


def _messages(world: World) -> Row:
    """Let the effects be delivered, and count what leaves."""
    assert world.pump.drain(timeout=60)
    texts = [one["text"] for one in world.pump.sent if one["channel"] == "sms"]
    letters = len(world.pump.sent) - len(texts)
    sms = sum(map(parts, texts))
    values = (sms, sms * price("sms_part_million"), letters, letters * price("letter_million"))
    return dict(zip(MESSAGES, values, strict=True))


def _shown(row: Row) -> list[str]:
    told = {head: f"{value:,.2f}" if head.endswith("$") else f"{value:g}" for head, value in row.items()}
    return ["" if head in MESSAGES and not row[head] else text for head, text in told.items()]


def _listed(name: str) -> tuple[str, str, str]:
    return f"`{name}`", f"{price(name):.8g}", PRICES[name]["source"]


def parts(text: str) -> int:
    """Return how many SMS carry a text; each is billed. Cyrillic goes as UCS-2: 70 letters alone, 67 in each of several."""
    letters = len(text.encode("utf-16-be")) // 2
    return 1 if letters <= 70 else ceil(letters / 67)


def test_parts_of_an_sms_are_those_of_cyrillic() -> None:
    """Seventy letters are one part, one more are two, and three begin after twice sixty-seven."""
    assert [parts("я" * count) for count in (1, 70, 71, 134, 135)] == [1, 1, 2, 2, 3]


def test_units_are_those_of_the_rules() -> None:
    """Sizes by kind of value: two digits a byte and one more, binary after decoding."""
    from performance.units import size

    assert size({"ab": {"S": "яя"}, "n": {"N": "1234"}, "b": {"B": "AAAA"}}) == 2 + 4 + 1 + 3 + 1 + 3
    assert size({"l": {"L": [{"S": "a"}]}, "m": {"M": {"k": {"BOOL": True}}}}) == 1 + 3 + 2 + 1 + 3 + 2 + 1
