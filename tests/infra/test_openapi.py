"""The published description: valid, whole, and telling the truth about what the cabinet takes and gives."""

import re
import unicodedata
from functools import cache
from typing import Any

import make
import msgspec
import pytest
from conftest import World
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it publishes no types
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.kit import catalogue, refusals, text
from chalicelib.kit.catalogue import Operation
from chalicelib.kit.text import Text
from infra.openapi import describe, gives_etag, of_the_gateway, refusals_of

_CYRILLIC = re.compile("[А-Яа-яЁё]")


@cache
def api() -> dict[str, Any]:
    return describe()


def described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = api()["paths"][operation.path][operation.method.lower()]
    return found


def every() -> list[Operation]:
    catalogue.load()
    return list(catalogue.operations.values())


def query_fields(operation: Operation) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(operation.query) if operation.query else ()


def text_types() -> list[type[Text]]:
    return [Text, *(one for one in vars(text).values() if isinstance(one, type) and issubclass(one, Text))]


def refuse_misfit(name: str, status: int, value: object) -> None:
    content = described(catalogue.operations[name])["responses"][str(status)]["content"]
    (media,) = content.values()
    schema = {**media["schema"], "components": api()["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def codes_of(answer: dict[str, Any]) -> set[str]:
    (media,) = answer["content"].values()
    return set(media["examples"])


def test_the_description_is_valid_openapi_3_1() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(api()).iter_errors()] == []
    assert api()["openapi"].startswith("3.1.")


def test_every_operation_is_described_in_russian() -> None:
    for operation in every():
        said = described(operation)
        assert said["operationId"] == operation.name
        assert said["tags"] == [operation.domain]
        assert said["security"] == ([] if operation.public else [{"session": []}])
        texts = [said["summary"], said["description"], *(one["description"] for one in said["parameters"])]
        assert [one for one in texts if not _CYRILLIC.search(one)] == [], operation.name


def test_every_parameter_stands_where_the_door_looks_for_it() -> None:
    for operation in every():
        found = {(one["in"], one["name"]): one["required"] for one in described(operation)["parameters"]}
        wanted = {("path", name): True for name in operation.path_names}
        wanted |= {("query", one.encode_name): one.required for one in query_fields(operation)}
        wanted |= {("header", "Idempotency-Key"): operation.keyed} if operation.changes else {}
        wanted |= {("header", "If-Match"): True} if operation.match else {}
        assert found == wanted, operation.name


def test_every_body_and_answer_has_its_schema() -> None:
    schemas = api()["components"]["schemas"]
    for operation in every():
        said = described(operation)
        assert ("requestBody" in said) is (operation.body is not None), operation.name
        for kind in (operation.body, operation.answer):
            if kind not in {None, bytes}:
                assert set(schemas[kind.__name__]["properties"]) == set(kind.__struct_fields__)
        success = said["responses"][str(operation.status)]
        assert ("content" in success) is (operation.answer is not None), operation.name
        assert ("ETag" in success.get("headers", {})) is gives_etag(operation), operation.name


def test_every_field_that_people_read_has_a_russian_title() -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in api()["components"]["schemas"].items()
        for field, said in schema.get("properties", {}).items()
        if not said.get("title")
    ]
    assert bare == []


def test_every_refusal_is_described_under_its_status() -> None:
    examples = api()["components"]["examples"]
    for operation in every():
        responses = described(operation)["responses"]
        said = {
            (status, code)
            for status, answer in responses.items()
            if "$ref" not in answer and status != str(operation.status)
            for code in codes_of(answer)
        }
        assert said == {(str(one.status), one.code()) for one in refusals_of(operation)}, operation.name
        assert {one.code() for one in operation.refuses} <= {code for _, code in said}, operation.name
        assert responses["default"] == {"$ref": "#/components/responses/Gateway"}
    assert codes_of(api()["components"]["responses"]["Gateway"]) == {one.code for one in of_the_gateway()}
    problem = {"$ref": "#/components/schemas/Problem", "components": api()["components"]}
    for code, example in examples.items():
        Draft202012Validator(problem).validate(example["value"])
        assert example["value"]["code"] == code
        assert not re.search("[{}]", example["value"]["detail"]), code


