"""Erase again whoever was erased: after tables were restored, what belonged to them may be back.

    python -m infra.erase_again --stage dev

With the AWS credentials of the operator. It looks through all accounts, which no function may do, and puts those that were
erased before their worker once more; the worker deletes what it finds of them within the next hours, and the journal says so.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above

if __name__ == "__main__":
    deployment.enter_named()

from chalicelib.accounts.tables import ERASE_SHARDS, Account  # noqa: E402 - it reads the environment
from chalicelib.kit import clock  # noqa: E402 - see above


def main(arguments: list[str] | None = None) -> int:
    """Mark, tell how many."""
    parser = argparse.ArgumentParser(prog="python -m infra.erase_again", description="Стереть стёртых ещё раз.")
    parser.add_argument("--stage", required=True, help="стадия: dev или prod")
    parser.parse_args(arguments)
    print(f"{sum(map(_mark, Account.scan(Account.erased_at.exists())))} accounts will be erased again within hours.")
    return 0


def _mark(account: Account) -> bool:
    shard = str(int(account.person_id[-1], 16) % ERASE_SHARDS)
    actions = [Account.erase_at.set(clock.epoch()), Account.erase_shard.set(shard)]
    return Account.change(account.person_id, actions=actions, when=Account.erased_at.exists()) is not None


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
