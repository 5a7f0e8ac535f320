"""Short-codes of pages: filled from the code, and a wrong name stops the build."""

from typing import Any

import pytest
from msgspec import inspect

from chalicelib.accounts.close_account import CloseAccount
from chalicelib.administration.schemas import OrganisationView
from chalicelib.kit import codes, settings
from chalicelib.roles.schemas import InvitationView
from docs.hooks import facts


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('{{ refusal("stale") }}', "[«Запись уже изменилась»](../errors.md#stale)"),
        ('{{ operation("read_profile") }}', "](../api/profile/read_profile.md)"),
        ('{{ status("profile", "on_check") }}', "«На проверке»"),
        ('{{ status("closing", "left") }}', "«ушёл из профессии»"),
        ('{{ role("hr") }}', "кадровая служба"),
        ('{{ limit("code_minutes") }}', str(codes.LIFE_SECONDS // 60)),
        ("{{ address() }}", settings.public_url()),
        ('{{ term("СНИЛС") }}', "[СНИЛС](glossary.md#снилс)"),
        ("{#anchor} { #anchor }", "{#anchor} { #anchor }"),
    ],
)
def test_a_short_code_says_what_the_code_says(code: str, shown: str) -> None:
    """Names, numbers and links, seen from a page in a folder; anchors are left alone."""
    assert shown in facts.render(code, "help/page.md")


@pytest.mark.parametrize(
    "code",
    [
        '{{ refusal("no-such") }}',
        '{{ operation("no_such") }}',
        '{{ status("profile", "lost") }}',
        '{{ status("letter", "on_check") }}',
        '{{ role("king") }}',
        '{{ limit("no_such") }}',
        '{{ term("Небывальщина") }}',
        "{{ no_such }}",
        "{{ refusal('stale' }}",
    ],
)
def test_a_wrong_short_code_stops_the_build(code: str) -> None:
    """The fault names the page."""
    with pytest.raises(facts.FactError, match=r"page\.md"):
        facts.render(code, "page.md")


def test_every_limit_is_a_number_of_the_code() -> None:
    """None is empty, and a large one is written with a space as people do."""
    assert all(value > 0 for value in facts.limits().values())
    assert facts.limit("page.md", "calls_a_minute") == "600"


@pytest.mark.parametrize(
    ("of", "struct", "field"),
    [
        ("closing", CloseAccount, "reason"),
        ("invitation", InvitationView, "state"),
        ("organisation", OrganisationView, "state"),
        ("organisation_kind", OrganisationView, "kind"),
    ],
)
def test_every_value_of_a_field_has_its_name(of: str, struct: type[Any], field: str) -> None:
    """The names read from a description are of exactly the values that the field takes."""
    described: Any = inspect.type_info(struct)
    (kind,) = (one.type.type for one in described.fields if one.name == field)
    assert set(facts.statuses()[of]) == set(kind.values)
    assert all(facts.statuses()[of].values())


def test_bounds_of_a_setting_are_in_order() -> None:
    """What holds by default lies between what may be set at least and at most."""
    known = facts.limits()
    for name, usual in (("idle_minutes", "idle_minutes"), ("absolute_hours", "session_hours")):
        assert known[f"{name}_least"] <= known[usual] <= known[f"{name}_most"]
