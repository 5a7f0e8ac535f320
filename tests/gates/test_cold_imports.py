"""A cold start loads what its operation needs and nothing else: each function is imported in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from conftest import ROOT, World

from chalicelib.kit import catalogue

# What every function stands on.
BASELINE = {
    *("chalice", "botocore", "pynamodb", "msgspec"),
    *("urllib3", "jmespath", "dateutil", "six"),
    *(
        "blinker",
        "certifi",
        "typing_extensions",
        *("brotli", "_brotli"),
    ),  # botocore and PynamoDB take them if they are there; the bundle has none
}
# A function that needs more from its first moment, and why: `"profile.x": {"typst"},  # every call makes a file`.
ALLOWED: dict[str, set[str]] = {}

LOOK = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def loaded(address: str) -> list[str]:
    """Return the top-level packages that a fresh process loads for one function."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT / "functions"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CABINET_OPERATION": address,
    }
    command = [sys.executable, "-c", LOOK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{address} does not start: {done.stderr}"
    found: list[str] = json.loads(done.stdout)
    return found


def strays(found: Mapping[str, Iterable[str]], allowed: Mapping[str, set[str]]) -> list[str]:
    """Return one sentence for every package of others that a function loads and may not."""
    own = {*sys.stdlib_module_names, "app", "chalicelib", *BASELINE}
    return [
        f"{address} loads {package} at its cold start: import it inside the function that needs it, or allow it here."
        for address, packages in sorted(found.items())
        for package in sorted(set(packages) - own - allowed.get(address, set()))
        if not package.startswith("_sysconfigdata")  # the standard library's own, named after the machine
    ]


def test_every_function_loads_only_what_it_needs(world: World) -> None:
    """Heavy libraries wait for the request that needs them; nothing of the tests or tools is ever loaded."""
    functions = [*catalogue.operations.values(), *catalogue.workers.values()]
    addresses = [one.address for one in functions]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(addresses, pool.map(loaded, addresses), strict=True))
    assert strays(found, ALLOWED) == []
    assert all({"chalice", "botocore", "pynamodb", "msgspec"} <= set(packages) for packages in found.values())
    needless = {address: names - set(found.get(address, ())) for address, names in ALLOWED.items()}
    assert not any(needless.values()), f"These allowances are not used any more: {needless}."


def test_a_stray_package_is_noticed() -> None:
    """Each heavy package is one fault with its function's name; an allowance is good for its own function only."""
    heavy = ["typst", "argon2", "pyotp", "phonenumbers", "cryptography", "boto3", "requests", "moto", "OpenSSL"]
    assert len(strays({"profile.read_profile": [*heavy, "json", "chalice", "app"]}, {})) == len(heavy)
    found = {"profile.download_confirmation": ["typst"], "profile.read_profile": ["typst", "zoneinfo", "_socket"]}
    assert strays(found, {"profile.download_confirmation": {"typst"}}) == [
        "profile.read_profile loads typst at its cold start: import it inside the function that needs it, or allow it here."
    ]
