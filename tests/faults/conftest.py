"""The sum of a run: how many faults were injected, by kind, and how many invariants broke."""

from collections import Counter

import pytest

NOTED = "faults"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sum over all tests that injected faults, whichever process ran them."""
    kinds: Counter[str] = Counter()
    subjects: dict[str, set[str]] = {"operations": set(), "workers": set()}
    broken = 0
    for report in (one for status in ("passed", "failed") for one in terminalreporter.getreports(status)):
        for name, noted in getattr(report, "user_properties", ()):
            if name == NOTED and report.when == "call":
                kinds.update(noted["injected"])
                subjects[noted["of"]].add(noted["name"])
                broken += noted["broken"]
    if not kinds:
        return
    for kind, count in sorted(kinds.items()):
        terminalreporter.write_line(f"  {count:>6,} {kind}")
    met = " and ".join(f"{len(names)} {of}" for of, names in subjects.items())
    terminalreporter.write_line(f"faults: {kinds.total():,} injected in {met}, {broken} invariants broken")
