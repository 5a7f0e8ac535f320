"""What the gateway does without a function: whom it lets in, what it says by itself, and what it writes down."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.kit.problem import CONTENT_TYPE, Refusal
from chalicelib.kit.refusals import (
    BodyTooLarge,
    InternalError,
    RouteNotFound,
    TooManyCalls,
    UnsupportedMediaType,
)
from chalicelib.kit.web import EDGE_HEADER
from infra.templates.stages import prefix_of

LOG_DAYS: Final = 365
LAST_PRIORITY: Final = 1_000_000
CALLS_A_SECOND: Final = 50
BURST: Final = 100
TEXT: Final = {"Type": "String"}
# The route, not the path; no query, no address, no program: the access log names nobody.
_LOGGED: Final = (
    "requestId",
    "requestTime",
    "httpMethod",
    "resourcePath",
    "status",
    "responseLength",
    "responseLatency",
    "integrationLatency",
    "error.responseType",
)
_HEADERS: Final = {
    "Content-Type": CONTENT_TYPE,
    "Content-Language": "ru",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


@dataclass(frozen=True)
class Sentence:
    """What the gateway says by itself."""

    status: int
    code: str
    title: str
    detail: str
    retry_after: int | None = None

    @classmethod
    def of(cls, refusal: type[Refusal]) -> "Sentence":
        """Say the same as the kit does."""
        return cls(refusal.status, refusal.code(), refusal.title, refusal.detail, refusal.retry_after)

    def body(self) -> dict[str, str]:
        """Return the text of the problem; the gateway fills in its own request id."""
        said = {
            "type": f"${{PublicUrl}}/errors/#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "trace_id": "$context.requestId",
        }
        return {"Fn::Sub": json.dumps(said)}

    def headers(self) -> dict[str, str]:
        """Return the headers that go with the problem."""
        return _HEADERS | ({} if self.retry_after is None else {"Retry-After": str(self.retry_after)})


_BAD_REQUEST: Final = Sentence(
    400, "bad-request", "Запрос не принят", "Запрос составлен неверно. Сверьте его со справочником операций."
)
_REFUSED: Final = Sentence(
    403, "access-denied", "Доступ закрыт", "Запрос отклонён защитой. Если так и должно работать, напишите в поддержку."
)
_TIMEOUT: Final = Sentence(
    504,
    "gateway-timeout",
    "Ответ не успел прийти",
    "Ответ готовился слишком долго. Изменение могло сохраниться: повторите запрос с тем же Idempotency-Key.",
)
# Responses that the gateway makes without a function; what is not named falls to the two defaults.
GATEWAY_SENTENCES: Final = {
    "MISSING_AUTHENTICATION_TOKEN": Sentence.of(RouteNotFound),  # so the gateway calls an unknown route
    "RESOURCE_NOT_FOUND": Sentence.of(RouteNotFound),
    "ACCESS_DENIED": _REFUSED,
    "WAF_FILTERED": _REFUSED,
    "REQUEST_TOO_LARGE": Sentence.of(BodyTooLarge),
    "UNSUPPORTED_MEDIA_TYPE": Sentence.of(UnsupportedMediaType),
    "THROTTLED": Sentence.of(TooManyCalls),
    "QUOTA_EXCEEDED": Sentence.of(TooManyCalls),
    "INTEGRATION_TIMEOUT": _TIMEOUT,
    "INTEGRATION_FAILURE": _TIMEOUT,
    "DEFAULT_4XX": _BAD_REQUEST,
    "DEFAULT_5XX": Sentence.of(InternalError),
}


EDGE_PROOFS: Final = {
    "EdgeProof": TEXT | {"Description": "The version of the CDN's proof that Secrets Manager keeps now."},
    "EdgeProofBefore": TEXT | {"Description": "The version before it."},
}


def edge_proof(stage: str, version: str = "EdgeProof") -> dict[str, str]:
    """Return the reference to what the CDN shows to the gateway; the value itself stands in no template.

    The reference names a version, since CloudFormation does not look again at a reference that has not changed.
    """
    secret = f"{edge_secret(prefix_of(stage))}:SecretString"
    return {"Fn::Sub": f"{{{{resolve:secretsmanager:{secret}:::${{{version}}}}}}}"}


def edge_secret(prefix: str) -> str:
    """Return the name under which Secrets Manager keeps what the CDN shows to the gateway."""
    return f"{prefix}/edge"


def routing_rule(stage: str, path: str | None, priority: int, address: dict[str, Any]) -> dict[str, Any]:
    """Send calls of a path, or of any other one, from the common address (an ARN) to the API of this template.

    Only calls that came through the CDN match; whoever comes another way finds nothing.
    """
    proofs = [edge_proof(stage, version) for version in EDGE_PROOFS]  # the CDN changes after the rules do
    shown = {"AnyOf": [{"Header": EDGE_HEADER, "ValueGlob": proof} for proof in proofs]}
    conditions: list[dict[str, Any]] = [{"MatchHeaders": shown}]
    api: dict[str, Any] = {"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "ApiStage"}}
    if path is not None:
        conditions.insert(0, {"MatchBasePaths": {"AnyOf": [path]}})
        api["StripBasePath"] = False  # the API knows its paths whole
    return {
        "Type": "AWS::ApiGatewayV2::RoutingRule",
        "Properties": {
            "DomainNameArn": address,
            "Priority": priority,
            "Conditions": conditions,
            "Actions": [{"InvokeApi": api}],
        },
    }


def priority_of(domain: str) -> int:
    """Return the place of a domain's rule among all rules: no two may share one, and the last is for what is lost."""
    return int.from_bytes(hashlib.sha256(domain.encode()).digest()[:4]) % (LAST_PRIORITY - 1) + 1


