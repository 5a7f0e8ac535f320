"""Alarms as data: each watches something that is really emitted, and each has its heading in the operator's guide."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import conftest
import make
import pytest
from conftest import World

from chalicelib.kit import catalogue, clock, jobs
from chalicelib.kit.catalogue import Stream
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox
from infra.templates import edge, functions, stateful, watch

PREFIX = "cabinet-prod"
GUIDE = conftest.ROOT / "docs/engineering/operations.md"


def matches(line: watch.Line, text: str) -> bool:
    """Tell whether a line of the log matches, read from the pattern itself as CloudWatch reads it."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    wanted = re.findall(r"\(\$\.(\w+) = (\"[^\"]*\"|\d+)\)", line.pattern())
    assert line.pattern() == "{ " + " && ".join(f"($.{name} = {value})" for name, value in wanted) + " }"
    return all(found.get(name) == json.loads(value) for name, value in wanted)


def written() -> dict[str, list[set[str]]]:
    """Return the events that the code logs, each with the names of the facts that go with it."""
    found: dict[str, list[set[str]]] = {}
    for path in sorted((conftest.ROOT / "functions/chalicelib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"log.event", "log.failure"}:
                name = ast.literal_eval(node.args[0])
                found.setdefault(name, []).append({str(one.arg) for one in node.keywords})
    return found


@pytest.mark.parametrize("kind", sorted({**watch.LINES, **watch.HOURLY}))
def test_a_line_that_calls_is_written_by_the_code(kind: str) -> None:
    """Somewhere in the functions this event is logged, with the facts that the pattern asks for."""
    line = {**watch.LINES, **watch.HOURLY}[kind]
    assert any(line.facts.keys() <= facts for facts in written()[line.event])


def test_an_hourly_job_that_stays_away_calls() -> None:
    """A sum below one in each of three hours, and no line at all is no better."""
    found = {one.kind: one.resource(PREFIX)["Properties"] for one in watch.alarms("prod")}
    for kind, line in watch.HOURLY.items():
        assert line.domain == "seals"
        said = found[kind]
        assert (said["ComparisonOperator"], said["Threshold"]) == ("LessThanThreshold", 1)
        assert said["TreatMissingData"] == "breaching"
        assert (said["Period"], said["EvaluationPeriods"]) == (3600, 3)
    assert {one["TreatMissingData"] for kind, one in found.items() if kind not in watch.HOURLY} == {"notBreaching"}


def test_a_wrong_password_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of a refused password matches, that of a right one does not."""
    line = watch.LINES["passwords-guessed"]
    person = make.person()
    for password, expected in (("Wrong-2026-password", 1), (make.PASSWORD, 0)):
        ticket = world.client.call("start_sign_in", {"login": person.login}).json["ticket"]
        capsys.readouterr()
        world.client.call("check_password", {"ticket": ticket, "password": password})
        assert sum(matches(line, one) for one in capsys.readouterr().out.splitlines()) == expected


def test_an_effect_that_is_put_aside_is_said(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last failed try writes the line that calls; earlier ones write only that it was not delivered."""

    def broken(*_: Any) -> None:
        raise RuntimeError

    worker = catalogue.workers["deliver_sms"]
    monkeypatch.setitem(catalogue.workers, "deliver_sms", _with(worker, broken))
    row = _waiting()
    event = {"Records": [{"messageId": "m", "body": json.dumps({"effect_id": row.effect_id})}]}
    said = []
    for _ in range(jobs.MAX_ATTEMPTS):
        capsys.readouterr()
        jobs.handle("deliver_sms", event)
        said.append(capsys.readouterr().out.splitlines())
        clock.advance(3 * 3600)
    counts = [sum(matches(watch.LINES["effect-dead"], one) for one in lines) for lines in said]
    assert counts == [0] * (jobs.MAX_ATTEMPTS - 1) + [1]
    assert all(any(matches(watch.LINES["not-delivered"], one) for one in lines) for lines in said)
    assert Outbox.get(row.effect_id).state == "dead"


def _with(worker: Any, function: Any) -> Any:
    import msgspec

    function.__annotations__ = worker.function.__annotations__
    return msgspec.structs.replace(worker, function=function)


def _waiting() -> Outbox:
    from chalicelib.kit import outbox

    row = outbox.row(Sms(to="+79160000000", text="Проверка"), "trace")
    row.save()
    return row


def test_error_lines_are_the_kits_failures_and_the_runtimes() -> None:
    """Each part of the pattern is text that really stands in such a line."""
    parts = [json.loads(one) for one in re.findall(r'\?("(?:[^"\\]|\\.)*")', watch.ERROR_LINES)]
    failure = json.dumps({"event": "unexpected", "error": "ValueError"})
    assert parts[0] in failure
    assert parts[1:] == ["Task timed out", "[ERROR]"]


def test_every_alarm_watches_what_exists() -> None:
    """Dimensions name APIs, queues and functions that the other stacks make; metrics of the log have their filters."""
    resources = watch.build("prod")["Resources"]
    filters = {
        one["Properties"]["MetricTransformations"][0]["MetricName"]
        for one in resources.values()
        if one["Type"] == "AWS::Logs::MetricFilter"
    }
    made = [one for domain in functions.domains() for one in functions.build(domain, "prod")["Resources"].values()]
    made += stateful.build("prod")["Resources"].values()
    names = {
        str(one["Properties"].get(key)) for one in made for key in ("Name", "QueueName", "FunctionName", "StageName")
    }
    alarms = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    for alarm in alarms:
        if alarm["Namespace"] == PREFIX:
            assert alarm["MetricName"] in filters
        assert {one["Value"] for one in alarm["Dimensions"]} <= names, alarm["AlarmName"]
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert filters == {one["MetricName"] for one in alarms if one["Namespace"] == PREFIX}
    assert len({one["AlarmName"] for one in alarms}) == len(alarms)


def test_every_stream_queue_and_domain_is_watched() -> None:
    """Nothing is left out: each stream worker, each queue of dead letters, each domain, each API."""
    found = {(one.kind, one.what) for one in watch.alarms("prod")}
    catalogue.load()
    for worker in catalogue.workers.values():
        if isinstance(worker.on, Stream):
            assert ("stream-behind", worker.name) in found
    for channel in [*stateful.channels(), "streams"]:
        assert ("dead-letters", channel) in found
    for domain in functions.domains():
        assert ("errors", domain) in found
    for operation in catalogue.operations.values():
        assert {(kind, operation.domain) for kind in ("slow", "often-slow", "server-errors")} <= found


def test_every_kind_of_alarm_has_its_heading_in_the_guide() -> None:
    """Whoever is called finds what to do under the alarm's own name, and no heading speaks of an alarm that is gone."""
    headings = set(re.findall(r"^### Alarm `([a-z-]+)`", Path(GUIDE).read_text("utf-8"), re.MULTILINE))
    assert headings == {one.kind for one in (*watch.alarms("prod"), edge.errors())}


def test_the_dashboard_shows_every_kind() -> None:
    """One graph a kind of alarm."""
    body = json.loads(watch.build("prod")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert [one["properties"]["title"] for one in body["widgets"]] == list(
        dict.fromkeys(one.kind for one in watch.alarms("prod"))
    )
