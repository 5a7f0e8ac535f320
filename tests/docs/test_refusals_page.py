"""What the page of refusals says of answers that are not the cabinet's is what the CDN's template makes them."""

import json
from typing import Any

from conftest import ROOT

from docs.hooks import facts
from infra.templates import edge

PAGE = (ROOT / "docs/developers/refusals.md").read_text("utf-8")


def firewall() -> dict[str, Any]:
    """Return the properties of the CDN's firewall."""
    found: dict[str, Any] = edge.build()["Resources"]["Firewall"]["Properties"]
    return found


def test_the_rate_rule_answers_json_without_the_number_of_a_call() -> None:
    """The code is the cabinet's; there is no type and no trace_id, and the wait is the one that the page names."""
    (body,) = firewall()["CustomResponseBodies"].values()
    assert body["ContentType"] == "APPLICATION_JSON"
    assert set(json.loads(body["Content"])) == {"title", "status", "detail", "code"}
    assert f"`code` — `{json.loads(body['Content'])['code']}`" in PAGE
    (rule,) = [one for one in firewall()["Rules"] if "RateBasedStatement" in one["Statement"]]
    (header,) = rule["Action"]["Block"]["CustomResponse"]["ResponseHeaders"]
    assert header == {"Name": "Retry-After", "Value": facts.limit("", "address_rest_seconds")}
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == facts.limits()["address_calls"]


def test_other_rules_of_the_firewall_leave_the_answer_to_the_cdn() -> None:
    """Managed rules name no answer of ours, so their refusal is the CDN's own page."""
    others = [one for one in firewall()["Rules"] if "RateBasedStatement" not in one["Statement"]]
    assert others
    assert [one["Name"] for one in others if "Action" in one or "CustomResponse" in json.dumps(one)] == []
    assert "CustomErrorResponses" not in edge.build()["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
