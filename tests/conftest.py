"""One cloud for the whole run, emptied between tests; one clock; one register and one ЕСИА."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
for place in (ROOT, ROOT / "functions", ROOT / "tests"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from infra.local.engine import ENVIRONMENT, Engine  # noqa: E402 - the paths come first
from infra.local.engines import choose  # noqa: E402 - see above
from infra.sandboxes.esia import EsiaSandbox  # noqa: E402 - see above
from infra.sandboxes.frmr import FrmrSandbox  # noqa: E402 - see above

# Test files import the tables before any engine has started, and tables read their names when they are imported.
os.environ["CABINET_PREFIX"] = ENVIRONMENT["CABINET_PREFIX"]
RETURN_ADDRESS = "http://localhost:8080/esia/return.html"
WHOLE_RUN = pytest.StashKey[bool]()
ON_MOTO = pytest.StashKey[list[pytest.Item]]()


class World:
    """Everything that a test may look at or touch."""

    def __init__(
        self, engine: Engine, register: FrmrSandbox, esia: EsiaSandbox, app: Any, pump: Any, trips: Any
    ) -> None:
        import make

        self.engine = engine
        self.register = register
        self.esia = esia
        self.client = make.Client(app)
        self.pump = pump
        self.trips = trips

    def sent(self, to: str) -> list[str]:
        """Deliver what waits and return the texts sent to an address, oldest first."""
        self.pump.drain()
        return [one["text"] for one in self.pump.sent if one["to"] == to]

    def codes(self, to: str) -> list[str]:
        """Deliver what waits and return the codes sent to an address, oldest first."""
        import make

        self.pump.drain()
        found: list[str] = make.codes_in(self.pump.sent, to)
        return found

    def empty(self) -> None:
        """Forget all data, keep the tables."""
        self.engine.empty()
        self.pump.forget()


@pytest.fixture(scope="session")
def whole_world() -> Iterator[World]:
    """Start the cloud, the outside systems and the application once."""
    register = FrmrSandbox()
    esia = EsiaSandbox(cabinet_time, [RETURN_ADDRESS])
    esia.start()
    keys = {"esia_signing": esia.client.private.hex(), "oidc": "sandbox"}
    with choose(keys, CABINET_FRMR_URL=register.start(), **esia.environment()) as engine:
        from trips import Trips, current

        from app import app
        from chalicelib.kit import (
            catalogue,
            jobs,
        )
        from infra.local.pump import Pump

        def handle(name: str, event: dict[str, Any]) -> dict[str, Any]:
            mark = current.set(name)
            try:
                return jobs.handle(name, event)
            finally:
                current.reset(mark)

        yield World(engine, register, esia, app, Pump(engine, catalogue.workers, handle), Trips())
    register.stop()
    esia.stop()


def cabinet_time() -> float:
    """Return the time by the clock that the tests move."""
    from chalicelib.kit import clock

    return clock.now().timestamp()


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    """Give an empty cabinet."""
    whole_world.empty()
    whole_world.register.fault("ok")
    whole_world.esia.fault("ok")
    yield whole_world
    whole_world.empty()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let those who make a cloud of their own go first, and put what judges the whole run at its end.

    On the second engine only what stands on an engine runs, without what is marked `moto`.
    """
    items.sort(key=lambda item: (item.get_closest_marker("last") is not None, stands_on_an_engine(item)))
    config.stash[WHOLE_RUN] = not config.option.keyword and list(config.args) == list(config.getini("testpaths"))
    if os.environ.get("ENGINE", Engine.name) == Engine.name:
        return
    config.stash[ON_MOTO] = [item for item in items if item.get_closest_marker("moto") is not None]
    kept = [item for item in items if stands_on_an_engine(item) and item not in config.stash[ON_MOTO]]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def stands_on_an_engine(item: pytest.Item) -> bool:
    """Tell whether a test uses the world, hence the engine beneath it."""
    return "whole_world" in getattr(item, "fixturenames", ())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what the second engine was not asked, with the reasons."""
    for item in config.stash.get(ON_MOTO, []):
        marker = item.get_closest_marker("moto")
        terminalreporter.write_line(f"only on moto: {item.nodeid}: {marker.args[0] if marker else ''}")


@pytest.fixture
def whole_run(request: pytest.FixtureRequest) -> bool:
    """Tell whether all tests run, so that what was never called can be judged."""
    return request.config.stash[WHOLE_RUN]
