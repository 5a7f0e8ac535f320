"""Daily copies of all tables in a locked vault.

Point-in-time recovery (in the stateful stack) undoes mistakes to the second, but it ends with its table. The copies here
outlive a table: the vault refuses to drop a copy before its time, to everybody but who may change the lock itself
(governance mode; compliance mode could never be taken back, not even for a stage that was tried out). Nothing is kept longer than
35 days by either, so that a person who was erased is gone from the copies 35 days later.
"""

from typing import Any, Final

from infra.templates.stages import prefix_of
from infra.templates.stateful import KEPT, export_name, models, plain_name

KEEP_DAYS: Final = 35
LOCKED_DAYS: Final = 7
_SERVICE_ROLE: Final = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the template."""
    prefix = prefix_of(stage)
    table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table"
    trust = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Daily copies of the tables of {prefix}, kept for {KEEP_DAYS} days.",
        "Resources": {
            "Vault": {
                "Type": "AWS::Backup::BackupVault",
                **KEPT,
                "Properties": {
                    "BackupVaultName": prefix,
                    "EncryptionKeyArn": {"Fn::ImportValue": export_name(prefix, "data", "key")},
                    "LockConfiguration": {"MinRetentionDays": LOCKED_DAYS, "MaxRetentionDays": KEEP_DAYS},
                },
            },
            "Plan": {"Type": "AWS::Backup::BackupPlan", "Properties": {"BackupPlan": _plan(prefix)}},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "ManagedPolicyArns": [{"Fn::Sub": _SERVICE_ROLE}],
                },
            },
            "Tables": {
                "Type": "AWS::Backup::BackupSelection",
                "Properties": {
                    "BackupPlanId": {"Ref": "Plan"},
                    "BackupSelection": {
                        "SelectionName": "tables",
                        "IamRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Resources": [{"Fn::Sub": f"{table}/{prefix}-{plain_name(one)}"} for one in models()],
                    },
                },
            },
        },
    }


def _plan(prefix: str) -> dict[str, Any]:
    rule = {
        "RuleName": "daily",
        "TargetBackupVault": {"Ref": "Vault"},
        "ScheduleExpression": "cron(0 0 * * ? *)",  # three in the morning in Moscow
        "Lifecycle": {"DeleteAfterDays": KEEP_DAYS},
    }
    return {"BackupPlanName": prefix, "BackupPlanRule": [rule]}
