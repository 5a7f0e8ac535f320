"""The CDN: help centre, screens and API at one address, with what guards and what records them. Stands in us-east-1.

* One behaviour leads `/v1/*` to the address of all APIs (`front.py`), uncached; everything else comes from the site's
  bucket, which only this distribution may read. A file that is not there is answered by the front: an error page of the
  CDN would replace the API's own problems too.
* What proves to the API that a call came through here is a header whose value Secrets Manager keeps.
* The one alarm of the CDN stands here: its metrics are in this region only, and an alarm watches metrics of its own.
* The firewall keeps no samples: they would show headers, that is tokens. The access log holds the fields named below and
  nothing else: no query, no address, no cookie, no referrer.
"""

import json
from typing import Any, Final

from chalicelib.kit.refusals import TooManyCalls
from chalicelib.kit.web import EDGE_HEADER
from infra.templates import alarms, buckets
from infra.templates.gateway import EDGE_PROOFS, TEXT, Sentence, edge_proof
from infra.templates.stages import prefix_of

REGION: Final = "us-east-1"  # where AWS wants certificates, firewall and log delivery of a distribution
CALLS_IN_FIVE_MINUTES: Final = 3000  # of one address: a hospital behind one address calls much
RATE_SECONDS: Final = 300  # the window of that count, also the pause that the firewall asks for
FAILED_PERCENT: Final = 5
LOG_DAYS: Final = 90
OLD_DAYS: Final = 30
MAX_BEHAVIOURS: Final = 25
LOGGED: Final = (
    "date",
    "time",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "cs-method",
    "cs-uri-stem",
    "cs-protocol-version",
    "ssl-protocol",
    "sc-status",
    "sc-bytes",
    "time-taken",
)
# Policies that AWS keeps itself: names of AWS's documentation.
_CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
_ALL_VIEWER_EXCEPT_HOST: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# A page of the site lies in a folder of its own; slashes in front are made one, so that nobody is sent to another host.
PAGES_FUNCTION: Final = """\
function handler(event) {
  var request = event.request;
  if (request.uri.endsWith("/")) {
    request.uri += "index.html";
    return request;
  }
  if (request.uri.split("/").pop().includes(".")) {
    return request;
  }
  var place = "/" + request.uri.replace(/^[/\\\\]+/, "") + "/";
  return { statusCode: 301, statusDescription: "Moved Permanently", headers: { location: { value: place } } };
}
"""


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the template."""
    prefix = prefix_of(stage)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The CDN of {prefix}, its firewall, its log and the bucket of the site.",
        "Parameters": {
            **alarms.PARAMETERS,
            "PublicHost": TEXT | {"Description": "The host name that people know."},
            "PublicCertificate": TEXT | {"Description": "The ARN of its certificate, in us-east-1."},
            "ApiHost": TEXT | {"Description": "The host name of the address of all APIs."},
            "EdgeProof": EDGE_PROOFS["EdgeProof"],
            "SiteScripts": TEXT
            | {"Description": "The digests of the site's inline scripts, as its policy names them."},
        },
        "Conditions": alarms.CONDITIONS,
        "Resources": {
            **buckets.private("Site", f"{prefix}-site", OLD_DAYS, _read_by_cdn()),
            **buckets.private("AccessLogs", f"{prefix}-access", 1, *_written_by_delivery(), days=LOG_DAYS),
            "SiteAccess": {
                "Type": "AWS::CloudFront::OriginAccessControl",
                "Properties": {
                    "OriginAccessControlConfig": {
                        "Name": f"{prefix}-site",
                        "OriginAccessControlOriginType": "s3",
                        "SigningBehavior": "always",
                        "SigningProtocol": "sigv4",
                    }
                },
            },
            "Pages": {
                "Type": "AWS::CloudFront::Function",
                "Properties": {
                    "Name": f"{prefix}-pages",
                    "AutoPublish": True,
                    "FunctionCode": PAGES_FUNCTION,
                    "FunctionConfig": {"Comment": "Pages of the site", "Runtime": "cloudfront-js-2.0"},
                },
            },
            "SiteHeaders": {
                "Type": "AWS::CloudFront::ResponseHeadersPolicy",
                "Properties": {"ResponseHeadersPolicyConfig": _site_headers(prefix)},
            },
            "Firewall": {"Type": "AWS::WAFv2::WebACL", "Properties": _firewall(prefix)},
            "Distribution": {
                "Type": "AWS::CloudFront::Distribution",
                "Properties": {"DistributionConfig": _distribution(prefix, stage)},
            },
            **_log(prefix),
            **alarms.topic(f"{prefix}-cdn-alarms"),
            "ErrorsAlarm": errors().resource(prefix),
        },
        "Outputs": {
            "SiteBucket": {"Value": {"Ref": "Site"}},
            "DistributionId": {"Value": {"Ref": "Distribution"}},
            "PublicTarget": {
                "Description": "What the DNS record of the public host name must point to.",
                "Value": {"Fn::GetAtt": ["Distribution", "DomainName"]},
            },
        },
    }


def errors() -> alarms.Alarm:
    """Return the alarm of the CDN: answers of 5xx among all, in percent, those of the API, the site and the CDN itself."""
    place = {"DistributionId": {"Ref": "Distribution"}, "Region": "Global"}
    rate = alarms.Metric("AWS/CloudFront", "5xxErrorRate", "Average", place)
    return alarms.Alarm("cdn-errors", "all", "One answer in twenty of the CDN is 5xx.", rate, FAILED_PERCENT, 3)


def site_policy(scripts: str) -> str:
    """Return the Content-Security-Policy of the site; `scripts` are the digests of its inline scripts."""
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _distribution(prefix: str, stage: str) -> dict[str, Any]:
    return {
        "Comment": prefix,
        "Enabled": True,
        "Aliases": [{"Ref": "PublicHost"}],
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "WebACLId": {"Fn::GetAtt": ["Firewall", "Arn"]},
        "ViewerCertificate": {
            "AcmCertificateArn": {"Ref": "PublicCertificate"},
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        },
        "DefaultRootObject": "index.html",
        "Origins": _origins(stage),
        "OriginGroups": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "site-or-lost",
                    "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
                    "Members": {"Quantity": 2, "Items": [{"OriginId": "site"}, {"OriginId": "api"}]},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "site-or-lost",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": ["GET", "HEAD"],
            "CachePolicyId": _CACHING_OPTIMIZED,
            "ResponseHeadersPolicyId": {"Ref": "SiteHeaders"},
            "Compress": True,
            "FunctionAssociations": [
                {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Pages", "FunctionARN"]}}
            ],
        },
        "CacheBehaviors": [
            {
                "PathPattern": "/v1/*",
                "TargetOriginId": "api",
                "ViewerProtocolPolicy": "https-only",  # a redirect would have let a token travel in the clear once
                "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
                "CachePolicyId": _CACHING_DISABLED,
                "OriginRequestPolicyId": _ALL_VIEWER_EXCEPT_HOST,
                "Compress": True,
            }
        ],
    }


def _origins(stage: str) -> list[dict[str, Any]]:
    return [
        {
            "Id": "site",
            "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]},
            "OriginAccessControlId": {"Fn::GetAtt": ["SiteAccess", "Id"]},
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        },
        {
            "Id": "api",
            "DomainName": {"Ref": "ApiHost"},
            "OriginCustomHeaders": [{"HeaderName": EDGE_HEADER, "HeaderValue": edge_proof(stage)}],
            "CustomOriginConfig": {
                "OriginProtocolPolicy": "https-only",
                "OriginSSLProtocols": ["TLSv1.2"],
                "OriginReadTimeout": 30,
                "OriginKeepaliveTimeout": 60,
            },
        },
    ]


def _site_headers(prefix: str) -> dict[str, Any]:
    return {
        "Name": f"{prefix}-site",
        "SecurityHeadersConfig": {
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": 31_536_000,
                "IncludeSubdomains": True,
                "Override": True,
            },
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY", "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin", "Override": True},
            "ContentSecurityPolicy": {
                "ContentSecurityPolicy": {"Fn::Sub": site_policy("${SiteScripts}")},
                "Override": True,
            },
        },
    }


def _firewall(prefix: str) -> dict[str, Any]:
    said = Sentence.of(TooManyCalls)
    problem = json.dumps({"title": said.title, "status": said.status, "detail": said.detail, "code": said.code})
    return {
        "Name": prefix,
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": _seen(prefix),
        "CustomResponseBodies": {"too-many": {"ContentType": "APPLICATION_JSON", "Content": problem}},
        "Rules": [
            {
                "Name": "calls-of-one-address",
                "Priority": 0,
                "Statement": {"RateBasedStatement": {"Limit": CALLS_IN_FIVE_MINUTES, "AggregateKeyType": "IP"}},
                "Action": {
                    "Block": {
                        "CustomResponse": {
                            "ResponseCode": said.status,
                            "CustomResponseBodyKey": "too-many",
                            "ResponseHeaders": [{"Name": "Retry-After", "Value": str(RATE_SECONDS)}],
                        }
                    }
                },
                "VisibilityConfig": _seen(f"{prefix}-calls"),
            },
            # Signatures and files are larger than the 8 KB that the rule allows; the cabinet limits bodies itself.
            _managed(prefix, 1, "AWSManagedRulesCommonRuleSet", counted="SizeRestrictions_BODY"),
            _managed(prefix, 2, "AWSManagedRulesKnownBadInputsRuleSet"),
            _managed(prefix, 3, "AWSManagedRulesAmazonIpReputationList"),
        ],
    }


def _managed(prefix: str, priority: int, name: str, counted: str = "") -> dict[str, Any]:
    group: dict[str, Any] = {"VendorName": "AWS", "Name": name}
    if counted:
        group["RuleActionOverrides"] = [{"Name": counted, "ActionToUse": {"Count": {}}}]
    return {
        "Name": name,
        "Priority": priority,
        "Statement": {"ManagedRuleGroupStatement": group},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": _seen(f"{prefix}-{name}"),
    }


def _seen(metric: str) -> dict[str, Any]:
    return {"CloudWatchMetricsEnabled": True, "MetricName": metric, "SampledRequestsEnabled": False}


def _log(prefix: str) -> dict[str, Any]:
    distribution = {"Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}
    return {
        "LogSource": {
            "Type": "AWS::Logs::DeliverySource",
            "Properties": {"Name": f"{prefix}-cdn", "LogType": "ACCESS_LOGS", "ResourceArn": distribution},
        },
        "LogDestination": {
            "Type": "AWS::Logs::DeliveryDestination",
            "DependsOn": "AccessLogsPolicy",
            "Properties": {
                "Name": f"{prefix}-cdn",
                "OutputFormat": "json",
                "DestinationResourceArn": {"Fn::GetAtt": ["AccessLogs", "Arn"]},
            },
        },
        "LogDelivery": {
            "Type": "AWS::Logs::Delivery",
            "Properties": {
                "DeliverySourceName": {"Ref": "LogSource"},
                "DeliveryDestinationArn": {"Fn::GetAtt": ["LogDestination", "Arn"]},
                "RecordFields": list(LOGGED),
            },
        },
    }


def _read_by_cdn() -> dict[str, Any]:
    distribution = {"Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}
    return {
        "Sid": "ReadByTheCdn",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": buckets.objects_of("Site"),
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }


def _written_by_delivery() -> list[dict[str, Any]]:
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    service = {"Service": "delivery.logs.amazonaws.com"}
    return [
        {
            "Sid": "WrittenByLogDelivery",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": buckets.objects_of("AccessLogs"),
            "Condition": own,
        },
        {
            "Sid": "SeenByLogDelivery",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": {"Fn::GetAtt": ["AccessLogs", "Arn"]},
            "Condition": own,
        },
    ]
