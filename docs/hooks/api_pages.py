"""The API reference as Markdown: one page per operation, one per domain; `python docs/hooks/api_pages.py OUT_DIR`.

Everything comes from the OpenAPI description, so the reference cannot say anything else.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from infra.openapi import DOMAIN_TITLES, costs_of, describe  # noqa: E402 - found through the path above

# The reference answers developers; in the search it stands behind the pages for people.
_HEAD: Final = "---\nsearch:\n  boost: 0.3\n---\n\n"
_KINDS: Final = {"string": "строка", "integer": "целое число", "number": "число", "boolean": "true или false"}
_FORMATS: Final = {"date": "дата ГГГГ-ММ-ДД", "date-time": "момент RFC 3339", "binary": "файл"}
Row = tuple[str, ...]


def pages() -> dict[str, str]:
    """Return the Markdown of every page by its path in `docs`."""
    api = describe()
    found = {"api/index.md": _index(api)}
    for domain in (tag["name"] for tag in api["tags"]):
        found[f"api/{domain}/index.md"] = _domain(api, domain)
    for method, path, operation in _operations(api):
        if "x-internal" not in operation:
            found[f"api/{operation['tags'][0]}/{operation['operationId']}.md"] = _page(api, method, path, operation)
    return found


def navigation() -> list[Any]:
    """Return what the site's navigation shows of the reference: the domains; their pages lead to the operations."""
    domains = [tag["name"] for tag in describe()["tags"]]
    return ["api/index.md", *({DOMAIN_TITLES[name]: f"api/{name}/index.md"} for name in domains)]


