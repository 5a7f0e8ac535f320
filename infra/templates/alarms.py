"""What an alarm is, and the topic that carries it to the operator. An alarm and its topic stand in one region."""

from dataclasses import dataclass, field
from typing import Any, Final

from infra.templates.gateway import TEXT

FIVE_MINUTES: Final = 300
PARAMETERS: Final = {"AlarmEmail": TEXT | {"Default": "", "Description": "Who gets a letter; may be empty."}}
CONDITIONS: Final = {"HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}


@dataclass(frozen=True)
class Metric:
    """One number over time."""

    namespace: str
    name: str
    statistic: str
    dimensions: dict[str, Any] = field(default_factory=dict)

    def widget(self) -> list[Any]:
        """Return the metric as the dashboard names it."""
        pairs = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.name, *pairs, {"stat": self.statistic}]


@dataclass(frozen=True)
class Alarm:
    """A metric that calls when it reaches `threshold`, so many periods of seconds in a row.

    One that is `kept_up` calls when it stays below, and when nothing is heard of it at all.
    """

    kind: str
    what: str
    sentence: str
    metric: Metric
    threshold: int
    periods: int = 1
    period: int = FIVE_MINUTES
    kept_up: bool = False

    def resource(self, prefix: str) -> dict[str, Any]:
        """Return the alarm as a resource."""
        by = "Statistic" if self.metric.statistic in {"Sum", "Maximum", "Average"} else "ExtendedStatistic"
        return {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": f"{prefix}-{self.kind}-{self.what}",
                "AlarmDescription": self.sentence,
                "Namespace": self.metric.namespace,
                "MetricName": self.metric.name,
                "Dimensions": [{"Name": name, "Value": one} for name, one in self.metric.dimensions.items()],
                by: self.metric.statistic,
                "Period": self.period,
                "EvaluationPeriods": self.periods,
                "Threshold": self.threshold,
                "ComparisonOperator": f"{'LessThan' if self.kept_up else 'GreaterThanOrEqualTo'}Threshold",
                "TreatMissingData": "breaching" if self.kept_up else "notBreaching",
                "AlarmActions": [{"Ref": "Alarms"}],
            },
        }


def topic(name: str) -> dict[str, Any]:
    """Return the resources of a topic and its letter; the template that takes them has PARAMETERS and CONDITIONS too."""
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    account = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    sender = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Condition": own}
    whole = {"Sid": "TheAccountDecidesByIam", "Effect": "Allow", "Principal": account, "Action": "kms:*"}
    sealed = {"Sid": "AlarmsAreSealed", **sender, "Action": ["kms:Decrypt", "kms:GenerateDataKey"]}
    return {
        "AlarmKey": {
            "Type": "AWS::KMS::Key",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "Description": f"Encrypts what {name} says on its way.",
                "EnableKeyRotation": True,
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [whole | {"Resource": "*"}, sealed | {"Resource": "*"}],
                },
            },
        },
        "Alarms": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": name, "KmsMasterKeyId": {"Fn::GetAtt": ["AlarmKey", "Arn"]}},
        },
        "AlarmsPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Alarms"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [sender | {"Action": "sns:Publish", "Resource": {"Ref": "Alarms"}}],
                },
            },
        },
        "AlarmLetter": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasEmail",
            "Properties": {"TopicArn": {"Ref": "Alarms"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
        },
    }
