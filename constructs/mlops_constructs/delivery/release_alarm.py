"""Tells people that the release automation cannot do its work."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite


class ReleaseAlarm(Construct):
    """An alarm on failed builds, those that took too long included.

    An alarm and no rule on each build: what breaks one sweep mostly breaks the next, and people
    want to hear of it once and not four times an hour. The hour keeps it red in between.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: DeliverySite,
        project: codebuild.IProject,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)
        self.alarm = cloudwatch.Alarm(
            self,
            "Failed",
            alarm_description=(
                "The release automation failed: approvals and rollbacks do not become commits. "
                f"The newest failed build of {site.release_automation} ends with the reason. "
                "Nothing has to be started again: the next sweep tries it. "
                "Runbook: docs/runbooks/release-automation-failed.md"
            ),
            metric=project.metric_failed_builds(
                period=Duration.hours(1), statistic=cloudwatch.Stats.SUM
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self.alarm.add_alarm_action(actions.SnsAction(topic))
