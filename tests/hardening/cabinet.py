"""The local cabinet as it runs, with one door more: valid requests of each operation, made on demand.

`python tests/hardening/cabinet.py`: PORT is the cabinet's, CLERK_PORT that of the door. `GET /<operation>` makes the
people and things of the operation's own example and answers with its token, version, path, query and body.
"""

import contextlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

TRIES, PAUSE = 5, 0.3
ROOT = Path(__file__).parents[2]
for place in (ROOT, ROOT / "functions", ROOT / "tests"):
    sys.path.insert(0, str(place))

from infra.local import cabinet  # noqa: E402 - the paths come first
from infra.sandboxes.esia import EsiaSandbox  # noqa: E402 - see above


class RememberedEsia(EsiaSandbox):
    """The sandbox that the cabinet starts, for the examples that need it."""

    started: "list[EsiaSandbox]" = []  # noqa: RUF012 - the one that runs

    def start(self) -> str:
        """Start and be remembered."""
        self.started.append(self)
        return super().start()


def main() -> int:
    """Run the cabinet until it is told to stop."""
    load = cabinet._load

    def load_and_serve(app: Any, pump: Any, sandbox: Any) -> list[str]:
        lines = load(app, pump, sandbox)
        serve(app, pump, sandbox)
        return lines

    sys.modules["infra.sandboxes.esia"].EsiaSandbox = RememberedEsia  # type: ignore[attr-defined] # the cabinet imports it late
    cabinet._load = load_and_serve
    return cabinet.main()


def serve(app: Any, pump: Any, sandbox: Any) -> None:
    """Open the door beside the cabinet."""
    import make
    from conftest import World

    make.USUAL_ADDRESS = "127.0.0.1"  # a session used from elsewhere asks for its factor anew

    world = World(None, sandbox, RememberedEsia.started[0], app, pump, None)  # type: ignore[arg-type] # examples empty nothing
    turn = threading.Lock()

    class Clerk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with turn:
                made = json.dumps(patiently(self.path.strip("/"), world), default=str).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", int(os.environ["CLERK_PORT"])), Clerk)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def patiently(name: str, world: Any) -> dict[str, Any]:
    """Make an example; a message that the cabinet's own workers are just sending may be missed once."""
    forget_counts()
    for _ in range(TRIES):
        with contextlib.suppress(AssertionError, IndexError, ValueError):
            return example(name, world)
        time.sleep(PAUSE)
    return example(name, world)


def forget_counts() -> None:
    """Let invented people get more codes in an hour than one address may: their examples share some addresses."""
    from chalicelib.kit.counts.tables import Counter
    from infra.local.engine import backend
    from infra.local.moto_guard import LOCK

    with LOCK:
        table = backend("dynamodb").tables[Counter.Meta.table_name]
        table.items = type(table.items)(table.items.default_factory)


def example(name: str, world: Any) -> dict[str, Any]:
    """Make a valid request of an operation, as it goes over HTTP."""
    from gates.examples import example_of

    from chalicelib.kit import catalogue

    made = example_of(name, world)
    roles = [role.value for role in catalogue.operations[name].allow]
    return {
        "roles": roles,
        "role": role_of(made.by.token) if made.by else None,
        "token": made.by.token if made.by else None,
        "match": made.match,
        "path_values": made.path_values,
        "query": made.query,
        "body": made.body,
    }


def role_of(token: str) -> str:
    """Return the role in which a session acts."""
    from chalicelib.kit.records.tables import Session

    handle, session_id, _ = token.split(".")
    return str(Session.get(handle, session_id).grant["role"])


if __name__ == "__main__":
    sys.exit(main())
