"""Rules of the journal: what a check may be, and how an act is written as a row of a file that people open."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from chalicelib.kit.access import Role
from chalicelib.kit.problem import FieldError, wrong
from chalicelib.kit.refusals import WrongFields

NOT_KEPT: Final = "не сохранилось"
COLUMNS: Final = (
    ("Когда (московское время, UTC+3)", 32),
    ("Что сделано", 48),
    ("Итог", 32),
    ("В какой роли", 24),
    ("От какой организации", 34),
    ("Изменённые поля", 40),
    ("Номера затронутых записей", 40),
    ("Откуда: адрес при входе", 24),
    ("Откуда: устройство", 40),
    ("Вид действия", 28),
    ("Номер записи", 40),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def refuse_impossible_check(own: str, checked: str, order_date: date, since: date, until: date, today: date) -> None:
    """Refuse a check of oneself, an order of tomorrow, and a period that is not one; all faults at once."""
    faults: list[FieldError] = []
    if checked == own:
        faults.append(wrong("/organisation_id", "Это ваша организация. Укажите ту, которую проверяете."))
    if order_date > today:
        faults.append(wrong("/order_date", "Приказ ещё не издан: укажите сегодняшний день или раньше."))
    if until < since:
        faults.append(wrong("/until", "Конец периода раньше его начала. Поменяйте дни местами."))
    if faults:
        raise WrongFields(faults)


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, without characters that a file cannot hold."""
    clean = "".join(one for one in text if one in "\t\r\n" or one.isprintable())
    return f"'{clean}" if clean.startswith(_FORMULA) or clean.lstrip().startswith(_FORMULA) else clean


@lru_cache(maxsize=1)
def names() -> dict[str, dict[str, Any]]:
    """Return the Russian names of operations, kinds, outcomes and fields; a test holds them to the catalogue."""
    found: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "data/names.json").read_text("utf-8"))
    return found


def row(act: Any, zone: tzinfo) -> list[datetime | str]:
    """Write an act as the cells of a row: the local time, then texts, each safe to open."""
    known = names()
    fields: Mapping[str, str] = known["common_fields"] | known["fields"].get(act.operation, {})
    done = known["operations"].get(act.operation) or known["kinds"].get(act.kind, act.kind)
    texts: Sequence[str] = (
        done,
        known["outcomes"].get(act.outcome, act.outcome),
        Role(act.role).label if act.role in list(Role) else (act.role or ""),
        act.organisation_id or "",
        ", ".join(fields.get(name, name) for name in act.fields),
        ", ".join(act.objects),
        NOT_KEPT if act.address is None else act.address,
        NOT_KEPT if act.device is None else act.device,
        act.kind,
        act.record_id,
    )
    moment = datetime.fromisoformat(act.at).astimezone(zone).replace(tzinfo=None)
    return [moment, *map(safe, texts)]


def last_line(count: int) -> str:
    """Say at the end of a file that it does not hold everything."""
    return f"Показаны не все записи: в этом файле их {count}, более ранние — в следующем. Скачайте продолжение."
