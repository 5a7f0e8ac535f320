"""The catalogue as OpenAPI 3.1: `python -m infra.openapi OUT.json`.

Everything is read from the declarations; the refusals that the kit itself may give are computed from what
`kit/door.py` does for an operation of that kind.
"""

import inspect
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).resolve().parent.parent
for _place in (ROOT, ROOT / "functions"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

from chalicelib.accounts.schemas import POLICY_VERSION  # noqa: E402 - found through the two paths above
from chalicelib.kit import catalogue, refusals, settings  # noqa: E402 - see above
from chalicelib.kit.catalogue import Operation  # noqa: E402 - see above
from chalicelib.kit.door import FRESH_SECONDS  # noqa: E402 - see above
from chalicelib.kit.problem import CONTENT_TYPE, MAX_ERRORS, Problem, Refusal, known, wrong  # noqa: E402 - see above
from chalicelib.kit.text import Text  # noqa: E402 - see above
from infra.openapi_links import links_of  # noqa: E402 - see above
from infra.templates.gateway import GATEWAY_SENTENCES, Sentence  # noqa: E402 - see above

COSTS: Final = ROOT / "docs" / "engineering" / "costs.json"
DOMAIN_TITLES: Final = {
    "registration": "Регистрация",
    "sign_in": "Вход",
    "factors": "Способы подтверждения",
    "sessions": "Сеансы",
    "recovery": "Восстановление доступа",
    "accounts": "Учётные записи",
    "roles": "Роли и приглашения",
    "administration": "Администрирование",
    "profile": "Профиль",
    "journal": "Журнал действий",
    "help": "Справка",
    "seals": "Печати журнала",
}
COST_TITLES: Final = {
    "dynamodb": "DynamoDB",
    "kms": "KMS",
    "s3": "S3",
    "sqs": "SQS",
    "sns": "SNS",
    "sesv2": "SES",
    "outside": "внешние системы",
}
_BARE_FIELDS: Final = {
    "items": "Записи",
    "session": "Сеанс",
    "session_id": "Номер сеанса",
}  # titleless in their structs
_DONE: Final = {200: "Выполнено", 201: "Создано", 202: "Принято", 204: "Выполнено, тела у ответа нет"}
_REF: Final = "#/components/schemas/{name}"
_EXAMPLE_URL: Final = "https://cabinet.example.org"
_WRONG_FIELD: Final = wrong("/last_name", "Заполните это поле.", "required")
# What sentences with a gap are shown with.
_FACTS: Final = {
    "why": "это не JSON.",
    "version": POLICY_VERSION,
    "reason": "ключ использован на другом сайте",
}
_OWN_SCHEMAS: Final = {
    "Problem": {
        "type": ("Адрес страницы справки об отказе", "Ведёт к записи этого кода."),
        "title": ("Название", "Что случилось, в двух словах."),
        "status": ("Статус HTTP", "Тот же, что у ответа."),
        "detail": ("Пояснение", "Что случилось и что сделать; это предложение показывают человеку."),
        "code": ("Код отказа", "Не меняется от версии к версии: по нему программа решает, что делать."),
        "trace_id": ("Номер запроса", "Назовите его поддержке, если отказ непонятен."),
        "errors": ("Неверные поля", f"Все сразу, но не больше {MAX_ERRORS}."),
    },
    "FieldError": {
        "pointer": ("Где", "JSON Pointer к полю тела; у параметров адреса — их имя после косой черты."),
        "code": ("Правило", "required — не заполнено, unknown — лишнее, остальные — неверное значение."),
        "detail": ("Что исправить", "Предложение для человека."),
    },
}


def describe() -> dict[str, Any]:
    """Return the OpenAPI description of the whole catalogue."""
    catalogue.load()
    operations = sorted(catalogue.operations.values(), key=lambda one: (one.path, one.method))
    tagged = frozenset(one.name for one in operations if gives_etag(one))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation, operations, tagged)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Личный кабинет медицинского работника",
            "summary": project["description"],
            "description": _about(),
            "version": project["version"],
        },
        "servers": [{"url": "/", "description": "Тот же адрес, где лежит это описание"}],
        "tags": [
            {"name": name, "description": _domain_title(name)} for name in sorted({one.domain for one in operations})
        ],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(operations),
            "responses": {"Gateway": _gateway()},
            "examples": _examples(operations),
            "securitySchemes": {
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Ключ сеанса из ответа операции finish_sign_in.",
                }
            },
        },
    }


