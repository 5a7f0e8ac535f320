"""The signing key and the locked bucket of the journal's seals: a part of the stateful stack, retained."""

from typing import Any, Final

# The keys of all times, oldest first: none is ever taken away, their seals stay. A new one is added and deployed before it
# signs, so that its rights are there; then SIGNING names it, and it is never turned back. See "Change the seal key" in
# docs/engineering/operations.md.
KEYS: Final = ("SealKey",)
SIGNING: Final = 0
# How long no one, in `COMPLIANCE` mode not even the root of the account, may remove a seal.
LOCK: Final = {"prod": ("COMPLIANCE", 3650), "dev": ("GOVERNANCE", 1)}
_KEPT: Final = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_ARN: Final = {"Fn::GetAtt": ["SealsBucket", "Arn"]}


def bucket_name(prefix: str) -> dict[str, str]:
    """Return the name of the bucket; the account makes it unique in the whole cloud."""
    return {"Fn::Sub": f"{prefix}-seals-${{AWS::AccountId}}"}


def resources(prefix: str, stage: str) -> dict[str, Any]:
    """Return the keys, their aliases, the bucket and its policy."""
    mode, days = LOCK[stage]
    return {
        **{name: _key(prefix) for name in KEYS},
        "SealKeyAlias": _alias(f"{prefix}-seals", KEYS[SIGNING]),
        "FormerSealKeyAlias": _alias(f"{prefix}-seals-before", KEYS[max(SIGNING - 1, 0)]),
        "SealsBucket": {
            "Type": "AWS::S3::Bucket",
            **_KEPT,
            "Properties": {
                "BucketName": bucket_name(prefix),
                "ObjectLockEnabled": True,
                "ObjectLockConfiguration": {
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": mode, "Days": days}},
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                ),
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}  # a seal tells nothing of anybody
                    ]
                },
            },
        },
        "SealsBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            **_KEPT,
            "Properties": {"Bucket": {"Ref": "SealsBucket"}, "PolicyDocument": _bucket_policy()},
        },
    }


def export_of(prefix: str, key: str) -> str:
    """Return the name under which the ARN of a key is exported."""
    return f"{prefix}-seals-{key.removeprefix('Seal').lower()}"


def _alias(name: str, key: str) -> dict[str, Any]:
    target = {"AliasName": f"alias/{name}", "TargetKeyId": {"Ref": key}}
    return {"Type": "AWS::KMS::Alias", **_KEPT, "Properties": target}


def _key(prefix: str) -> dict[str, Any]:
    account = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    policy = {  # without it nobody could manage the key; roles still need a statement of their own
        "Sid": "TheAccountDecidesByIam",
        "Effect": "Allow",
        "Principal": account,
        "Action": "kms:*",
        "Resource": "*",
    }
    return {
        "Type": "AWS::KMS::Key",
        **_KEPT,
        "Properties": {
            "Description": f"Signs the seals of the journal of {prefix}.",
            "KeySpec": "ECC_NIST_P256",
            "KeyUsage": "SIGN_VERIFY",
            "PendingWindowInDays": 30,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": [policy]},
        },
    }


def _bucket_policy() -> dict[str, Any]:
    objects = {"Fn::Sub": "${SealsBucket.Arn}/*"}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyEncrypted",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [_ARN, objects],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {  # a lock keeps versions, but does not stop newer ones from being laid over them
                "Sid": "OnlyOnce",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": objects,
                "Condition": {"Null": {"s3:if-none-match": "true"}},
            },
            {  # a removal only hides a locked version behind a marker, and another seal could then be laid down
                "Sid": "NeverHidden",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteObject",
                "Resource": objects,
            },
        ],
    }
