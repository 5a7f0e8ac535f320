"""Write the list of common passwords that new ones are compared with: `python -m infra.common_passwords`.

The list is zxcvbn's, taken from the declared package, so that nothing is fetched and the list changes with its release.
Its licence is written beside it, because the bundle carries both.
"""

import gzip
import importlib.metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PLACE: Final = Path("chalicelib/accounts/data/common_passwords.txt.gz")
LISTS: Final = (
    "passwords",
    "male_names",
    "female_names",
)  # zxcvbn keeps each word once: names are missing in the first
SHORTEST: Final = 4  # shorter ones say nothing about a password; shorter than the policy count as its core or half


def write(functions: Path = ROOT / "functions") -> Path:
    """Write list and licence below a folder that holds the product; the same release gives the same bytes."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - 100 ms that only this needs

    listed = sorted({one.casefold() for name in LISTS for one in FREQUENCY_LISTS[name] if len(one) >= SHORTEST})
    target = functions / PLACE
    target.write_bytes(gzip.compress("\n".join(listed).encode(), mtime=0))
    licence = importlib.metadata.distribution("zxcvbn").read_text("LICENSE.txt") or ""
    target.with_name("common_passwords.licence.txt").write_text(licence, encoding="utf-8")
    return target


if __name__ == "__main__":
    write()
