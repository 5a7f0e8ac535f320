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


def test_a_call_outside_dynamodb_needs_its_right_and_a_right_its_call(world: World) -> None:
    """Another queue, another key or another service is a fault; a right to send that nobody uses is one too."""
    from gates.rights import wrong_elsewhere

    from chalicelib.kit import catalogue

    worker = catalogue.workers["move_outbox"]
    sends = Right("sqs:SendMessage", "sms", None)
    assert wrong_elsewhere(worker, {sends, Right("sqs:GetQueueUrl", "sms", None)}) == []
    assert wrong_elsewhere(worker, {sends, Right("sqs:SendMessage", "sms-dead", None)}) == [
        "move_outbox calls sqs:SendMessage on sms-dead without the right."
    ]
    assert wrong_elsewhere(worker, {sends, Right("kms:Decrypt", "seals", None)}) != []
    assert wrong_elsewhere(worker, set()) == ["move_outbox has the right to sqs:SendMessage and never calls it."]
    assert wrong_elsewhere(catalogue.workers["deliver_sms"], {Right("ses:SendEmail", "", None)}) == [
        "deliver_sms calls ses:SendEmail on whom it likes without the right.",
        "deliver_sms has the right to sns:Publish and never calls it.",
    ]


def test_the_journal_is_only_put_and_queried(world: World) -> None:
    """No policy lets anybody change or delete a record; security records of one minute are summed up, nothing else."""
    from chalicelib.kit import catalogue
    from infra.templates.rights import statements

    for declared in [*catalogue.operations.values(), *catalogue.workers.values()]:
        for statement in statements(declared, "cabinet"):
            actions = set(statement["Action"])
            for resource in statement["Resource"]:
                place = str(resource).rpartition("table/cabinet-")[2].partition("'")[0].partition("/")[0]
                if place == "journal":
                    assert actions <= {"dynamodb:PutItem", "dynamodb:Query"}, declared.address
                if place == "security_journal":
                    assert actions <= {"dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}, declared.address


def test_what_several_processes_called_is_put_together(pytestconfig: pytest.Config) -> None:
    """Each process of a shared run adds what it has called, as plain lists."""
    shared = SimpleNamespace(stash={conftest.USED: defaultdict(list)})
    for part in ([["PutItem", "profile", None]], [["GetItem", "profile", None]]):
        conftest.pytest_testnodedown(SimpleNamespace(config=shared, workeroutput={"used": {"x": part}}))
    conftest.pytest_testnodedown(SimpleNamespace(config=shared))
    assert shared.stash[conftest.USED] == {"x": [tuple(PUT), tuple(READ)]}
