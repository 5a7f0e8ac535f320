"""What calls the operator: alarms, the topic that carries them, and one dashboard. Each alarm has its page in the guide.

Lines of the log that call, or whose absence does, are named here by their event; a test compares them with what the code
writes. Names of alarms are `<prefix>-<kind>-<what>`, and docs/engineering/operations.md has one heading for each kind.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.kit import catalogue
from chalicelib.kit.catalogue import Queue, Stream
from infra.templates.alarms import CONDITIONS, FIVE_MINUTES, PARAMETERS, Alarm, Metric, topic
from infra.templates.functions import api_name, domains, function_name
from infra.templates.rights import log_group
from infra.templates.stages import prefix_of
from infra.templates.stateful import camel, dead_queues

# Lines that count as errors: the kit's failures, the runtime's time limit and its unhandled errors.
ERROR_LINES: Final = '?"\\"error\\":" ?"Task timed out" ?"[ERROR]"'
ERRORS: Final = 3
SERVER_ERRORS: Final = 5
SLOW_MILLISECONDS: Final = 3000
# Of one answer in twenty: meant to stand above a cold start, so that a night of few calls, each of them cold, does not ring.
OFTEN_SLOW_MILLISECONDS: Final = 1500
BEHIND_MILLISECONDS: Final = 60_000


@dataclass(frozen=True)
class Line:
    """A line of the log that calls when it comes `most` times in five minutes; `facts` must hold as well.

    `domain` is the one that writes it, or None for every domain with workers on a queue.
    """

    event: str
    most: int
    domain: str | None = None
    facts: dict[str, str | int] = field(default_factory=dict)

    def pattern(self) -> str:
        """Return the pattern of CloudWatch Logs."""
        wanted = {"event": self.event, **self.facts}
        return "{ " + " && ".join(f"($.{name} = {json.dumps(value)})" for name, value in wanted.items()) + " }"


LINES: Final = {
    "not-delivered": Line("not-delivered", 20),
    "effect-dead": Line("effect-dead", 1),
    "sms-budget-spent": Line("sms-budget-spent", 1, "notices"),
    "journal-tampered": Line("journal-tampered", 1, "seals"),
    "journal-sealed-late": Line("journal-sealed-late", 1, "seals"),
    "seal-not-published": Line("seal-not-published", 1, "seals"),
    "passwords-guessed": Line("answered", 100, "sign_in", {"operation": "check_password", "status": 401}),
}

# Lines whose absence calls: an hourly job says them at its end, and may miss two ends.
HOURLY: Final = {
    "journal-not-reconciled": Line("journal-reconciled", 1, "seals"),
    "journal-not-compared": Line("journal-compared", 1, "seals"),
}
SILENT_HOURS: Final = 3


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the template."""
    prefix = prefix_of(stage)
    found = list(alarms(stage))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Alarms and the dashboard of {prefix}.",
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Resources": {
            **topic(f"{prefix}-alarms"),
            **_filters(prefix),
            **{f"{camel(one.kind)}{camel(one.what)}Alarm": one.resource(prefix) for one in found},
            "Dashboard": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {"DashboardName": prefix, "DashboardBody": {"Fn::Sub": json.dumps(_board(found))}},
            },
        },
    }


def alarms(stage: str) -> Iterator[Alarm]:
    """Yield every alarm of a deployment."""
    catalogue.load()
    prefix = prefix_of(stage)
    for domain in domains():
        metric = Metric(prefix, f"{domain}-errors", "Sum")
        yield Alarm("errors", domain, f"Unexpected errors in {domain}.", metric, ERRORS)
    for domain in sorted({one.domain for one in catalogue.operations.values()}):
        api = {"ApiName": api_name(domain, prefix), "Stage": stage}
        failed = Metric("AWS/ApiGateway", "5XXError", "Sum", api)
        yield Alarm("server-errors", domain, f"The API of {domain} answers 5xx.", failed, SERVER_ERRORS)
        slow = Metric("AWS/ApiGateway", "Latency", "p99", api)
        yield Alarm("slow", domain, f"One answer in a hundred of {domain} is slow.", slow, SLOW_MILLISECONDS, 3)
        often = Metric("AWS/ApiGateway", "Latency", "p95", api)
        yield Alarm(
            "often-slow", domain, f"One answer in twenty of {domain} is slow.", often, OFTEN_SLOW_MILLISECONDS, 3
        )
    throttled = Metric("AWS/Lambda", "Throttles", "Sum")
    yield Alarm("throttled", "functions", "Calls were refused for want of free functions.", throttled, 10)
    for name in dead_queues(prefix):
        depth = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": name})
        what = name.removeprefix(f"{prefix}-").removesuffix("-dead")
        yield Alarm("dead-letters", what, f"Dead letters lie in {name}.", depth, 1)
    for worker in catalogue.workers.values():
        if isinstance(worker.on, Stream):
            age = Metric("AWS/Lambda", "IteratorAge", "Maximum", {"FunctionName": function_name(worker, prefix)})
            sentence = f"{worker.name} is more than a minute behind its table."
            yield Alarm("stream-behind", worker.name, sentence, age, BEHIND_MILLISECONDS)
    for kind, line in LINES.items():
        metric = Metric(prefix, kind, "Sum")
        sentence = f"The log says {line.event!r} {line.most} times in five minutes or more."
        yield Alarm(kind, "lines", sentence, metric, line.most)
    for kind, line in HOURLY.items():
        sentence = f"The log has not said {line.event!r} for {SILENT_HOURS} hours."
        metric = Metric(prefix, kind, "Sum")
        yield Alarm(kind, "lines", sentence, metric, line.most, SILENT_HOURS, period=3600, kept_up=True)


def _filters(prefix: str) -> dict[str, Any]:
    found = {}
    for domain in domains():
        found[f"{camel(domain)}Errors"] = _filter(domain, prefix, ERROR_LINES, f"{domain}-errors")
    for kind, line in {**LINES, **HOURLY}.items():
        for domain in [line.domain] if line.domain else _senders():
            found[f"{camel(domain)}{camel(kind)}"] = _filter(domain, prefix, line.pattern(), kind)
    return found


def _senders() -> list[str]:
    return sorted({one.domain for one in catalogue.workers.values() if isinstance(one.on, Queue)})


def _filter(domain: str, prefix: str, pattern: str, metric: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": log_group(domain, prefix),
            "FilterPattern": pattern,
            "MetricTransformations": [{"MetricNamespace": prefix, "MetricName": metric, "MetricValue": "1"}],
        },
    }


def _board(found: list[Alarm]) -> dict[str, Any]:
    kinds: dict[str, list[list[Any]]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one.metric.widget())
    return {
        "widgets": [
            {
                "type": "metric",
                "width": 12,
                "height": 6,
                "properties": {
                    "title": kind,
                    "region": "${AWS::Region}",
                    "period": FIVE_MINUTES,
                    "view": "timeSeries",
                    "metrics": metrics,
                },
            }
            for kind, metrics in kinds.items()
        ]
    }
