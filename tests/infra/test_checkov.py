"""The templates before an independent judge, checkov: whatever it finds is explained, and whatever is explained is found."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra import package

CHECKOV = package.ROOT / ".venv/tools/checkov/bin/checkov"
EXCEPTIONS = tomllib.loads((package.ROOT / "infra/tools/checkov_exceptions.toml").read_text("utf-8"))["exception"]

pytestmark = pytest.mark.proof


def findings(folder: Path) -> tuple[set[tuple[str, str]], int]:
    """Run checkov over a folder, offline; returns what failed, as check and address, and how many checks passed."""
    if not CHECKOV.exists():
        pytest.fail("checkov is not installed: bash infra/tools/install.sh checkov")
    command = [str(CHECKOV), "-d", str(folder), "--framework", "cloudformation", "--skip-download", "--quiet"]
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    failed = {
        (one["check_id"], f"{Path(one['file_path']).stem}/{one['resource']}")
        for one in report["results"]["failed_checks"]
    }
    return failed, report["summary"]["passed"]


def write(folder: Path, templates: dict[str, dict[str, Any]]) -> Path:
    """Write templates where checkov looks for them."""
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1))
    return folder


def test_checkov_finds_only_what_is_explained(tmp_path: Path) -> None:
    """Every finding has its row of reasons, and no row is left that explains nothing."""
    failed, passed = findings(write(tmp_path, package.templates("prod")))
    assert passed > 1000

    def explains(row: dict[str, str], check: str, place: str) -> bool:
        return row["check"] == check and re.fullmatch(row["resources"], place) is not None

    unexplained = [pair for pair in sorted(failed) if not any(explains(row, *pair) for row in EXCEPTIONS)]
    assert unexplained == []
    idle = [row["check"] for row in EXCEPTIONS if not any(explains(row, *pair) for pair in failed)]
    assert idle == []


def test_checkov_would_notice_an_open_bucket_and_an_open_key(tmp_path: Path) -> None:
    """Planted faults are found, so the judge is awake."""
    template = package.templates("prod")["artifacts"]
    del template["Resources"]["Artifacts"]["Properties"]["PublicAccessBlockConfiguration"]
    policy = package.templates("prod")["functions-profile"]
    role = policy["Resources"]["ReadProfileRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    role.append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    failed, _ = findings(write(tmp_path, {"artifacts": template, "profile": policy}))
    assert ("CKV_AWS_53", "artifacts/AWS::S3::Bucket.Artifacts") in failed
    assert any(check == "CKV_AWS_62" for check, _ in failed)