def deployed(name: str, stage: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return an API with its deployment and stage; only the common address leads to it."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"Deployment{digest}"  # a deployment is a picture of the API, so a changed API needs a new one
    return {
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {
                "Name": name,
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "DisableExecuteApiEndpoint": True,
                "BinaryMediaTypes": ["*/*"],
                "Body": body,
            },
        },
        deployment: {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "ApiStage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": deployment},
                "StageName": stage,
                "AccessLogSetting": _access_log(),
                "MethodSettings": [
                    {
                        "ResourcePath": "/*",
                        "HttpMethod": "*",
                        "ThrottlingRateLimit": CALLS_A_SECOND,
                        "ThrottlingBurstLimit": BURST,
                        "LoggingLevel": "OFF",  # the gateway's own log would hold bodies and addresses
                        "DataTraceEnabled": False,
                        "MetricsEnabled": False,
                    }
                ],
            },
        },
    }


def logs(name: str) -> dict[str, Any]:
    """Return a log group; what is older than a year goes."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": name, "RetentionInDays": LOG_DAYS},
    }


def responses() -> dict[str, Any]:
    """Return what the gateway says by itself, for the body of an API."""
    return {
        kind: {
            "statusCode": str(said.status),
            "responseParameters": {
                f"gatewayresponse.header.{name}": f"'{value}'" for name, value in said.headers().items()
            },
            "responseTemplates": {"application/json": said.body()},
        }
        for kind, said in GATEWAY_SENTENCES.items()
    }


def _access_log() -> dict[str, Any]:
    arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${AccessLogs}"
    line = json.dumps({name: f"$context.{name}" for name in _LOGGED})
    return {"DestinationArn": {"Fn::Sub": arn}, "Format": line}


def in_path(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the parameters of a path."""
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def answered(said: Sentence, names: tuple[str, ...], **more: str) -> dict[str, Any]:
    """Have the gateway answer a path by itself, without a function."""
    headers = {**said.headers(), **more}
    kinds = ("application/json", "application/merge-patch+json", "application/x-www-form-urlencoded", "text/plain")
    return {
        "parameters": in_path(names),
        "responses": {
            str(said.status): {
                "description": said.code,
                "headers": {name: {"schema": {"type": "string"}} for name in headers},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": dict.fromkeys(kinds, json.dumps({"statusCode": said.status})),
            "passthroughBehavior": "never",
            # With */* as a binary type a mock answers 500 unless its texts are named as texts.
            "contentHandling": "CONVERT_TO_TEXT",
            "responses": {
                "default": {
                    "statusCode": str(said.status),
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()
                    },
                    "responseTemplates": {"application/json": said.body()},
                    "contentHandling": "CONVERT_TO_TEXT",
                }
            },
        },
    }