def _operations(api: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _index(api: dict[str, Any]) -> str:
    rows = []
    for tag in api["tags"]:
        count = sum(tag["name"] in one["tags"] for _, _, one in _operations(api))
        rows.append((f"[{tag['description']}]({tag['name']}/index.md)", f"`/v1/{tag['name']}`", str(count)))
    return (
        f"{_HEAD}# Справочник операций\n\n"
        "Составлен из самих операций при сборке сайта. Как вызывать операции — на странице "
        "[«Подключить свою программу»](../client-programs.md); то же для программ — "
        "[openapi.json](../openapi.json) (OpenAPI 3.1).\n\n"
        f"{_table(('Область', 'Адреса', 'Операций'), rows)}"
    )


def _domain(api: dict[str, Any], domain: str) -> str:
    rows = [
        (f"[{one['summary']}]({one['operationId']}.md)", f"`{method} {path}`")
        for method, path, one in _operations(api)
        if domain in one["tags"] and "x-internal" not in one
    ]
    return f"{_HEAD}# {DOMAIN_TITLES[domain]}: операции\n\n{_table(('Операция', 'Вызов'), rows)}"


def _page(api: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    back = f"область [«{DOMAIN_TITLES[operation['tags'][0]]}»](index.md)"
    parts = [
        f"{_HEAD}# {operation['summary']}\n",
        f"`{method} {path}` — операция `{operation['operationId']}`, {back}.\n",
        f"## Кто и как часто\n\n{operation['description']}\n",
        _parameters(operation),
        _body(api, operation),
        _answer(api, operation),
        _refusals(api, operation),
        _costs(operation),
    ]
    return "\n".join(part for part in parts if part)


def _parameters(operation: dict[str, Any]) -> str:
    places = {"path": "в адресе", "query": "после «?»", "header": "заголовок"}
    rows = [
        (f"`{one['name']}`", places[one["in"]], _yes(required=one["required"]), one["description"])
        for one in operation["parameters"]
    ]
    if operation["security"]:
        rows.insert(0, ("`Authorization`", "заголовок", "да", "`Bearer` и ключ сеанса."))
    return f"## Параметры\n\n{_table(('Имя', 'Где', 'Обязателен', 'Что передать'), rows)}" if rows else ""


def _body(api: dict[str, Any], operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return "" if operation["operationId"].startswith(("read_", "list_")) else "## Тело запроса\n\nТела нет.\n"
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    rows = [
        (f"`{name}`", said.get("title", "—"), _yes(required=required), _hint(api, said))
        for name, said, required in _fields(api, schema)
    ]
    example = json.dumps(_example(api, _resolve(api, schema)), ensure_ascii=False, indent=2)
    return (
        f"## Поля запроса\n\n{_table(('Поле', 'Название', 'Обязательно', 'Подсказка'), rows)}\n"
        f"Пример:\n\n```json\n{example}\n```\n"
    )


def _answer(api: dict[str, Any], operation: dict[str, Any]) -> str:
    status, answer = next(iter(operation["responses"].items()))
    text = f"## Ответ\n\nСтатус {status}: {answer['description'].lower()}."
    if "ETag" in answer.get("headers", {}):
        text += " В заголовке `ETag` — версия записи для `If-Match`."
    for media, content in answer.get("content", {}).items():
        if media != "application/json":
            return f"{text} Тело — файл `{media}`.\n"
        rows = [
            (f"`{name}`", said.get("title", "—"), _hint(api, said)) for name, said, _ in _fields(api, content["schema"])
        ]
        return f"{text}\n\n{_table(('Поле', 'Название', 'Что в нём'), rows)}"
    return f"{text}\n"


def _refusals(api: dict[str, Any], operation: dict[str, Any]) -> str:
    examples = api["components"]["examples"]
    rows = [
        (status, f"[`{code}`](../../errors.md#{code})", examples[code]["summary"])
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    ]
    return (
        f"## Отказы\n\n{_table(('Статус', 'Код', 'Что значит'), rows)}\n"
        "Кроме них возможны [отказы шлюза](../../errors.md#gateway).\n"
    )


def _costs(operation: dict[str, Any]) -> str:
    from chalicelib.kit import catalogue  # noqa: PLC0415 - infra.openapi has made it importable

    measured = costs_of(catalogue.operations[operation["operationId"]])
    if not measured:
        return ""
    heads = tuple(title[0].upper() + title[1:] for title in measured)
    said = "Измерены в тестах, ключи и настройки уже в памяти. К тому, чего нет в таблице, операция не обращается."
    row = tuple(map(str, measured.values()))
    return f"## Обращения при успешном вызове\n\n{said}\n\n{_table(heads, [row])}"


def _fields(api: dict[str, Any], schema: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield every field of an object, those of objects and lists inside it too."""
    whole = _resolve(api, schema)
    for name, said in whole.get("properties", {}).items():
        yield f"{above}{name}", said, name in whole.get("required", ())
        inner = _not_null(said)
        if inner.get("type") == "array":
            yield from _fields(api, inner["items"], f"{above}{name}[].")
        else:
            yield from _fields(api, inner, f"{above}{name}.")


def _resolve(api: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema
    if "$ref" in schema:
        found = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    return kinds[0] if kinds else schema


def _hint(api: dict[str, Any], schema: dict[str, Any]) -> str:
    kind = _resolve(api, _not_null(schema))
    said = [_kind(kind)]
    if {"type": "null"} in schema.get("anyOf", []):
        said.append("или null")
    text = " ".join(said)
    text = f"{text[0].upper()}{text[1:]}."
    if "description" in schema:
        text += f" {schema['description']}"
    samples = [str(one) for one in schema.get("examples", []) if isinstance(one, str)]
    return text + (f" Например: {', '.join(samples)}." if samples and samples[0] not in text else "")


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "одно из: " + ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return "список"
    if "properties" in schema:
        return "объект"
    return _FORMATS.get(schema.get("format", "")) or _KINDS.get(schema.get("type", ""), "значение")


def _example(api: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    names = schema["required"] or list(schema["properties"])[:2]
    return {
        name: _sample(_resolve(api, _not_null(schema["properties"][name])), schema["properties"][name])
        for name in names
    }


def _sample(kind: dict[str, Any], field: dict[str, Any]) -> Any:
    if field.get("examples") or kind.get("examples"):
        return (field.get("examples") or kind["examples"])[-1]
    if "enum" in kind:
        return kind["enum"][0]
    return {"date": "1980-03-15"}.get(kind.get("format", ""), "…")


def _table(heads: Row, rows: Sequence[Row]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _yes(*, required: bool) -> str:
    return "да" if required else "нет"


if __name__ == "__main__":
    for name, markdown in pages().items():
        file = Path(sys.argv[1]) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(markdown, "utf-8")