def refusals_of(operation: Operation) -> list[type[Refusal]]:
    """Return every refusal that an operation may give, its own and the kit's, by status and code."""
    found = {refusal.code(): refusal for refusal in _of_kit(operation)}
    found |= {refusal.code(): refusal for refusal in operation.refuses}
    return sorted(found.values(), key=lambda refusal: (refusal.status, refusal.code()))


def _of_sessions(operation: Operation) -> Iterator[type[Refusal]]:
    """Yield what the door refuses to callers for their session, role, identity or factor."""
    yield from (refusals.NotSignedIn, refusals.SessionEnded, refusals.RoleNotAllowed, refusals.NotFound)
    if not operation.claimed:
        yield refusals.IdentityNotConfirmed
    if operation.fresh:
        yield refusals.FreshFactorRequired
    if operation.full:
        yield refusals.FullSignInRequired


def _of_kit(operation: Operation) -> Iterator[type[Refusal]]:
    """Yield what the door, the session check, the body reader and the transaction refuse by themselves."""
    yield from (refusals.TooManyCalls, refusals.Busy, refusals.TemporarilyUnavailable, refusals.InternalError)
    if not operation.public:
        yield from _of_sessions(operation)
    if operation.changes:  # a malformed key is refused where it is optional, too
        yield from (refusals.IdempotencyKeyRequired, refusals.IdempotencyKeyReused)
    if operation.match:
        yield refusals.VersionRequired
    if operation.match or any(touch.action in {"UpdateItem", "DeleteItem"} for touch in operation.writes):
        yield refusals.Stale
    if operation.body is not None:
        yield from (refusals.InvalidJson, refusals.BodyTooLarge, refusals.UnsupportedMediaType, refusals.WrongFields)
    if operation.query is not None:
        yield refusals.WrongFields
        if "cursor" in operation.query.__struct_fields__:
            yield refusals.InvalidCursor


def who_may(operation: Operation) -> str:
    """Say in Russian who may call an operation and when."""
    if operation.public:
        return "Вызывает кто угодно, без сеанса."
    roles = ", ".join(role.label for role in operation.allow)
    said = [f"Вызывает: {roles}."]
    said.append("Доступна и до подтверждения личности." if operation.claimed else "Нужна подтверждённая личность.")
    if operation.fresh:
        said.append(f"Второй фактор должен быть введён не более {FRESH_SECONDS // 60} минут назад.")
    if operation.full:
        said.append(f"Вход должен быть выполнен не более {FRESH_SECONDS // 60} минут назад.")
    return " ".join(said)


def limits_of(operation: Operation) -> str:
    """Say in Russian how often an operation may be called and how much it takes."""
    often = (
        f"Не больше {settings.PUBLIC_CALLS_A_MINUTE} вызовов без сеанса в минуту с одного адреса."
        if operation.public
        else f"Не больше {settings.CALLS_A_MINUTE} вызовов в минуту на сеанс."
    )
    return often if operation.body is None else f"{often} Тело — не больше {settings.MAX_BODY_BYTES // 1024} КБ."


def costs_of(operation: Operation) -> dict[str, int]:
    """Return the measured round trips of a successful call by what it calls; nothing when they were not measured."""
    figures = COSTS.read_text("utf-8") if COSTS.exists() else ""
    measured: dict[str, dict[str, int]] = json.loads(figures or "{}")
    of_this = measured.get(operation.name, {})
    return {title: of_this[name] for name, title in COST_TITLES.items() if of_this.get(name)}


def sentence_of(refusal: type[Refusal] | Sentence) -> str:
    """Return the Russian sentence of a refusal, its gaps filled with samples."""
    return refusal.detail.format(**_FACTS) if isinstance(refusal, type) else refusal.detail


def of_the_gateway() -> list[Sentence]:
    """Return the failures that only the gateway gives."""
    catalogue.load()
    ours = known()
    by_code = {said.code: said for said in GATEWAY_SENTENCES.values() if said.code not in ours}
    return [by_code[code] for code in sorted(by_code)]


