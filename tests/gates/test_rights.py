"""What judges the rights of a whole run: it must notice both kinds of faults, whatever process brought the calls."""

from collections import defaultdict
from types import SimpleNamespace

import conftest
import pytest
from conftest import World
from trips import Right

PUT, READ, KIT = Right("PutItem", "profile", None), Right("GetItem", "profile", None), Right("PutItem", "journal", None)


def test_an_undeclared_and_an_idle_right_are_noticed(world: World) -> None:
    """Both directions count; the kit's rights may stay unused."""
    from gates.rights import wrong_rights

    assert len(wrong_rights({PUT}, {KIT}, {READ}, "x")) == 2
    assert wrong_rights({PUT}, {KIT}, {PUT}, "x") == []


def test_what_was_never_called_and_what_was_never_declared_fail_a_run(world: World) -> None:
    """A run that called nothing has as many faults as there are declared rights; a foreign call is one more."""
    idle = conftest.judged({})
    assert "read_profile declares GetItem/profile and never calls it." in idle
    stray = set(conftest.judged({"read_profile": [["PutItem", "account", None]]})) - set(idle)
    assert stray == {"read_profile calls PutItem/account without declaring it."}


def test_what_several_processes_called_is_put_together(pytestconfig: pytest.Config) -> None:
    """Each process of a shared run adds what it has called, as plain lists."""
    shared = SimpleNamespace(stash={conftest.USED: defaultdict(list)})
    for part in ([["PutItem", "profile", None]], [["GetItem", "profile", None]]):
        conftest.pytest_testnodedown(SimpleNamespace(config=shared, workeroutput={"used": {"x": part}}))
    conftest.pytest_testnodedown(SimpleNamespace(config=shared))
    assert shared.stash[conftest.USED] == {"x": [tuple(PUT), tuple(READ)]}
