"""The stack of one domain: its REST API, and a Lambda with a role of its own for each operation and worker.

Lambda's limit of 500 resources a stack is kept by two resources an operation and a constant: the gateway calls all
functions through one role, and they share one log group. All text is ASCII (Russian sentences as JSON escapes), because
CloudFormation does not keep other characters everywhere.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.kit import catalogue, settings
from chalicelib.kit.catalogue import EMAIL, KEEP_SEAL, PDF, Declared, Every, Operation, Outside, Queue, Worker
from chalicelib.kit.problem import CONTENT_TYPE, Refusal
from chalicelib.kit.refusals import (
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    RouteNotFound,
    TooManyCalls,
    UnsupportedMediaType,
)
from infra.templates.rights import log_group, statements
from infra.templates.seals import bucket_name
from infra.templates.stateful import camel, export_name, plain_name, prefix_of

RUNTIME: Final = "python{}.{}".format(*sys.version_info)  # .pyc files fit the Python that made them
LOG_DAYS: Final = 90
ERRORS_FOR_ALARM: Final = 3
CALLS_A_SECOND: Final = 50
BURST: Final = 100
STREAM_RETRIES: Final = 20
QUEUE_BATCH: Final = 10
STREAM_BATCH: Final = 100
# What lines of the log count as errors: the kit's failures, the runtime's time limit and its unhandled errors.
_ERROR_LINES: Final = '?"\\"error\\":" ?"Task timed out" ?"[ERROR]"'
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


def domains() -> list[str]:
    """Return the domains that have operations or workers."""
    catalogue.load()
    return sorted({one.domain for one in [*catalogue.operations.values(), *catalogue.workers.values()]})


def build(domain: str, stage: str = "dev") -> dict[str, Any]:
    """Return the CloudFormation template of one domain."""
    catalogue.load()
    prefix = prefix_of(stage)
    operations = [one for _, one in sorted(catalogue.operations.items()) if one.domain == domain]
    workers = [one for _, one in sorted(catalogue.workers.items()) if one.domain == domain]
    resources = _watch(domain, prefix)
    for declared in [*operations, *workers]:
        resources |= _function(declared, prefix)
    for worker in workers:
        resources |= _source(worker, prefix)
    if operations:
        resources |= _api(domain, prefix, stage, operations)
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The functions of {domain} in {prefix}.",
        "Parameters": _parameters([*operations, *workers]),
        "Conditions": {"HasAlarmTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopic"}, ""]}]}},
        "Resources": resources,
    }
    if operations:
        template["Outputs"] = {
            "Api": {
                "Description": f"The origin of /v1/{domain} for the CDN, with the stage as its path.",
                "Value": {"Fn::Sub": f"https://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"},
            }
        }
    return template


def api_resources(template: dict[str, Any]) -> int:
    """Return how many resources the REST API of a template has: the nodes of the tree of its paths and the root."""
    paths = template["Resources"].get("Api", {}).get("Properties", {}).get("Body", {}).get("paths", {})
    nodes = {tuple(path.split("/")[1 : depth + 1]) for path in paths for depth in range(1, path.count("/") + 1)}
    return len(nodes) + 1 if paths else 0


def systems(declared: Declared) -> list[str]:
    """Return the outside systems that an operation or worker speaks with."""
    return sorted({one.system for one in declared.uses if isinstance(one, Outside)})


def _parameters(declared: list[Declared]) -> dict[str, Any]:
    text = {"Type": "String"}
    found: dict[str, Any] = {
        "CodeBucket": text | {"Description": "The bucket of the bundle."},
        "CodeKey": text | {"Description": "The key of the bundle in it; a new bundle has a new key."},
        "BaseLayer": text | {"Description": "The ARN of the version of the layer of libraries."},
        "PublicUrl": text | {"Description": "The address of the cabinet, without a slash at the end."},
        "AlarmTopic": text | {"Default": "", "Description": "The ARN of the topic of alarms; may be empty."},
    }
    uses = {use for one in declared for use in one.uses}
    if PDF in uses:
        found["TypstLayer"] = text | {"Description": "The ARN of the version of the layer that makes PDF."}
    if EMAIL in uses:
        found["MailSender"] = text | {"Description": "The address that letters come from."}
        found["MailIdentity"] = text | {"Description": "The verified identity of SES that the address belongs to."}
    for system in sorted({system for one in declared for system in systems(one)}):
        found[f"{camel(system)}Url"] = text | {"Description": f"The base address of the outside system {system}."}
        for name in settings.OUTSIDE[system][1:]:
            said = f"The {name.replace('_', ' ')} of the outside system {system}; empty while it is not connected."
            found[f"{camel(system)}{camel(name)}"] = text | {"Default": "", "Description": said}
    return found


def _function(declared: Declared, prefix: str) -> dict[str, Any]:
    name = camel(declared.name)
    return {
        f"{name}Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Description": declared.address,
                "Runtime": RUNTIME,
                "Architectures": ["x86_64"],
                "Handler": "app.app" if isinstance(declared, Operation) else "app.work",
                "MemorySize": declared.memory,
                "Timeout": declared.timeout,
                "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
                "Layers": [{"Ref": "BaseLayer"}, *([{"Ref": "TypstLayer"}] if PDF in declared.uses else [])],
                "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
                "Environment": {"Variables": _environment(declared, prefix)},
                # The kit writes JSON lines itself; Lambda's own JSON format would wrap them once more.
                "LoggingConfig": {"LogGroup": {"Ref": "Logs"}, "LogFormat": "Text"},
            },
        },
        f"{name}Role": _role("lambda.amazonaws.com", statements(declared, prefix)),
    }


def _environment(declared: Declared, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "CABINET_OPERATION": declared.address,
        "CABINET_PREFIX": prefix,
        "CABINET_PUBLIC_URL": {"Ref": "PublicUrl"},
    }
    if EMAIL in declared.uses:
        found["CABINET_MAIL_SENDER"] = {"Ref": "MailSender"}
    if KEEP_SEAL in declared.uses:
        found["CABINET_SEALS_BUCKET"] = bucket_name(prefix)
    for system in systems(declared):
        for name in settings.OUTSIDE[system]:
            found[f"CABINET_{system}_{name}".upper()] = {"Ref": f"{camel(system)}{camel(name)}"}
    return found


def _role(service: str, policy: list[dict[str, Any]], **condition: Any) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **condition}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {"PolicyName": "exact", "PolicyDocument": {"Version": "2012-10-17", "Statement": policy}},
            ],
        },
    }


def _source(worker: Worker, prefix: str) -> dict[str, Any]:
    name = camel(worker.name)
    if isinstance(worker.on, Every):
        period = f"rate({worker.on.minutes} minute{'' if worker.on.minutes == 1 else 's'})"
        arn = {"Fn::GetAtt": [f"{name}Function", "Arn"]}
        return {
            f"{name}Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {"ScheduleExpression": period, "Targets": [{"Id": "worker", "Arn": arn}]},
            },
            f"{name}Permission": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Ref": f"{name}Function"},
                    "Principal": "events.amazonaws.com",
                    "SourceArn": {"Fn::GetAtt": [f"{name}Rule", "Arn"]},
                },
            },
        }
    if isinstance(worker.on, Queue):
        mapping: dict[str, Any] = {
            "EventSourceArn": {"Fn::ImportValue": export_name(prefix, worker.on.channel, "queue")},
            "BatchSize": QUEUE_BATCH,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
    else:
        mapping = {  # the worker takes a batch as a whole, so a bad record is found by halving
            "EventSourceArn": {"Fn::ImportValue": export_name(prefix, plain_name(worker.on.model), "stream")},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": STREAM_BATCH,
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": STREAM_RETRIES,
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": list(worker.on.kinds)})}]},
        }
        if worker.on.batching_seconds:
            mapping["MaximumBatchingWindowInSeconds"] = worker.on.batching_seconds
    properties = {"FunctionName": {"Ref": f"{name}Function"}, **mapping}
    return {f"{name}Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}}


def _watch(domain: str, prefix: str) -> dict[str, Any]:
    metric = f"{domain}-errors"
    return {
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": log_group(domain, prefix), "RetentionInDays": LOG_DAYS},
        },
        "ErrorCount": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Logs"},
                "FilterPattern": _ERROR_LINES,
                "MetricTransformations": [{"MetricNamespace": prefix, "MetricName": metric, "MetricValue": "1"}],
            },
        },
        "ErrorAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": f"Unexpected errors in {domain} of {prefix}.",
                "Namespace": prefix,
                "MetricName": metric,
                "Statistic": "Sum",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": ERRORS_FOR_ALARM,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]},
            },
        },
    }


def _api(domain: str, prefix: str, stage: str, operations: list[Operation]) -> dict[str, Any]:
    body = _body(domain, operations)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"Deployment{digest}"  # a deployment is a picture of the API, so a changed API needs a new one
    called = [{"Fn::GetAtt": [f"{camel(one.name)}Function", "Arn"]} for one in operations]
    invoke = [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": called}]
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return {
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {
                "Name": f"{prefix}-{domain}",
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "BinaryMediaTypes": ["*/*"],
                "Body": body,
            },
        },
        "GatewayRole": _role("apigateway.amazonaws.com", invoke, Condition=own),
        deployment: {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "ApiStage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": deployment},
                "StageName": stage,
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


def _body(domain: str, operations: list[Operation]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _method(operation)
    for path, methods in paths.items():
        allowed = ", ".join(sorted(method.upper() for method in methods))
        names = next(one.path_names for one in operations if one.path == path)
        methods["x-amazon-apigateway-any-method"] = _answered(Sentence.of(MethodNotAllowed), names, Allow=allowed)
    # Without it an unknown route with an Authorization header would be judged as a bad signature of AWS.
    paths["/{proxy+}"] = {"x-amazon-apigateway-any-method": _answered(Sentence.of(RouteNotFound), ("proxy",))}
    return {
        "openapi": "3.0.1",
        "info": {"title": domain, "version": "1"},
        "paths": paths,
        "x-amazon-apigateway-gateway-responses": {
            kind: {
                "statusCode": str(said.status),
                "responseParameters": {
                    f"gatewayresponse.header.{name}": f"'{value}'" for name, value in said.headers().items()
                },
                "responseTemplates": {"application/json": said.body()},
            }
            for kind, said in GATEWAY_SENTENCES.items()
        },
    }


def _in_path(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _method(operation: Operation) -> dict[str, Any]:
    arn = f"${{{camel(operation.name)}Function.Arn}}"
    path = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {
        "operationId": operation.name,
        "parameters": _in_path(operation.path_names),
        "responses": {str(operation.status): {"description": operation.name}},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": {"Fn::Sub": f"{path}/{arn}/invocations"},
            "credentials": {"Fn::GetAtt": ["GatewayRole", "Arn"]},
        },
    }


def _answered(said: Sentence, names: tuple[str, ...], **more: str) -> dict[str, Any]:
    """Have the gateway answer a path by itself, without a function."""
    headers = {**said.headers(), **more}
    kinds = ("application/json", "application/merge-patch+json", "application/x-www-form-urlencoded", "text/plain")
    return {
        "parameters": _in_path(names),
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