def gives_etag(operation: Operation) -> bool:
    """Tell whether the answer carries the version of the entity; only the function and what it calls show that."""
    function = inspect.unwrap(operation.function)
    called = (function.__globals__.get(name) for name in function.__code__.co_names)
    sources = map(inspect.getsource, [function, *filter(inspect.isfunction, called)])
    return any("call.tag(" in source or 'headers["ETag"]' in source for source in sources)


def path_titles() -> dict[str, str]:
    """Return the Russian titles of path parameters: those of the answer fields that bring them."""
    catalogue.load()
    titles: dict[str, str] = {}
    for schema in _schemas(catalogue.operations.values()).values():
        for name, field in schema.get("properties", {}).items():
            if "title" in field:
                titles.setdefault(name, field["title"])
    return titles


def _about() -> str:
    return (
        "Каждая операция кабинета — один адрес. Любая неудача, и шлюза тоже, приходит как application/problem+json "
        "с постоянным полем code; объяснение каждого кода — на странице /errors/. POST требует заголовка "
        "Idempotency-Key, изменение существующей записи — заголовка If-Match с её ETag. Моменты времени — RFC 3339 "
        "в UTC, даты — ГГГГ-ММ-ДД. Неизвестные поля запроса не принимаются; в ответах новые поля могут появляться."
    )


def _domain_title(name: str) -> str:
    if name not in DOMAIN_TITLES:
        raise LookupError(f"The domain {name} has no Russian title: add it to DOMAIN_TITLES in infra/openapi.py.")
    return DOMAIN_TITLES[name]