def test_the_refusals_of_the_door_follow_the_declaration() -> None:
    by_name = {name: {one.code() for one in refusals_of(one)} for name, one in catalogue.operations.items()}
    assert {"identity-not-confirmed", "fresh-factor-required", "version-required", "stale"} <= by_name[
        "confirm_identity"
    ]
    assert "identity-not-confirmed" not in by_name["read_profile"]
    assert "not-signed-in" not in by_name["start_sign_in"]
    assert "not-found" not in by_name["start_sign_in"]  # it would tell which logins exist
    assert "invalid-cursor" in by_name["list_acts"]
    assert not {"invalid-json", "idempotency-key-required", "stale"} & by_name["read_contacts"]


@pytest.mark.parametrize("kind", text_types(), ids=lambda kind: kind.__name__)
def test_what_the_parser_takes_the_published_pattern_takes(kind: type[Text]) -> None:
    """Judged on NFC text: the parser composes letters before it looks, a schema cannot say so."""
    schema: dict[str, Any] = kind.schema()
    published = re.compile(re.sub(r"\$\Z", r"\\Z", re.sub(r"\A\^", r"\\A", schema["pattern"])))
    noise = st.text(st.sampled_from(" \u00a0-–—−()\n\x00٣½ёЙ_'’@.0"), max_size=3)
    place = st.integers(0, len(kind.example))
    changed = st.builds(lambda at, more: kind.example[:at] + more + kind.example[at:], place, noise)
    taken = []

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.one_of(st.just(kind.example), changed, st.from_regex(kind.pattern), st.text(max_size=40)))
    def judge(value: str) -> None:
        try:
            kind.parse(value)
        except ValueError:
            return
        said = unicodedata.normalize("NFC", value)
        taken.append(said)
        assert published.search(said), said
        assert schema["minLength"] <= len(said) <= schema["maxLength"]

    judge()
    assert taken, "nothing was taken, so nothing was proved"


def test_real_answers_fit_their_schemas(world: World) -> None:
    worker, officer = make.person(), make.hr()
    for name in ("read_profile", "read_contacts", "read_session", "list_acts", "list_views", "list_confirmations"):
        answer = world.client.call(name, by=worker)
        refuse_misfit(name, 200, answer.json)
        assert ("ETag" in answer.headers) is gives_etag(catalogue.operations[name]), name
    started = world.client.call("start_sign_in", {"login": worker.login})
    refuse_misfit("start_sign_in", 201, started.json)
    refuse_misfit("start_totp", 201, world.client.call("start_totp", by=worker).json)
    tag = world.client.call("read_profile", by=worker).headers["ETag"]
    changed = world.client.call("change_profile", {"middle_name": None, "personnel_number": "7"}, by=worker, match=tag)
    refuse_misfit("change_profile", 200, changed.json)
    assert changed.headers["ETag"] != tag
    found = world.client.call("find_worker", {"snils": worker.snils}, by=officer)
    refuse_misfit("find_worker", 200, found.json)
    card = world.client.call("read_worker", by=officer, person_id=worker.person_id)
    refuse_misfit("read_worker", 200, card.json)
    assert "ETag" in card.headers


def test_real_refusals_fit_the_problem_schema(world: World) -> None:
    worker = make.person()
    wrong = world.client.call("change_profile", {"inn": "1", "nonsense": 2}, by=worker, match='"1"')
    assert wrong.code == refusals.WrongFields.code()
    refuse_misfit("change_profile", wrong.status, wrong.json)
    refuse_misfit("read_profile", 401, world.client.call("read_profile").json)
    refuse_misfit("find_worker", 403, world.client.call("find_worker", {"snils": worker.snils}, by=worker).json)
