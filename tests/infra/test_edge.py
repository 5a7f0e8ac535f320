"""The CDN as data, and its one function really run."""

import json
import subprocess
from typing import Any

import pytest

from infra.templates import edge, gateway, stages, watch


def resource(name: str) -> Any:
    """Return the properties of a resource of the edge."""
    return edge.build("prod")["Resources"][name]["Properties"]


def asked(uri: str) -> Any:
    """Run the function of pages on a request, in node: the language of the CDN is JavaScript."""
    program = f"{edge.PAGES_FUNCTION}\nconsole.log(JSON.stringify(handler({{request: {{uri: {json.dumps(uri)}}}}})))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_one_address_leads_to_the_site_and_to_every_api() -> None:
    """Two behaviours whatever the number of domains; the API is not cached and takes every method."""
    config = resource("Distribution")["DistributionConfig"]
    (api,) = config["CacheBehaviors"]
    assert (api["PathPattern"], api["TargetOriginId"], api["ViewerProtocolPolicy"]) == ("/v1/*", "api", "https-only")
    assert {"POST", "PATCH", "DELETE"} <= set(api["AllowedMethods"])
    assert api["CachePolicyId"] != config["DefaultCacheBehavior"]["CachePolicyId"]
    assert "FunctionAssociations" not in api
    assert "CustomErrorResponses" not in config, "They would replace the API's problems too."
    assert config["IPV6Enabled"]
    assert config["HttpVersion"] == "http2and3"
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    (group,) = config["OriginGroups"]["Items"]
    assert [one["OriginId"] for one in group["Members"]["Items"]] == ["site", "api"]
    assert set(group["FailoverCriteria"]["StatusCodes"]["Items"]) == {403, 404}


@pytest.mark.parametrize("stage", stages.STAGES)
def test_the_proof_stands_in_no_template(stage: str) -> None:
    """The header that the API believes is a reference to Secrets Manager, the same as the gateway asks for."""
    config = edge.build(stage)["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    (api,) = [one for one in config["Origins"] if one["Id"] == "api"]
    (header,) = api["OriginCustomHeaders"]
    assert header == {"HeaderName": "x-cabinet-edge", "HeaderValue": gateway.edge_proof(stage)}
    assert header["HeaderValue"]["Fn::Sub"].startswith("{{resolve:secretsmanager:")


def test_the_access_log_holds_no_query_and_names_nobody() -> None:
    """Fields are named one by one, and none of them can hold a query, an address, a cookie or a referrer."""
    fields = resource("LogDelivery")["RecordFields"]
    assert {"cs-uri-stem", "sc-status", "time-taken"} <= set(fields)
    assert not [
        one
        for one in fields
        if any(word in one.lower() for word in ("query", "ip", "cookie", "refer", "agent", "forwarded"))
    ]
    assert "Logging" not in resource("Distribution")["DistributionConfig"], "The old log writes whole queries."
    firewall = json.dumps(resource("Firewall"))
    assert '"SampledRequestsEnabled": true' not in firewall, "Samples show headers, that is tokens."


def test_failures_of_the_cdn_call_by_a_topic_of_this_region() -> None:
    """CloudFront's metrics and the alarm on them are in us-east-1 only, so alarm, topic and letter stand in this stack."""
    alarm = resource("ErrorsAlarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "AWS/CloudFront",
        "5xxErrorRate",
        "Average",
    )
    named = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert named == {"DistributionId": {"Ref": "Distribution"}, "Region": "Global"}
    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert resource("AlarmLetter")["TopicArn"] == {"Ref": "Alarms"}
    in_region = watch.build("prod")["Resources"]["Alarms"]["Properties"]["TopicName"]
    assert resource("Alarms")["TopicName"] != in_region, "A deployment in us-east-1 holds both topics."


def test_the_site_is_read_by_this_distribution_only() -> None:
    """The bucket is shut; one statement lets one distribution read objects; anything without TLS is refused."""
    for name in ("Site", "AccessLogs"):
        assert set(resource(name)["PublicAccessBlockConfiguration"].values()) == {True}
    statements = resource("SitePolicy")["PolicyDocument"]["Statement"]
    (read,) = [one for one in statements if one["Effect"] == "Allow"]
    assert read["Action"] == "s3:GetObject"
    assert "distribution/${Distribution}" in json.dumps(read["Condition"]["StringEquals"])
    (deny,) = [one for one in statements if one["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_policy_of_the_site_allows_unsafe_scripts() -> None:
    """Inline scripts of the site are named by their digests."""
    headers = resource("SiteHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    said = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    assert "unsafe" not in said
    assert "script-src 'self' ${SiteScripts};" in said
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def test_the_firewall_stops_floods_and_known_attacks_and_lets_signatures_through() -> None:
    """One address may call 3,000 times in five minutes; the rule against bodies over 8 KB only counts."""
    rules = {one["Name"]: one for one in resource("Firewall")["Rules"]}
    assert rules["calls-of-one-address"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    assert common["RuleActionOverrides"] == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]
    assert "AWSManagedRulesKnownBadInputsRuleSet" in rules
    assert len({one["Priority"] for one in rules.values()}) == len(rules)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("/", "/index.html"),
        ("/sign-in/", "/sign-in/index.html"),
        ("/assets/favicon.svg", "/assets/favicon.svg"),
        ("/esia/return.html", "/esia/return.html"),
    ],
)
def test_a_page_is_the_index_of_its_folder(uri: str, place: str) -> None:
    """Addresses of pages end with a slash; files are taken as they are."""
    assert asked(uri) == {"uri": place}


@pytest.mark.proof
@pytest.mark.parametrize("uri", ["/sign-in", "//evil.example", "/\\evil.example/..", "///evil", "\\\\evil", "/v2/x"])
def test_a_forgotten_slash_leads_to_this_site_and_nowhere_else(uri: str) -> None:
    """The redirect begins with exactly one slash, so that no browser takes what follows for a host."""
    answer = asked(uri)
    place = answer["headers"]["location"]["value"] if "headers" in answer else answer["uri"]
    if "headers" in answer:
        assert answer["statusCode"] == 301
        assert place[0] == "/"
        assert place[1] not in "/\\"
        assert place.endswith("/")
