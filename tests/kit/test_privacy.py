"""No name, number, mail, code or token of a person ever reaches a log line, an error answer or an address."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from conftest import World
from gates.examples import example_of, names

from chalicelib.kit import aws, catalogue, log
from chalicelib.kit.text import Text


class Witness:
    """Notes what was sent to operations and what they answered, so that it can be looked for elsewhere."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.values: set[str] = set()
        self.errors: list[str] = []
        self.addresses: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every event and answer."""
        real = self.world.client.app

        def app(event: dict[str, Any], context: Any) -> Any:
            answer = real(event, context)
            self.note(event, answer)
            return answer

        self.world.client.app = app
        try:
            yield
        finally:
            self.world.client.app = real

    def note(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Collect the personal values of a call and the places where none may be."""
        import base64

        self.addresses.append(event["path"] + json.dumps(event["multiValueQueryStringParameters"] or {}))
        bearer = event["headers"].get("Authorization", "")
        self.values |= set(re.findall(r"[0-9a-f]{64}", bearer))
        self.values |= {
            event["headers"].get("Idempotency-Key") or "-" * 9,
            event["requestContext"]["identity"]["sourceIp"],
        }
        with suppress(ValueError):
            self.collect(json.loads(base64.b64decode(event["body"])))
        if answer["statusCode"] >= 400:
            self.errors.append(json.dumps(answer, ensure_ascii=False))
        elif "json" in answer["headers"]["Content-Type"] and answer["body"]:
            self.collect(json.loads(answer["body"]))

    def collect(self, tree: Any, name: str = "") -> None:
        """Take every personal text of a tree: what people typed, and the secrets they were given."""
        if isinstance(tree, dict):
            for key, value in tree.items():
                self.collect(value, key)
        elif isinstance(tree, list):
            for value in tree:
                self.collect(value, name)
        elif isinstance(tree, str) and name in PERSONAL and len(tree) > 3:
            self.values.add(tree)


PERSONAL = {
    "snils", "last_name", "first_name", "middle_name", "birth_date", "phone", "email", "alternative_phone", "login",
    "password", "code", "device", "phone_code", "email_code", "token", "ticket", "flow", "activation", "secret", "address",
    "workplace_address", "telegram", "viber", "inn", "personnel_number", "licence_number",
}  # fmt: skip
PUBLISHED = {kind.example for kind in Text.__subclasses__()}  # the hints of fields quote these themselves


@pytest.mark.parametrize("mode", ["ok", "down"])
def test_nothing_personal_reaches_logs_errors_addresses_or_tables(
    world: World, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every operation's example, its spoiled forms and all deliveries leave no personal value where none may be.

    No table holds a СНИЛС, phone, mail or name as plain text either, in keys or elsewhere.
    """
    assert len(catalogue.operations) == len(names())
    witness = Witness(world)
    with witness.watching():
        for name in names():
            example = example_of(name, world)
            world.register.fault(mode)
            world.client.run(name, example)
            world.client.run(name, example, headers={"Content-Type": "text/plain"})
            if isinstance(example.body, dict):
                world.client.run(name, example, body={**example.body, "strange": 1})
                world.client.run(name, example, body={field: f"{value}!" for field, value in example.body.items()})
            world.register.fault("ok")
            world.pump.drain()
    assert _raw_values_in_tables(witness) == []
    for message in world.pump.sent:
        witness.values |= {message["to"], *re.findall(r"\b\d{6}\b", message["text"])}
    logged = capsys.readouterr().out
    assert logged.count("\n") > 100
    places = {"log": logged, "error": "\n".join(witness.errors), "address": "\n".join(witness.addresses)}
    found = [
        (place, value)
        for place, text in places.items()
        for value in witness.values - PUBLISHED
        if _stands_in(value, text)
    ]
    assert found == []
    assert len(witness.values) > 100


def _stands_in(value: str, text: str) -> bool:
    return re.search(rf"(?<![0-9a-zA-Zа-яё]){re.escape(value)}(?![0-9a-zA-Zа-яё])", text) is not None


def test_a_fact_that_is_not_on_the_list_cannot_be_logged() -> None:
    """The logger takes named codes and counts only."""
    with pytest.raises(ValueError, match="phone"):
        log.event("answered", "trace", phone="+79001234567")


def _raw_values_in_tables(witness: Witness) -> list[str]:
    values = {one for one in witness.values if re.fullmatch(r"\+7\d{10}|\d{11}|\S+@\S+|[А-Я][а-яё]{3,}", one)}
    assert values
    client = aws.client("dynamodb")
    tables = client.list_tables()["TableNames"]
    everything = "\n".join(repr(client.scan(TableName=table)["Items"]) for table in tables)
    return [one for one in values if one in everything]
