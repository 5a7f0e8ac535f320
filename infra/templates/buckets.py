"""Buckets that nobody reaches but by a policy: private, kept in versions, over TLS only, retained."""

from typing import Any, Final

from infra.templates.stateful import KEPT

_EVERYTHING_SHUT: Final = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)


def private(name: str, bucket: str, old_days: int, *statements: dict[str, Any], days: int = 0) -> dict[str, Any]:
    """Return the bucket `name`, called `bucket` and the account, with its policy.

    `old_days`: how long versions that were replaced or deleted stay; `days`: how long objects stay, 0 for ever.
    """
    rule: dict[str, Any] = {
        "Id": "old",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": old_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    if days:
        rule["ExpirationInDays"] = days
    return {
        name: {
            "Type": "AWS::S3::Bucket",
            **KEPT,
            "Properties": {
                "BucketName": {"Fn::Sub": f"{bucket}-${{AWS::AccountId}}"},
                "PublicAccessBlockConfiguration": _EVERYTHING_SHUT,
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                "LifecycleConfiguration": {"Rules": [rule]},
            },
        },
        f"{name}Policy": {
            "Type": "AWS::S3::BucketPolicy",
            **KEPT,
            "Properties": {
                "Bucket": {"Ref": name},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [_tls_only(name), *statements]},
            },
        },
    }


def objects_of(name: str) -> dict[str, Any]:
    """Return the ARN of all objects of a bucket of the same template."""
    return {"Fn::Sub": f"${{{name}.Arn}}/*"}


def _tls_only(name: str) -> dict[str, Any]:
    return {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [name, "Arn"]}, objects_of(name)],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
