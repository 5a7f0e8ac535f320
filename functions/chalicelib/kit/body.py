"""Reading a request body: one strict pass, and on failure a slow one that names every wrong field in Russian."""

import json
import re
from typing import Any, Final, get_args

import msgspec

from chalicelib.kit.problem import FieldError, wrong
from chalicelib.kit.refusals import InvalidJson, WrongFields
from chalicelib.kit.text import Text

MAX_DEPTH: Final = 20
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a command brings. Its fields are text types, dates, numbers, enumerations or other bodies."""


class Answer(msgspec.Struct):
    """What an operation gives back. Its fields have no defaults, so that the published schema requires them all."""


class _UnfitError(ValueError):
    """What the JSON parser lets through and we do not."""


def read_json(raw: bytes) -> object:
    """Parse one JSON text; refuses bad UTF-8, NaN, repeated keys and nesting deeper than 20."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise InvalidJson(why="текст не в кодировке UTF-8.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_number)
    except (json.JSONDecodeError, RecursionError):
        raise InvalidJson(why="это не JSON.") from None
    except _UnfitError as error:
        raise InvalidJson(why=str(error)) from None
    except ValueError:
        raise InvalidJson(why="в нём слишком длинное число.") from None


def convert(tree: object, kind: type[Any], *, strict: bool = True) -> Any:
    """Turn a JSON tree into a struct; all wrong fields at once are named in the refusal."""
    try:
        return msgspec.convert(tree, kind, dec_hook=_text, strict=strict)
    except (msgspec.ValidationError, OverflowError):
        errors = list(_errors(tree, kind, "", strict=strict))
    raise WrongFields(errors or [wrong("", "Запрос не подходит по виду.")])


def _refuse_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"?|[][{}]', text):
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidJson(why=f"вложенность больше {MAX_DEPTH}.")
        elif bracket in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise _UnfitError("одно и то же поле названо дважды.")
    if _SURROGATE.search("".join(tree)):
        raise _UnfitError("в имени поля есть недопустимые символы.")
    return tree


def _number(text: str) -> float:
    """Read 5.0 as the whole number that it is, also to JSON Schema."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _refuse_constant(_: str) -> float:
    raise _UnfitError("NaN и бесконечность недопустимы.")


def _text(kind: type[Any], value: object) -> object:
    if isinstance(kind, type) and issubclass(kind, Text):
        return kind.parse(value)
    raise TypeError(f"The kit has no reader for {kind}.")


def _errors(tree: object, kind: type[Any], pointer: str, *, strict: bool) -> "list[FieldError]":
    struct = _struct_of(kind)
    if struct is None or not isinstance(tree, dict):
        return _leaf(tree, kind, pointer, strict=strict)
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    found = [wrong(f"{pointer}/{_escape(name)}", "Такого поля нет.", "unknown") for name in tree if name not in fields]
    for name, field in fields.items():
        if name in tree:
            found += _errors(tree[name], field.type, f"{pointer}/{name}", strict=strict)
        elif field.required:
            found.append(wrong(f"{pointer}/{name}", "Заполните это поле.", "required"))
    return found


def _leaf(tree: object, kind: type[Any], pointer: str, *, strict: bool) -> "list[FieldError]":
    try:
        msgspec.convert(tree, kind, dec_hook=_text, strict=strict)
    except (msgspec.ValidationError, OverflowError) as error:
        cause = error.__cause__
        if isinstance(cause, ValueError):
            return [wrong(pointer + _place(str(error)), str(cause))]
        return [wrong(pointer + _place(str(error)), _in_russian(str(error)))]
    return []


def _struct_of(kind: type[Any]) -> type[msgspec.Struct] | None:
    parts = (kind, *get_args(kind))
    return next((one for one in parts if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _place(message: str) -> str:
    """Turn msgspec's `$.items[3].name` into the pointer's tail `/items/3/name`."""
    found = re.search(r"at `\$([^`]*)`", message)
    return re.sub(r"\[(\d+)\]", r"/\1", found.group(1)).replace(".", "/") if found else ""


def _escape(name: str) -> str:
    return name[:64].replace("~", "~0").replace("/", "~1")


def _in_russian(message: str) -> str:
    other = "Значение не подходит. Сверьте его с подсказкой поля."
    return next((sentence for sign, sentence in _SENTENCES if sign in message), other)


_SENTENCES: Final = (
    ("Invalid RFC3339", "Дата или время записаны неверно: нужен вид 2026-11-22 или 2026-11-22T09:30:00Z."),
    ("Invalid enum", "Такого варианта нет: выберите один из перечисленных в описании поля."),
    ("Expected `date`", "Здесь нужна дата вида 2026-11-22."),
    ("Expected `bool`", "Здесь нужно true или false."),
    ("`int` >", "Число меньше допустимого: сверьтесь с подсказкой поля."),
    ("`int` <", "Число больше допустимого: сверьтесь с подсказкой поля."),
    ("Expected `int`", "Здесь нужно целое число."),
    ("Expected `array`", "Здесь нужен список."),
    ("Expected `object`", "Здесь нужен объект с полями."),
    ("Expected `str", "Здесь нужна строка."),
    ("length", "Слишком длинное или слишком короткое значение."),
)
