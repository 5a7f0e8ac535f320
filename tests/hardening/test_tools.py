"""Outside tools look through the code: weak spots, secrets, licences. What they find is mended, or stands here with its reason."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LICENCES = ROOT / "docs" / "engineering" / "licences.md"

# What bandit finds: where, which rule, on a line with which words.
EXPLAINED = {
    ("functions/chalicelib/kit/tables.py", "B311", "random.uniform"): "jitter between tries is no secret",
    ("functions/chalicelib/kit/tries/tables.py", "B105", "10"): "the name of a column holds the word password",
    ("functions/chalicelib/seals/schemas.py", "B311", "random.uniform"): "see kit/tables.py",
    ("functions/chalicelib/sign_in/ports.py", "B105", "Bearer"): "the scheme of a token, not a token",
    ("functions/chalicelib/sign_in/schemas.py", "B105", "пароль"): "letters about guessed passwords",
    ("infra/diagrams.py", "B404", "import subprocess"): "diagrams are drawn by a program of its own",
    ("infra/diagrams.py", "B405", "import xml.etree"): "its output, made of our own sources, is read",
    ("infra/diagrams.py", "B603", "subprocess.run"): "an argument list of its own, no shell",
    ("infra/diagrams.py", "B314", "ET.fromstring"): "see B405",
    ("infra/local/engine.py", "B105", "local"): "moto asks for some key; nothing leaves the machine",
    ("infra/local/ministack.py", "B404", "import subprocess"): "the second engine is a program of its own",
    ("infra/local/ministack.py", "B603", "subprocess.Popen"): "an argument list of its own, no shell",
    ("infra/package.py", "B404", "import subprocess"): "the packager runs pip and cfn-lint",
    ("infra/package.py", "B603", "subprocess.run"): "argument lists of its own, no shell",
    ("infra/publish.py", "B404", "import subprocess"): "publishing runs git, mike and the build of the site",
    ("infra/publish.py", "B603", "subprocess.run"): "argument lists of its own, no shell",
    (
        "infra/publish.py",
        "B607",
        "partial executable path",
    ): "git and bash are found as the maintainer's shell finds them",
    ("infra/sandboxes/esia.py", "B105", "Bearer"): "see ports.py",
}
# What detect-secrets finds: where, what it takes it for, how often.
INVENTED = {
    ("docs/data/api_examples.json", "Secret Keyword", 4): "what invented people type and scan",
    ("docs/engineering/security.md", "Secret Keyword", 2): "words about secrets in the table of requirements",
    (
        "functions/chalicelib/factors/schemas.py",
        "Base64 High Entropy String",
        1,
    ): "the public half of RFC 6979's example key",
    ("functions/chalicelib/kit/recovery_codes.py", "Base64 High Entropy String", 1): "Crockford's alphabet",
    ("functions/chalicelib/kit/settings.py", "Secret Keyword", 1): "a sentence that names a file",
    ("functions/chalicelib/kit/text.py", "Base64 High Entropy String", 1): "an example of a published schema, made up",
    ("functions/chalicelib/kit/text.py", "JSON Web Token", 1): "an example of a published schema, made up",
    ("infra/local/engine.py", "Secret Keyword", 1): "moto's key, see bandit",
    ("tests/infra/test_deploy.py", "Secret Keyword", 1): "an empty proof of a CDN that is not there",
    ("tests/infra/test_verify_journal.py", "Hex High Entropy String", 4): "roots of Certificate Transparency's vectors",
    ("tests/kit/test_gost_raw.py", "Base64 High Entropy String", 5): "made by openssl for this test",
    ("tests/kit/test_gost_raw.py", "Hex High Entropy String", 2): "examples of the standard",
    ("tests/local/test_moto_guard.py", "Secret Keyword", 1): "moto's key",
    ("tests/make.py", "Secret Keyword", 1): "the password of invented people",
    ("tests/performance/runner.py", "Secret Keyword", 1): "a key for a cloud that is not there",
    ("tests/recovery/test_finish_recovery.py", "Secret Keyword", 1): "a password of invented people",
    ("tests/registration/test_activate_account.py", "Secret Keyword", 2): "passwords of invented people",
    ("tests/registration/test_complete_registration.py", "Secret Keyword", 2): "passwords of invented people",
    ("tests/sign_in/test_check_password.py", "Secret Keyword", 1): "a password of invented people",
}
PLACES = (
    "functions",
    "infra",
    "docs",
    "tests",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
    "pyproject.toml",
)
# Those that let a closed product use a library unchanged; MPL covers the list of domains inside fido2, which stays as it is.
ALLOWED = re.compile(
    r"(?:MIT(?:-0)?|Apache-2\.0|BSD-3-Clause|MIT License|BSD License|Apache Software License"
    r"|Mozilla Public License 2\.0 \(MPL 2\.0\))"
)


def run(tool: str, *arguments: str) -> Any:
    """Run a tool of this environment and read its JSON."""
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def explanation(finding: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the row that explains a finding of bandit."""
    place, said = finding["filename"].removeprefix("./"), finding["code"] + finding["issue_text"]
    fitting = (row for row in EXPLAINED if row[:2] == (place, finding["test_id"]) and row[2] in said)
    return next(fitting, None)


