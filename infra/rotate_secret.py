"""A new version of the deployment secret's turning root: run by the operator.

    python -m infra.rotate_secret --stage dev             # the new version seals ten minutes from now; older ones open
    python -m infra.rotate_secret --stage dev --drop-old  # after a leak, once the new one seals: older ones open no more

With the AWS credentials of the operator. Nothing secret is printed. The secret is wrapped anew by KMS each time, so with
the newest of the KMS key's own versions too.
"""

import argparse
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above

if __name__ == "__main__":
    deployment.enter_named()

from chalicelib.kit import clock, secret  # noqa: E402 - it reads the environment
from chalicelib.kit.secret import Root  # noqa: E402 - see above

# By then every function has read its copy anew, and knows the version that others begin to use.
AHEAD_SECONDS: Final = 2 * secret.COPY_SECONDS


class NotNowError(Exception):
    """The change was not made; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Rotate, tell; 1 when nothing was done."""
    parser = argparse.ArgumentParser(prog="python -m infra.rotate_secret", description="Сменить секрет развёртывания.")
    parser.add_argument("--stage", required=True, help="стадия: dev или prod")
    parser.add_argument("--drop-old", action="store_true", help="забыть прежние версии (после утечки)")
    drop = parser.parse_args(arguments).drop_old
    try:
        newest = change(only_newest if drop else with_another)
    except NotNowError as error:
        print(f"{error} Ничего не сделано.", file=sys.stderr, flush=True)
        return 1
    done = "только она и действует" if drop else f"действует с {clock.moment(newest.since)}"
    print(f"Версия {newest.version}: {done}.")
    return 0


def with_another(roots: list[Root]) -> list[Root]:
    """Put a new version, which begins in a while, before the others, without those that nothing sealed needs."""
    _refuse_early(roots)
    now = clock.epoch()
    new = Root(roots[0].version + 1, secrets.token_hex(32), now + AHEAD_SECONDS)
    needed = [one for one, after in zip(roots[1:], roots, strict=False) if after.since + secret.KEEP_SECONDS > now]
    return [new, roots[0], *needed]


def only_newest(roots: list[Root]) -> list[Root]:
    """Drop all versions but the newest."""
    _refuse_early(roots)
    return roots[:1]


def change(how: Callable[[list[Root]], list[Root]]) -> Root:
    """Write other versions if nobody else has meanwhile; returns the newest."""
    roots: list[Root] = []

    def rewritten(held: dict[str, Any]) -> dict[str, Any]:
        roots[:] = how(secret.roots_of(held))
        return held | {"roots": msgspec.to_builtins(roots)}

    if not secret.rewrite(rewritten):
        raise NotNowError("Секрет только что изменил кто-то другой.")
    return roots[0]


def _refuse_early(roots: list[Root]) -> None:
    if roots[0].since > clock.epoch():
        raise NotNowError(f"Версия {roots[0].version} начнёт действовать только в {clock.moment(roots[0].since)}.")


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
