"""The one address of all APIs, and what answers there when a path belongs to no domain.

The CDN has one behaviour for the API and one address behind it, however many domains there are: a routing rule of each
domain's stack leads from here to its API. The answer for lost paths is a problem under /v1 and a page elsewhere; the CDN
asks for it when the site has no such file, because an error page of the CDN would replace the API's problems too.
"""

import json
from typing import Any, Final

from chalicelib.kit.refusals import RouteNotFound
from infra.templates import gateway
from infra.templates.gateway import TEXT, Sentence
from infra.templates.stages import prefix_of
from infra.templates.stateful import KEPT

_LOST_PAGE: Final = (
    '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Такой страницы нет</title>'
    "<h1>Такой страницы нет</h1><p>Адрес изменился или набран с ошибкой.</p>"
    '<p><a href="/">Откройте справку с начала</a> и найдите нужное поиском.</p></html>'
)
# The managed policy is what API Gateway asks for before it lets any API of the account write its log.
_PUSH_LOGS: Final = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the template."""
    prefix = prefix_of(stage)
    resources = {
        "ApiDomain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Properties": {
                "DomainName": {"Ref": "ApiHost"},
                "RegionalCertificateArn": {"Ref": "ApiCertificate"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
                "RoutingMode": "ROUTING_RULE_ONLY",
            },
        },
        "GatewayLogRole": {"Type": "AWS::IAM::Role", **KEPT, "Properties": _log_role()},
        "GatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            **KEPT,
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["GatewayLogRole", "Arn"]}},
        },
        "AccessLogs": gateway.logs(f"/{prefix}/lost/access"),
        **gateway.deployed(f"{prefix}-lost", stage, _lost()),
    }
    resources["ApiStage"]["DependsOn"] = "GatewayAccount"
    own = {"Fn::GetAtt": ["ApiDomain", "DomainNameArn"]}
    resources["Route"] = gateway.routing_rule(stage, None, gateway.LAST_PRIORITY, own)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The address of all APIs of {prefix}.",
        "Parameters": {
            "ApiHost": TEXT | {"Description": "The host name behind the CDN; people never see it."},
            "ApiCertificate": TEXT | {"Description": "The ARN of its certificate, in the region of the APIs."},
            "PublicUrl": TEXT | {"Description": "The address of the cabinet, without a slash at the end."},
            **gateway.EDGE_PROOFS,
        },
        "Resources": resources,
        "Outputs": {
            "ApiDomainArn": {"Value": own},
            "ApiTarget": {
                "Description": "What the DNS record of the host name must point to.",
                "Value": {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]},
            },
        },
    }


def _log_role() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "ManagedPolicyArns": [{"Fn::Sub": _PUSH_LOGS}],
    }


def _lost() -> dict[str, Any]:
    problem = gateway.answered(Sentence.of(RouteNotFound), ("proxy",))
    page = gateway.answered(Sentence.of(RouteNotFound), ("proxy",))
    answer = page["x-amazon-apigateway-integration"]["responses"]["default"]
    answer["responseParameters"] |= {
        "method.response.header.Content-Type": "'text/html; charset=utf-8'",
        "method.response.header.Cache-Control": "'public, max-age=60'",
    }
    answer["responseTemplates"] = {"application/json": _LOST_PAGE.encode("ascii", "xmlcharrefreplace").decode()}
    root = json.loads(json.dumps(page)) | {"parameters": []}
    return {
        "openapi": "3.0.1",
        "info": {"title": "lost", "version": "1"},
        "paths": {
            "/": {"x-amazon-apigateway-any-method": root},
            "/{proxy+}": {"x-amazon-apigateway-any-method": page},
            "/v1/{proxy+}": {"x-amazon-apigateway-any-method": problem},
        },
        "x-amazon-apigateway-gateway-responses": gateway.responses(),
    }