@pytest.mark.proof
def test_bandit_finds_nothing_unexplained() -> None:
    """Each finding has a row with a reason, and each row a finding."""
    found = run("bandit", "-q", "-r", "functions", "infra", "-f", "json")
    assert found["errors"] == []
    assert found["metrics"]["_totals"]["nosec"] == 0
    rows = {explanation(one) for one in found["results"]}
    unexplained = [one for one in found["results"] if explanation(one) is None]
    assert [(one["filename"], one["line_number"], one["issue_text"]) for one in unexplained] == []
    assert rows == set(EXPLAINED)


@pytest.mark.proof
def test_bandit_would_find_a_planted_weakness(tmp_path: Path) -> None:
    """The tool is awake: a shell call with somebody's text is found."""
    (tmp_path / "weak.py").write_text("import subprocess\nsubprocess.call(input(), shell=True)\n")
    found = run("bandit", "-q", "-r", str(tmp_path), "-f", "json")
    assert "B602" in {one["test_id"] for one in found["results"]}


@pytest.mark.proof
def test_no_secret_lies_in_the_repository(tmp_path: Path) -> None:
    """What looks like one is invented, counted and explained; a planted key is found."""
    found = run("detect-secrets", "scan", *PLACES)["results"]
    counted = Counter((place, one["type"]) for place, all_of_it in found.items() for one in all_of_it)
    here = str(Path(__file__).relative_to(ROOT))
    assert {(*key, count) for key, count in counted.items() if key[0] != here} == set(INVENTED)
    (tmp_path / "leak.py").write_text(f'key = "AKIA{"Q" * 16}"\n')
    planted = run("detect-secrets", "-C", str(tmp_path), "scan", "--all-files", ".")["results"]
    assert [one["type"] for one in planted["leak.py"]] == ["AWS Access Key"]


@pytest.mark.proof
def test_every_licence_in_the_bundle_is_allowed() -> None:
    """The published list is that of the pinned packages (UPDATE_LICENCES=1 writes it), and none asks for our source."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "functions/requirements.txt").read_text("utf-8"), re.MULTILINE)
    found = run("pip-licenses", "--from=mixed", "--format=json", "--with-urls", "--packages", *pins)
    assert len(found) == len(pins)
    said = {one["Name"]: re.split(r"; | OR ", one["License"]) for one in found}
    assert {name: all_of_it for name, all_of_it in said.items() if not all(map(ALLOWED.fullmatch, all_of_it))} == {}
    assert not any(ALLOWED.fullmatch(one) for one in ("GPL-3.0-only", "AGPL-3.0", "UNKNOWN", "LGPLv3"))
    text = table(found)
    if os.environ.get("UPDATE_LICENCES"):
        LICENCES.write_text(text, "utf-8")
    assert LICENCES.read_text("utf-8") == text


def table(found: list[dict[str, str]]) -> str:
    """Write the page; versions stand in functions/requirements.txt."""
    head = "# Licences of the bundle\n\nMade by `UPDATE_LICENCES=1` and the licence test of `tests/hardening/test_tools.py`.\n\n"
    rows = [
        f"| {one['Name']} | {one['License']} | <{one['URL']}> |"
        for one in sorted(found, key=lambda one: one["Name"].lower())
    ]
    return head + "\n".join(["| Package | Licence | Home |", "|---|---|---|", *rows]) + "\n"
