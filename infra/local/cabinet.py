"""The whole cabinet on this computer, without a cloud: `python -m infra.local.cabinet`, or `make run`.

Only the standard library is imported above, in forms that an old Python reads too, so that a wrong Python is told
so in one sentence; the rest is imported once the port is ours and the environment is set.
"""

import contextlib
import importlib
import importlib.util
import os
import platform
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.local.server import Front

ROOT = Path(__file__).resolve().parents[2]
PORT = "8080"
LAST_PORT = 65535
OLDEST = (3, 11)


def main() -> int:
    """Run until Ctrl-C or SIGTERM; 2 when the cabinet cannot start here."""
    if sys.version_info < OLDEST:
        return _refuse(f"Нужен Python 3.11 или новее, а этот — {platform.python_version()}.")
    given = os.environ.get("PORT") or PORT
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= LAST_PORT):
        return _refuse(f"PORT должен быть целым числом от 1 до {LAST_PORT}, а указано «{given}».")
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _interrupt)
    sys.path.insert(0, str(ROOT / "functions"))
    stack = contextlib.ExitStack()
    try:
        return _run(int(given), stack)
    except KeyboardInterrupt:
        print("\nКабинет остановлен.", flush=True)
        return 0
    finally:
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.SIG_IGN)
        stack.close()


def _run(port: int, stack: contextlib.ExitStack) -> int:
    """Start everything, tell where to look, and wait; what was started is stopped with the stack, last first."""
    from infra.local.engine import CannotStart  # noqa: PLC0415 - see the module's docstring
    from infra.local.server import Front, PortTaken, Server  # noqa: PLC0415 - see above

    front = Front(ROOT / "build" / "site")
    try:
        server = Server(front, port)
    except PortTaken as taken:
        return _refuse(str(taken))
    server.start()
    url = f"http://localhost:{port}"
    try:
        sign_ins = _open(front, url, stack)
    except CannotStart as reason:
        return _refuse(str(reason))
    stack.callback(server.stop)
    print(
        f"Личный кабинет медицинского работника работает: {url}",
        f"  {url}/ — справочный центр",
        f"  {url}/v1/… — операции кабинета; описание: {url}/openapi.json",
        f"  {url}/_local/outbox — отправленные СМС и письма",
        f"  {url}/_local/people — люди учебного регистра ФРМР",
        f"  {url}/_local/passkey — подключить ключ доступа и войти им",
        f'  POST {url}/_local/clock {{"advance_seconds": 60}} — перевести часы вперёд',
        f'  POST {url}/_local/faults {{"system": "frmr|esia", "mode": "slow|down|refusing|flaky|ok"}} — испортить регистр или ЕСИА',
        *sign_ins,
        "Остановить: Ctrl-C.",
        sep="\n",
        flush=True,
    )
    threading.Event().wait()
    return 0


def _open(front: "Front", url: str, stack: contextlib.ExitStack) -> "list[str]":
    """Start the cloud, the outside systems and the workers, load the demonstration, and let requests in."""
    from chalicelib.kit import clock  # noqa: PLC0415 - see above
    from infra.local.engines import choose  # noqa: PLC0415 - see the module's docstring
    from infra.sandboxes.esia import EsiaSandbox  # noqa: PLC0415 - see above
    from infra.sandboxes.frmr import FrmrSandbox  # noqa: PLC0415 - see above

    sandbox, esia = FrmrSandbox(), EsiaSandbox(lambda: clock.now().timestamp(), [f"{url}/esia/return.html"])
    frmr_url, _ = sandbox.start(), esia.start()
    environment = esia.environment() | {"CABINET_PUBLIC_URL": url, "CABINET_FRMR_URL": frmr_url}
    # Never left: a request that outlives the others must not find the way to a real cloud.
    engine = choose({"esia_signing": esia.client.private.hex()}, **environment)
    stack.callback(engine.stop)
    contextlib.ExitStack().enter_context(engine)
    app = importlib.import_module("app").app  # functions/app.py, only now: tables read their names from the environment
    from chalicelib.kit import catalogue  # noqa: PLC0415 - see above
    from infra.local.backstage import Backstage, System  # noqa: PLC0415 - see above
    from infra.local.pump import Pump  # noqa: PLC0415 - see above

    pump = Pump(engine, catalogue.workers)
    pump.start()
    stack.callback(pump.stop)
    stack.callback(sandbox.stop)  # before the pump, so that no worker waits for a slow register
    stack.callback(esia.stop)
    doors = [f"  {url}/esia/start.html — вход через учебные Госуслуги ({esia.url})", *_load(app, pump, sandbox)]
    systems: dict[str, System] = {"frmr": sandbox, "esia": esia}
    hands = Backstage(
        pump=pump, systems=systems, people=sandbox.people, registered=_is_registered, healed=_forget_failures
    )
    front.open(app, hands)
    return doors


def _load(app: Any, pump: Any, sandbox: Any) -> "list[str]":
    """Load the demonstration hospital; returns the lines that say how to sign in."""
    if importlib.util.find_spec("infra.local.demo") is None:
        return []
    return list(importlib.import_module("infra.local.demo").load(app, pump, sandbox) or ())


def _is_registered(person: "dict[str, Any]") -> bool:
    """Tell whether a person of the register has a cabinet."""
    from chalicelib.accounts.tables import Reservation  # noqa: PLC0415 - see the module's docstring
    from chalicelib.kit import secret  # noqa: PLC0415 - see above
    from chalicelib.kit.tables import Get, fetch  # noqa: PLC0415 - see above

    return fetch((Get(Reservation, f"snils#{secret.look_up('snils', person['snils'])}"),))[0] is not None


def _forget_failures(system: str) -> None:
    """Close the breaker of a system that was made well again, so that nobody has to wait for it."""
    from chalicelib.kit.records.tables import Breaker  # noqa: PLC0415 - see the module's docstring

    Breaker.change(system, actions=Breaker(system=system).recovered())


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
