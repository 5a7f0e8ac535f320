"""The API reference as Markdown: one page per operation, one per domain; `python docs/hooks/api_pages.py OUT_DIR`.

Everything comes from the OpenAPI description, the declarations, the measured costs and recorded calls, so the reference
cannot say anything else.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
for _place in (ROOT, ROOT / "functions"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

from chalicelib.kit import access, catalogue, door  # noqa: E402 - found through the two paths above
from infra.openapi import DOMAIN_TITLES, costs_of, describe, limits_of  # noqa: E402 - see above

EXAMPLES: Final = ROOT / "docs/data/api_examples.json"
# The reference answers developers; in the search it stands behind the pages for people.
_HEAD: Final = "---\nsearch:\n  boost: 0.3\n---\n\n"
_KINDS: Final = {"string": "строка", "integer": "целое число", "number": "число", "boolean": "`true` или `false`"}
_FORMATS: Final = {"date": "дата ГГГГ-ММ-ДД", "date-time": "момент RFC 3339", "binary": "файл"}
# Whose data a role may deal with, by what ties it to them.
RELATIONS: Final = {
    access.Own: "свои",
    access.InOrganisation: "своей организации",
    access.ByCase: "по открытой проверке организации",
    access.WholeCabinet: "всего кабинета",
}
# What repeats on every page only makes the search's index heavy.
_UNSEARCHED: Final = "{ data-search-exclude }"
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
    declared = catalogue.operations[operation["operationId"]]
    back = f"область [«{DOMAIN_TITLES[operation['tags'][0]]}»](index.md)"
    parts = [
        f"{_HEAD}# {operation['summary']}\n",
        f"`{method} {path}` — операция `{operation['operationId']}`, {back}.\n",
        _explained(declared),
        _access(declared),
        _parameters(operation),
        _body(api, operation),
        _call(declared, operation),
        _answer(api, operation),
        _refusals(api, operation),
        _costs(declared),
    ]
    return "\n".join(part for part in parts if part)


def _explained(operation: catalogue.Operation) -> str:
    links = ", ".join(f"[«{title}»](../../{path})" for path, title in help_pages().get(operation.name, ()))
    return f"Людям об этом рассказано на страницах: {links}.\n" if links else ""


@lru_cache(maxsize=1)
def help_pages() -> dict[str, list[tuple[str, str]]]:
    """Return path and title of the pages that explain an operation, as their heads say (`operations:`)."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in sorted((ROOT / "docs").rglob("*.md")):
        text = file.read_text("utf-8")
        if not text.startswith("---\n") or "engineering" in file.parts:
            continue
        _, head, body = text.split("---\n", 2)
        title = re.search(r"^# (.+?)(?: *\{.*\})?$", body, re.MULTILINE)
        for name in yaml.safe_load(head).get("operations", ()):
            found[name].append((file.relative_to(ROOT / "docs").as_posix(), title[1] if title else file.stem))
    return found


def _access(operation: catalogue.Operation) -> str:
    if operation.public:
        return f"## Кто может вызвать\n\nКто угодно, без входа. {limits_of(operation)}\n"
    rows = [(role.label.capitalize(), RELATIONS[type(relation)]) for role, relation in operation.allow.items()]
    minutes = door.FRESH_SECONDS // 60
    said = [
        "Личность: подходит и неподтверждённая."
        if operation.claimed
        else "Личность: нужна [подтверждённая](../../registration.md#confirm-identity).",
        f"Подтверждение входа: [не больше {minutes} минут назад](../../errors.md#fresh-factor-required)."
        if operation.fresh
        else "Подтверждение входа: заново не нужно.",
        f"Вход: [не больше {minutes} минут назад](../../errors.md#full-sign-in-required)." if operation.full else "",
        "Доступна и тогда, когда сначала нужно принять политику, сменить пароль или выбрать место работы."
        if operation.unsettled
        else "",
        limits_of(operation),
    ]
    facts = "\n".join(f"- {one}" for one in said if one)
    return f"## Кто может вызвать\n\n{_table(('Роль', 'Чьи данные'), rows)}\n{facts}\n"


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
    return (
        f"## Поля запроса\n\n{_table(('Поле', 'Название', 'Обязательно', 'Подсказка'), rows)}\n"
        f"Пример (`body.json`):\n\n{_json(_example(operation)['body'])}"
    )


def _call(declared: catalogue.Operation, operation: dict[str, Any]) -> str:
    """Write the call as a command: `CABINET` is the cabinet's address, `TOKEN` the key of a session."""
    example = _example(operation)
    path = declared.path.format_map(example.get("path", {}))
    query = f"?{urlencode(example['query'])}" if "query" in example else ""
    lines = [f'curl --request {declared.method} "$CABINET{path}{query}"']
    if not declared.public:
        lines.append('--header "Authorization: Bearer $TOKEN"')
    if declared.keyed:
        lines.append('--header "Idempotency-Key: $(openssl rand -hex 16)"')
    if declared.match:
        lines.append("--header 'If-Match: \"3\"'")
    if declared.body is not None:
        lines += ["--header 'Content-Type: application/json'", "--data @body.json"]
    if declared.answer is bytes:
        lines.append("--remote-name --remote-header-name")
    names = "`CABINET` — адрес кабинета" + ("." if declared.public else ", `TOKEN` — ключ сеанса.")
    return f"## Вызов {_UNSEARCHED}\n\n{names}\n\n```bash\n" + " \\\n  ".join(lines) + "\n```\n"


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
        example = f"Пример; длинные значения обрезаны, в списках не больше двух записей:\n\n{_json(_example(operation)['answer'])}"
        return f"{text}\n\n{_table(('Поле', 'Название', 'Что в нём'), rows)}\n{example}"
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
        f"## Отказы {_UNSEARCHED}\n\n{_table(('Статус', 'Код', 'Что значит'), rows)}\n"
        "Кроме них возможны [отказы шлюза](../../errors.md#gateway).\n"
    )


def _costs(operation: catalogue.Operation) -> str:
    measured = costs_of(operation)
    if not measured:
        return ""
    heads = tuple(title[0].upper() + title[1:] for title in measured)
    said = "Измерены в тестах, ключи и настройки уже в памяти. К тому, чего нет в таблице, операция не обращается."
    row = tuple(map(str, measured.values()))
    return f"## Обращения при успешном вызове {_UNSEARCHED}\n\n{said}\n\n{_table(heads, [row])}"


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


@lru_cache(maxsize=1)
def _examples() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text("utf-8"))
    return found


def _example(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded call of an operation: `path`, `query`, `body`, `answer`, each where there is one."""
    if operation["operationId"] not in _examples():
        raise LookupError(
            f"{operation['operationId']} has no example: UPDATE_EXAMPLES=1 pytest tests/docs/test_api_examples.py"
        )
    return _examples()[operation["operationId"]]


def _json(value: Any) -> str:
    return f"```{{ .json data-search-exclude }}\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```\n"


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
