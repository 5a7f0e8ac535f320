"""The stack of one domain: its REST API, and a Lambda with a role of its own for each operation and worker.

CloudFormation's limit of 500 resources a stack is kept by two resources an operation and a constant: the gateway calls all
functions through one role, and they share one log group. What watches them is the stack of `watch.py`. All text is
ASCII (Russian sentences as JSON escapes), because CloudFormation does not keep other characters everywhere.
"""

import json
import sys
from typing import Any, Final

from chalicelib.kit import catalogue, settings
from chalicelib.kit.catalogue import EMAIL, KEEP_SEAL, PDF, Declared, Every, Operation, Outside, Queue, Worker
from chalicelib.kit.refusals import MethodNotAllowed, RouteNotFound
from infra.templates import gateway
from infra.templates.gateway import Sentence
from infra.templates.rights import log_group, statements
from infra.templates.seals import bucket_name
from infra.templates.stages import prefix_of
from infra.templates.stateful import STREAM_DEAD, camel, export_name, plain_name

RUNTIME: Final = "python{}.{}".format(*sys.version_info)  # .pyc files fit the Python that made them
STREAM_RETRIES: Final = 20
AWS_MODELS: Final = "aws_models"  # the folder of the bundle where botocore looks first
QUEUE_BATCH: Final = 10
STREAM_BATCH: Final = 100


def domains() -> list[str]:
    """Return the domains that have operations or workers."""
    catalogue.load()
    return sorted({one.domain for one in [*catalogue.operations.values(), *catalogue.workers.values()]})


def build(domain: str, stage: str = "dev") -> dict[str, Any]:
    """Return the CloudFormation template of one domain."""
    catalogue.load()
    operations = [one for _, one in sorted(catalogue.operations.items()) if one.domain == domain]
    workers = [one for _, one in sorted(catalogue.workers.items()) if one.domain == domain]
    return of(domain, stage, operations, workers)


def of(domain: str, stage: str, operations: list[Operation], workers: list[Worker]) -> dict[str, Any]:
    """Return the template of a domain that holds these operations and workers."""
    prefix = prefix_of(stage)
    resources: dict[str, Any] = {"Logs": gateway.logs(log_group(domain, prefix))}
    for declared in [*operations, *workers]:
        resources |= _function(declared, prefix)
    for worker in workers:
        resources |= _source(worker, prefix)
    if operations:
        resources |= _api(domain, prefix, stage, operations)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The functions of {domain} in {prefix}.",
        "Parameters": _parameters([*operations, *workers]),
        "Resources": resources,
    }


def api_name(domain: str, prefix: str) -> str:
    """Return the name of the API of a domain, by which its metrics are found."""
    return f"{prefix}-{domain}"


def function_name(declared: Declared, prefix: str) -> str:
    """Return the name of the function of an operation or worker, by which its metrics are found."""
    return f"{prefix}-{declared.name}"


def api_resources(template: dict[str, Any]) -> int:
    """Return how many resources the REST API of a template has: the nodes of the tree of its paths and the root."""
    paths = template["Resources"].get("Api", {}).get("Properties", {}).get("Body", {}).get("paths", {})
    nodes = {tuple(path.split("/")[1 : depth + 1]) for path in paths for depth in range(1, path.count("/") + 1)} - {
        ("",)
    }
    return len(nodes) + 1 if paths else 0


def systems(declared: Declared) -> list[str]:
    """Return the outside systems that an operation or worker speaks with."""
    return sorted({one.system for one in declared.uses if isinstance(one, Outside)})


def _parameters(declared: list[Declared]) -> dict[str, Any]:
    text = gateway.TEXT
    found: dict[str, Any] = {
        "CodeBucket": text | {"Description": "The bucket of the bundle."},
        "CodeKey": text | {"Description": "The key of the bundle in it; a new bundle has a new key."},
        "BaseLayer": text | {"Description": "The ARN of the version of the layer of libraries."},
        "PublicUrl": text | {"Description": "The address of the cabinet, without a slash at the end."},
    }
    if any(isinstance(one, Operation) for one in declared):
        found["ApiDomainArn"] = text | {"Description": "The ARN of the common address of all APIs."}
        found |= gateway.EDGE_PROOFS
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
                "FunctionName": function_name(declared, prefix),
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
                **_at_once(declared),
            },
        },
        f"{name}Role": _role("lambda.amazonaws.com", statements(declared, prefix)),
    }


def _at_once(declared: Declared) -> dict[str, int]:
    # A clock may strike twice, and a run that is late must not meet the next one.
    is_clock = isinstance(declared, Worker) and isinstance(declared.on, Every)
    return {"ReservedConcurrentExecutions": 1} if is_clock else {}


def _environment(declared: Declared, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AWS_DATA_PATH": f"/var/task/{AWS_MODELS}",
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
            "DestinationConfig": {"OnFailure": {"Destination": _streams_dead(prefix)}},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": list(worker.on.kinds)})}]},
        }
        if worker.on.batching_seconds:
            mapping["MaximumBatchingWindowInSeconds"] = worker.on.batching_seconds
    properties = {"FunctionName": {"Ref": f"{name}Function"}, **mapping}
    return {f"{name}Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}}


def _streams_dead(prefix: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{prefix}-{STREAM_DEAD}"}


def _api(domain: str, prefix: str, stage: str, operations: list[Operation]) -> dict[str, Any]:
    called = [{"Fn::GetAtt": [f"{camel(one.name)}Function", "Arn"]} for one in operations]
    invoke = [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": called}]
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return {
        "GatewayRole": _role("apigateway.amazonaws.com", invoke, Condition=own),
        "AccessLogs": gateway.logs(f"{log_group(domain, prefix)}/access"),
        **gateway.deployed(api_name(domain, prefix), stage, _body(domain, operations)),
        "Route": gateway.routing_rule(stage, f"v1/{domain}", gateway.priority_of(domain), {"Ref": "ApiDomainArn"}),
    }


def _body(domain: str, operations: list[Operation]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _method(operation)
    for path, methods in paths.items():
        allowed = ", ".join(sorted(method.upper() for method in methods))
        names = next(one.path_names for one in operations if one.path == path)
        methods["x-amazon-apigateway-any-method"] = gateway.answered(
            Sentence.of(MethodNotAllowed), names, Allow=allowed
        )
    # Without it an unknown route with an Authorization header would be judged as a bad signature of AWS.
    paths["/{proxy+}"] = {"x-amazon-apigateway-any-method": gateway.answered(Sentence.of(RouteNotFound), ("proxy",))}
    return {
        "openapi": "3.0.1",
        "info": {"title": domain, "version": "1"},
        "paths": paths,
        "x-amazon-apigateway-gateway-responses": gateway.responses(),
    }


def _method(operation: Operation) -> dict[str, Any]:
    arn = f"${{{camel(operation.name)}Function.Arn}}"
    path = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {
        "operationId": operation.name,
        "parameters": gateway.in_path(operation.path_names),
        "responses": {str(operation.status): {"description": operation.name}},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": {"Fn::Sub": f"{path}/{arn}/invocations"},
            "credentials": {"Fn::GetAtt": ["GatewayRole", "Arn"]},
        },
    }