def _operation(operation: Operation, others: list[Operation], tagged: frozenset[str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.domain],
        "summary": operation.sentence,
        "description": f"{who_may(operation)} {limits_of(operation)}{_cost(operation)}",
        "security": [] if operation.public else [{"session": []}],
        "parameters": [*_path(operation), *_query(operation), *_headers(operation)],
        "responses": {
            str(operation.status): _success(operation, links_of(operation, others, tagged)),
            **_failures(operation),
        },
    }
    if operation.body is not None:
        schema = {"$ref": _REF.format(name=operation.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.internal:
        described["x-internal"] = True
    return described


def _cost(operation: Operation) -> str:
    costs = costs_of(operation)
    return (
        f" Обращения при успехе: {', '.join(f'{title} — {number}' for title, number in costs.items())}."
        if costs
        else ""
    )


def _path(operation: Operation) -> Iterator[dict[str, Any]]:
    titles = path_titles()
    for name in operation.path_names:
        said = titles.get(name, name)
        yield {"name": name, "in": "path", "required": True, "description": said, "schema": {"type": "string"}}


def _query(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    found = msgspec.json.schema_components((operation.query,), schema_hook=_of_text, ref_template="{name}")[1]
    schema = found[operation.query.__name__]
    for name, field in schema["properties"].items():
        clean = _without_null(field)
        clean |= {key: value for key, value in found.get(clean.pop("$ref", ""), {}).items() if key not in clean}
        clean.pop("examples", None)  # those of the text type do not fit the name
        said = ". ".join(part.rstrip(".") for part in (clean.pop("title", ""), clean.pop("description", "")) if part)
        required = name in schema["required"]
        yield {"name": name, "in": "query", "required": required, "description": f"{said}.", "schema": clean}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query value: an address holds no null."""
    clean = {key: value for key, value in field.items() if not (key == "default" and value is None)}
    kinds = [kind for kind in clean.pop("anyOf", []) if kind != {"type": "null"}]
    return {**kinds[0], **clean} if len(kinds) == 1 else clean | ({"anyOf": kinds} if kinds else {})


def _headers(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.changes:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": operation.keyed,
            "description": "Ключ повторения: 22–64 случайных символа, свой для каждого действия. "
            "Повтор с тем же ключом и тем же запросом вернёт прежний ответ.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22,64}$"},
        }
    if operation.match:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "Точное значение ETag из последнего чтения записи, в кавычках.",
            "schema": {"type": "string", "pattern": '^"[0-9]+"$', "examples": ['"3"']},
        }


def _success(operation: Operation, links: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _DONE.get(operation.status, "Выполнено")}
    headers = {}
    if gives_etag(operation):
        headers["ETag"] = _header("Версия записи: передайте её в If-Match при изменении.")
    if operation.answer is bytes:
        headers["Content-Disposition"] = _header("Имя файла.")
        if operation.query is not None and "cursor" in operation.query.__struct_fields__:
            headers["Cabinet-Next-Cursor"] = _header("Есть, когда записей больше, чем вошло: cursor следующего файла.")
        answer["content"] = {operation.media: {"schema": {"type": "string", "format": "binary"}}}
    elif operation.answer is not None:
        answer["content"] = {operation.media: {"schema": {"$ref": _REF.format(name=operation.answer.__name__)}}}
    return answer | ({"headers": headers} if headers else {}) | ({"links": links} if links else {})


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def _failures(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[type[Refusal] | Sentence]] = defaultdict(list)
    for refusal in refusals_of(operation):
        by_status[refusal.status].append(refusal)
    failures = {str(status): _failure(group) for status, group in sorted(by_status.items())}
    return failures | {"default": {"$ref": "#/components/responses/Gateway"}}


def _failure(group: list[type[Refusal] | Sentence]) -> dict[str, Any]:
    codes = [_code(one) for one in group]
    answer: dict[str, Any] = {
        "description": " · ".join(f"{_code(one)} — {one.title}" for one in group),
        "content": {
            CONTENT_TYPE: {
                "schema": {
                    "allOf": [{"$ref": _REF.format(name="Problem")}, {"properties": {"code": {"enum": codes}}}],
                },
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    if any(one.retry_after is not None for one in group):
        answer["headers"] = {"Retry-After": _header("Через сколько секунд повторить.", "integer")}
    return answer


def _code(refusal: type[Refusal] | Sentence) -> str:
    return refusal.code() if isinstance(refusal, type) else refusal.code


def _example(refusal: type[Refusal] | Sentence) -> Problem:
    code = _code(refusal)
    errors = [_WRONG_FIELD] if code == refusals.WrongFields.code() else []
    return Problem(
        type=f"{_EXAMPLE_URL}/errors/#{code}",
        title=refusal.title,
        status=refusal.status,
        detail=sentence_of(refusal),
        code=code,
        trace_id="0f3a9c61-5d0e-4c8e-9a55-2f1f6c7b8a90",
        errors=errors,
    )


def _examples(operations: Iterable[Operation]) -> dict[str, Any]:
    said: dict[str, type[Refusal] | Sentence] = {one.code: one for one in of_the_gateway()}
    for operation in operations:
        said |= {refusal.code(): refusal for refusal in refusals_of(operation)}
    return {
        code: {"summary": one.title, "value": msgspec.to_builtins(_example(one))} for code, one in sorted(said.items())
    }


def _gateway() -> dict[str, Any]:
    said: list[type[Refusal] | Sentence] = [*of_the_gateway()]
    return _failure(said) | {"description": "Отказ шлюза, до которого операция не дошла или на который не успела"}


def _schemas(operations: Iterable[Operation]) -> dict[str, dict[str, Any]]:
    """Return the schemas of all bodies and answers; what people read in them is Russian, so docstrings stay out."""
    kinds = [kind for one in operations for kind in (one.body, one.answer) if _is_struct(kind)]
    _, found = msgspec.json.schema_components(dict.fromkeys([*kinds, Problem]), schema_hook=_of_text, ref_template=_REF)
    for name, schema in found.items():
        if "." in name:
            raise ValueError(f"Two structs share the name of {name}: schema names are unique in the cabinet.")
        schema.pop("description", None)
        schema.pop("title", None)
        for field, (title, description) in _OWN_SCHEMAS.get(name, {}).items():
            schema["properties"][field] |= {"title": title, "description": description}
        for field, said in schema.get("properties", {}).items():
            _tidy(field, said)
    return dict(sorted(found.items()))


def _tidy(name: str, field: dict[str, Any]) -> None:
    """Let a field itself, not its one alternative to null, carry the texts that people read."""
    kinds = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1 and "$ref" not in kinds[0]:
        for key in ("title", "description", "examples"):
            value = kinds[0].pop(key, None)
            if value is not None:
                field.setdefault(key, value)
    if name in _BARE_FIELDS:
        field.setdefault("title", _BARE_FIELDS[name])


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _of_text(kind: type[Any]) -> dict[str, object]:
    if not issubclass(kind, Text):
        raise TypeError(f"There is no schema for {kind}.")
    return kind.schema()


def write(file: Path) -> None:
    """Write the description as UTF-8."""
    file.write_text(text(), "utf-8")


def text() -> str:
    """Return the description as JSON text."""
    return json.dumps(describe(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
