"""One cloud for the whole run, emptied between tests; one clock; one register and one ЕСИА."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

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
os.environ.pop("DATA", None)  # tests empty what they stand on
RETURN_ADDRESS = "http://localhost:8080/esia/return.html"
WHOLE_RUN = pytest.StashKey[bool]()
USED = pytest.StashKey[dict[str, list[Any]]]()
FAULTS = pytest.StashKey[list[str]]()
ON_MOTO = pytest.StashKey[list[str]]()


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
def whole_world(request: pytest.FixtureRequest) -> Iterator[World]:
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

        trips = Trips()
        yield World(engine, register, esia, app, Pump(engine, catalogue.workers, handle), trips)
        note_used(request.config, trips.rights)
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


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the note of what is called, and tell whether all tests run, so that what was never called can be judged."""
    config.stash[USED] = defaultdict(list)
    runs = not (config.option.keyword or config.option.collectonly)
    config.stash[WHOLE_RUN] = runs and list(config.args) == list(config.getini("testpaths"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let those who make a cloud of their own go first.

    On the second engine only what stands on an engine runs, without what is marked `moto`.
    """
    items.sort(key=stands_on_an_engine)
    if (os.environ.get("ENGINE") or Engine.name) == Engine.name:
        return
    on_moto = {item: marker.args[0] for item in items if (marker := item.get_closest_marker("moto")) is not None}
    config.stash[ON_MOTO] = [f"{item.nodeid}: {reason}" for item, reason in on_moto.items()]
    left = [item for item in items if item in on_moto or not stands_on_an_engine(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def stands_on_an_engine(item: pytest.Item) -> bool:
    """Tell whether a test uses the world, hence the engine beneath it."""
    return "whole_world" in getattr(item, "fixturenames", ())


def note_used(config: pytest.Config, used: Mapping[str, Iterable[Any]]) -> None:
    """Add what one process has called; with pytest-xdist several processes share a run."""
    known = config.stash[USED]
    for name, rights in used.items():
        known[name] += [tuple(one) for one in rights]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of pytest-xdist has called."""
    note_used(node.config, getattr(node, "workeroutput", {}).get("used", {}))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what was called; a whole run fails when rights are declared and not used, or used and not declared."""
    config, used = session.config, session.config.stash[USED]
    if hasattr(config, "workeroutput"):
        config.workeroutput["used"] = dict(used)
    elif (
        ON_MOTO not in config.stash
        and config.stash[WHOLE_RUN]
        and config.option.markexpr == "not proof"
        and not session.testsfailed
    ):
        config.stash[FAULTS] = judged(used)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED if config.stash[FAULTS] else session.exitstatus


def judged(used: Mapping[str, Iterable[Any]]) -> list[str]:
    """Compare the rights that a whole run has used with the declared ones."""
    with patch.dict(os.environ, ENVIRONMENT):
        from gates.rights import faults_of
        from trips import Right

        from chalicelib.kit import catalogue

        catalogue.load()
        return faults_of({name: {Right(*one) for one in rights} for name, rights in used.items()})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say before the last line which rights are wrong, or that the run was judged; and what runs on moto only."""
    for one in config.stash.get(ON_MOTO, []):
        terminalreporter.line(f"Only on moto: {one}")
    if (faults := config.stash.get(FAULTS, None)) is None:
        return
    terminalreporter.section("declared rights and used ones")
    terminalreporter.line("\n".join(faults) or "Each operation and worker called exactly what it declares.")
