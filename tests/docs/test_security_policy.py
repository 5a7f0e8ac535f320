"""What people consent to is true: version, date and numbers of the policy are those of the code."""

import json
import re
from datetime import date
from typing import Any

import msgspec
import pytest
from conftest import ROOT

from chalicelib.accounts import schemas as accounts
from chalicelib.kit.options import Options

MONTHS = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
PAGE = (ROOT / "docs/security-policy.md").read_text(encoding="utf-8")


def test_version_and_date_are_those_that_are_consented_to() -> None:
    """The version is the day from which the text holds, written out for people."""
    day = date.fromisoformat(accounts.POLICY_VERSION)
    said = f"{day.day} {MONTHS[day.month - 1]} {day.year} года"
    assert f"Версия `{accounts.POLICY_VERSION}`. Действует с {said}." in PAGE


def test_earlier_texts_are_kept_where_the_page_says() -> None:
    """Each linked version exists and says that it is over."""
    earlier = re.findall(r"\(security-policy-([0-9-]+)\.md\)", PAGE)
    assert earlier
    for version in earlier:
        text = (ROOT / f"docs/security-policy-{version}.md").read_text(encoding="utf-8")
        assert f"Прежняя версия `{version}`" in text


@pytest.mark.parametrize(
    ("name", "usual", "bounds"),
    [
        ("idle_minutes", "через {} минут бездействия", "от {} до {} минут"),
        ("absolute_hours", "через {} часов в любом случае", "от {} до {} часов"),
    ],
)
def test_the_ends_of_a_session_are_the_default_ones(name: str, usual: str, bounds: str) -> None:
    """The usual time and the bounds within which an administrator may set another."""
    assert usual.format(getattr(Options(), name)) in PAGE
    said = msgspec.json.schema(Options)["$defs"]["Options"]["properties"][name]
    assert bounds.format(said["minimum"], said["maximum"]) in PAGE


def test_the_terms_of_keeping_are_those_of_the_data() -> None:
    """Journal, sessions, unknown callers, closed accounts."""
    kept = {one["kind_prefix"]: one["days"] for one in _rules("kit/data/journal_retention.json")}
    closed = {one["assurance"]: one["days"] for one in _rules("accounts/data/retention.json")}
    assert kept == {"": 3 * 365, "session.": 365, "security.": 180}
    assert closed == {"confirmed": 90, "claimed": 1}
    for said in ("журнала — три года", "о сеансах — год", "— 180 дней", "Закрытый кабинет — 90 дней", "одни сутки"):
        assert said in PAGE


def _rules(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "functions/chalicelib" / file).read_text(encoding="utf-8"))[
        "rules"
    ]
    return found
