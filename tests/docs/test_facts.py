"""Short-codes of pages: filled from the code, and a wrong name stops the build."""

import pytest

from chalicelib.kit import codes, settings
from docs.hooks import facts


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('{{ refusal("stale") }}', "[«Запись уже изменилась»](../errors.md#stale)"),
        ('{{ operation("read_profile") }}', "](../api/profile/read_profile.md)"),
        ('{{ status("profile", "on_check") }}', "«На проверке»"),
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
