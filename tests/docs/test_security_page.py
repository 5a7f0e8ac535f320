"""docs/engineering/security.md says what the code does: its numbers, words and doors, and every requirement of ASVS."""

import ast
import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from conftest import ROOT, World

from chalicelib.accounts import schemas as accounts
from chalicelib.accounts.tables import LIMITS
from chalicelib.kit import catalogue, codes, door, options, settings
from chalicelib.kit.options import Options
from chalicelib.kit.tries.tables import DELAYS, MOST_IN_A_ROW
from chalicelib.notices import schemas as notices
from chalicelib.sessions import schemas as sessions
from chalicelib.sign_in import ports
from chalicelib.sign_in import schemas as sign_in
from chalicelib.sign_in.ports import ProviderName

PAGE = ROOT / "docs/engineering/security.md"
LISTED = Path(__file__).with_name("asvs_ids.txt")
VERDICTS = {"holds", "holds under `modern`", "falls short", "does not apply"}
SHORTEST_REASON = 20
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _part(title: str, page: str | None = None) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page or _page(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"The page has no part «{title}»."
    return found.group(1)


def _rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables of a text, without their heads."""
    lines = text.splitlines()
    heads = {one for one, after in pairwise(lines) if after.startswith("|---")}
    bodies = [one for one in lines if one.startswith("| ") and one not in heads]
    return [[cell.strip() for cell in one.strip().strip("|").split(" | ")] for one in bodies]


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef))


def faults_of(text: str, ids: list[str]) -> list[str]:
    """Return a sentence for each requirement that is missing, doubled, unknown, or neither shown nor reasoned."""
    rows = [row for row in _rows(text) if row[0].startswith("V")]
    told = [row[0] for row in rows]
    faults = [f"{one} is missing." for one in ids if one not in told]
    faults += [f"{one} is no requirement of the list." for one in told if one not in ids]
    faults += [f"{one} stands twice." for one in sorted(set(told)) if told.count(one) > 1]
    for number, *cells in rows:
        faults += [f"{number}: {one}" for one in _faults_of_row(cells)]
    return faults


def _faults_of_row(cells: list[str]) -> list[str]:
    if len(cells) != 3:
        return ["four cells are needed."]
    _, verdict, shown = cells
    if verdict not in VERDICTS:
        return [f"«{verdict}» is no verdict."]
    named, reason = TEST.findall(shown), TEST.sub("", shown).strip(" ;.")
    if not named and (verdict.startswith("holds") or len(reason) < SHORTEST_REASON):
        return ["neither a test nor a reason."]
    if not verdict.startswith("holds") and len(reason) < SHORTEST_REASON:
        return ["the reason is missing."]
    return [
        f"{path}::{name} is not there."
        for path, name in named
        if not (ROOT / path).is_file() or name not in _functions(ROOT / path)
    ]


def _ids() -> list[str]:
    return [line.split()[0] for line in LISTED.read_text(encoding="utf-8").splitlines()]


def test_every_requirement_is_answered() -> None:
    """Each of the list once, with a verdict and a test that is there, or a reason."""
    assert faults_of(_part("Every requirement of V6, V7, V8 and V10"), _ids()) == []


def test_a_missing_row_and_a_made_up_test_are_noticed() -> None:
    """Planted: a row taken away, one doubled, one unknown, a test that is not there, a verdict without ground."""
    head = "| id | said | verdict | shown |\n|---|---|---|---|\n"
    here = "`tests/docs/test_security_page.py::test_every_requirement_is_answered`"
    good = f"| V6.1.1 | Said. | holds | {here} |\n"
    assert faults_of(head + good, ["V6.1.1"]) == []
    assert faults_of(head + good, ["V6.1.1", "V6.1.2"]) == ["V6.1.2 is missing."]
    assert faults_of(head + good + good, ["V6.1.1"]) == ["V6.1.1 stands twice."]
    assert faults_of(head + good, []) == ["V6.1.1 is no requirement of the list."]
    for cells, fault in (
        ("holds | `tests/docs/test_security_page.py::test_nothing`", "is not there."),
        ("holds | `tests/docs/nowhere.py::test_nothing`", "is not there."),
        ("holds | it surely holds, believe me please", "neither a test nor a reason."),
        ("does not apply | none", "neither a test nor a reason."),
        (f"falls short | {here}", "the reason is missing."),
        (f"maybe | {here}", "is no verdict."),
        ("holds", "four cells are needed."),
    ):
        (said,) = faults_of(f"{head}| V6.1.1 | Said. | {cells} |\n", ["V6.1.1"])
        assert said.endswith(fault)
    page = _part("Every requirement of V6, V7, V8 and V10")
    without = re.sub(r"^\| V7\.3\.2 .*\n", "", page, flags=re.MULTILINE)
    assert faults_of(without, _ids()) == ["V7.3.2 is missing."]


def test_the_departures_of_the_default_profile_are_those_of_its_data() -> None:
    """What holds under `modern` only is what the data of the profile `description` depart from, and `modern` in nothing."""
    departures = {}
    for one in options.profiles():
        broken = {
            "V6.2.1": one.password.shortest < 8,
            "V6.2.4": not one.password.common,
            "V6.2.5": one.password.mixed,
            "V6.2.9": one.password.longest < 64,
            "V6.2.10": one.password.days > 0,
            "V6.2.11": not one.password.context_words,
            "V6.4.3": one.recovery.channels < 2,
            "V6.5.5": one.totp_drift > 0,
        }
        departures[one.name] = {number for number, is_broken in broken.items() if is_broken}
    rows = _rows(_part("Every requirement of V6, V7, V8 and V10"))
    assert {row[0] for row in rows if row[2] == "holds under `modern`"} == departures["description"]
    assert departures["modern"] == set()
    told = {row[0] for row in _rows(_part("Two security profiles"))}
    assert departures["description"] <= told


def test_the_numbers_are_those_of_the_code() -> None:
    """Each limit and time on the page is the one in force."""
    usual = Options()
    code = {
        "idle_minutes": usual.idle_minutes,
        "absolute_hours": usual.absolute_hours,
        "signing_minutes": usual.signing_minutes,
        "MAX_SESSIONS": settings.MAX_SESSIONS,
        "CALLS_A_MINUTE": settings.CALLS_A_MINUTE,
        "PUBLIC_CALLS_A_MINUTE": settings.PUBLIC_CALLS_A_MINUTE,
        "WRONG_GUESSES_AN_HOUR": settings.WRONG_GUESSES_AN_HOUR,
        "FRESH_SECONDS": door.FRESH_SECONDS,
        "LIFE_SECONDS": codes.LIFE_SECONDS,
        "TICKET_SECONDS": sign_in.TICKET_SECONDS,
        "DEVICE_SECONDS": sessions.DEVICE_SECONDS,
        "MOST_PLACES": sessions.MOST_PLACES,
        "ACTIVATION_SECONDS": accounts.ACTIVATION_SECONDS,
        "CODES_IN_TEN_MINUTES": notices.CODES_IN_TEN_MINUTES,
        "CODES_A_DAY": notices.CODES_A_DAY,
        **{f"SMS_A_DAY[{share}]": most for share, most in notices.SMS_A_DAY.items()},
        "DELAYS": ", ".join(map(str, DELAYS.values())),
        "MOST_IN_A_ROW": MOST_IN_A_ROW,
        **{f"LIMITS[{purpose}]": most for purpose, most in LIMITS.items()},
    }
    told = {row[0].strip("`"): row[1] for row in _rows(_part("The numbers"))}
    assert told == {name: str(value) for name, value in code.items()}


def test_the_context_words_are_those_of_the_data() -> None:
    """The documented list is the list that passwords are compared with."""
    data = json.loads((accounts.DATA / "context_words.json").read_text(encoding="utf-8"))
    told = re.findall(r"`([^`]+)`", _part("Context words").strip().split("\n\n")[-1])
    assert sorted(told) == sorted(data["words"])


def test_every_public_operation_stands_at_a_door(world: World) -> None:
    """There is no way in that the page does not name, and it names none that does not exist."""
    public = {name for name, one in catalogue.operations.items() if one.public}
    told = set(re.findall(r"`([a-z_]+)`", " ".join(row[-1] for row in _rows(_part("The doors")))))
    assert told == public


def test_every_provider_is_named_with_its_way_out(world: World) -> None:
    """Federation: each identity provider of the code, and the name of the parameter by which it is left."""
    names = {"esia": ("ЕСИА", "/idp/ext/Logout"), "oidc": ("OIDC", "end_session_endpoint")}
    assert set(names) == set(get_args(ProviderName))
    part, code = _part("Federation"), Path(ports.__file__).read_text(encoding="utf-8")
    for name, leaving in names.values():
        assert name in part
        assert leaving in part
        assert leaving in code


@pytest.mark.parametrize("title", ["Who may do what", "Sessions"])
def test_the_rules_of_access_name_real_operations(world: World, title: str) -> None:
    """Whatever looks like an operation of the cabinet is one."""
    first = {name.split("_")[0] for name in catalogue.operations}
    named = {one for one in re.findall(r"`([a-z]+_[a-z_]+)`", _part(title)) if one.split("_")[0] in first}
    assert named
    assert named <= set(catalogue.operations)
