"""What EventBridge could not deliver, kept for a look, and said aloud."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.site import Site


class DeadLetterQueue(Construct):
    """One queue for the rules and schedules of a stage or the delivery; a message in it alerts."""

    def __init__(
        self, scope: Construct, id_: str, *, site: Site | DeliverySite, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.queue = self._queue()
        self.queue.add_to_resource_policy(self._rules_statement())
        self._alarm().add_alarm_action(actions.SnsAction(topic))
        Validations.of(self).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-SQS3",
                reason="this queue is the dead-letter queue; a second one would only hide messages",
            )
        )

    def _queue(self) -> sqs.Queue:
        return sqs.Queue(
            self,
            "Queue",
            queue_name=self._site.dead_letter_queue,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )

    def _rules_statement(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="RulesKeepUndelivered",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[self.queue.queue_arn],
            conditions={"ArnLike": {"aws:SourceArn": self._site.arn("events", "rule/*")}},
        )

    def _alarm(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "Undelivered",
            alarm_description=(
                "An event or a schedule could not be delivered. Read the messages of "
                f"{self._site.dead_letter_queue}: their attributes name the rule and the error. "
                "Fix that, then purge the queue."
            ),
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.MAXIMUM
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
