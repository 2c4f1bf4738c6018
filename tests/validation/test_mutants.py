"""Breaks every promise on a copy of the real templates, and names the rule that must object.

`python tests/validation/test_mutants.py [cdk.out]` prints who killed what.
"""

import copy
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.validation.catalogue import RULES, findings

Template = dict[str, Any]
Mutate = Callable[[Template], object]

_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
ENDPOINT = Path(__file__).parent / "endpoint.template.json"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault in one template, and the rule that is there to find it."""

    name: str
    template: str
    rule: str
    mutate: Mutate


MUTANTS: list[Mutant] = []


def mutant(template: str, rule: str) -> Callable[[Mutate], Mutate]:
    def register(mutate: Mutate) -> Mutate:
        name = mutate.__name__.replace("_", " ")
        MUTANTS.append(Mutant(name=name, template=template, rule=rule, mutate=mutate))
        return mutate

    return register


def first(template: Template, type_: str, **having: object) -> Any:
    """Properties of the first resource of a type that has these properties."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == type_ and having.items() <= properties.items():
            return properties
    raise LookupError(type_)


def permissions(template: Template, sid: str) -> Any:
    """The statement of this sid in any role's inline policy."""
    for resource in template["Resources"].values():
        for policy in resource.get("Properties", {}).get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement.get("Sid") == sid:
                    return statement
    raise LookupError(sid)


def trust(template: Template) -> Any:
    role = first(template, "AWS::IAM::Role")
    return role["AssumeRolePolicyDocument"]["Statement"][0]


def trust_of(template: Template, name: str) -> Any:
    """The one statement that says who may assume the role of this name."""
    role = first(template, "AWS::IAM::Role", RoleName=name)
    return role["AssumeRolePolicyDocument"]["Statement"][0]


def statements_of(template: Template, type_: str) -> Any:
    return first(template, type_)["PolicyDocument"]["Statement"]


def drop_tls(template: Template, type_: str) -> None:
    document = first(template, type_)["PolicyDocument"]
    document["Statement"] = [s for s in document["Statement"] if s["Effect"] != "Deny"]


def rewrite_definition(template: Template, old: str, new: str) -> None:
    """Replace text inside the pipeline's definition, between the intrinsic functions."""
    definition = first(template, "AWS::SageMaker::Pipeline")["PipelineDefinition"]
    before = json.dumps(definition)
    definition.update(json.loads(before.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])))
    assert json.dumps(definition) != before, f"the definition has no {old}"


@mutant("Training", "ML040")
def unix_crontab_as_schedule(template: Template) -> None:
    first(template, "AWS::Scheduler::Schedule")["ScheduleExpression"] = "cron(0 3 * * 1)"


@mutant("Training", "ML040")
def cron_with_two_days(template: Template) -> None:
    first(template, "AWS::Scheduler::Schedule")["ScheduleExpression"] = "cron(0 3 * * MON *)"


@mutant("Training", "ML040")
def schedule_garbage(template: Template) -> None:
    first(template, "AWS::Scheduler::Schedule")["ScheduleExpression"] = "every now and then"


@mutant("Training", "ML050")
def definition_cut_short(template: Template) -> None:
    rewrite_definition(template, '"Steps":[', '"Steps":[,')


@mutant("Training", "ML050")
def definition_without_steps(template: Template) -> None:
    rewrite_definition(template, '"Steps":[', '"Stages":[')


@mutant("Training", "ML056")
def execution_that_chooses_its_versions_status(template: Template) -> None:
    rewrite_definition(
        template,
        '"ModelApprovalStatus":"PendingManualApproval"',
        '"ModelApprovalStatus":{"Get":"Parameters.TrainingEnd"}',
    )


@mutant("Training", "ML056")
def definition_that_registers_approved_versions(template: Template) -> None:
    rewrite_definition(
        template,
        '"ModelApprovalStatus":"PendingManualApproval"',
        '"ModelApprovalStatus":"Approved"',
    )


@mutant("Training", "ML057")
def commit_that_an_execution_states(template: Template) -> None:
    rewrite_definition(template, '"commit":"', '"commit":{"Get":"Parameters.Commit"},"was":"')


@mutant("Training", "ML058")
def code_that_an_execution_chooses(template: Template) -> None:
    chosen = '"ModelPackageGroupName":{"Get":"Parameters.Group"},"Was":"'
    rewrite_definition(template, '"ModelPackageGroupName":"', chosen)


@mutant("Training", "ML042")
def event_pattern_key_in_camel_case(template: Template) -> None:
    pattern = first(template, "AWS::Events::Rule")["EventPattern"]
    pattern["detailType"] = pattern.pop("detail-type")


@mutant("Registry", "ML042")
def event_pattern_key_in_snake_case(template: Template) -> None:
    pattern = first(template, "AWS::Events::Rule")["EventPattern"]
    pattern["detail_type"] = pattern.pop("detail-type")


@mutant("Registry", "ML043")
def event_pattern_with_a_bare_value(template: Template) -> None:
    first(template, "AWS::Events::Rule")["EventPattern"]["source"] = "aws.sagemaker"


@mutant("Training", "ML044")
def event_target_without_dead_letters(template: Template) -> None:
    del first(template, "AWS::Events::Rule")["Targets"][0]["DeadLetterConfig"]


@mutant("Training", "ML044")
def schedule_without_dead_letters(template: Template) -> None:
    del first(template, "AWS::Scheduler::Schedule")["Target"]["DeadLetterConfig"]


@mutant("endpoint", "ML041")
def monitoring_schedule_as_rate(template: Template) -> None:
    config = first(template, "AWS::SageMaker::MonitoringSchedule")["MonitoringScheduleConfig"]
    config["ScheduleConfig"]["ScheduleExpression"] = "rate(1 hour)"


def endpoint(template: Template) -> Any:
    return first(template, "AWS::SageMaker::Endpoint")


def policy(template: Template) -> Any:
    return endpoint(template)["DeploymentConfig"]["BlueGreenUpdatePolicy"]


def routing(template: Template) -> Any:
    return policy(template)["TrafficRoutingConfiguration"]


def variant(template: Template) -> Any:
    return first(template, "AWS::SageMaker::EndpointConfig")["ProductionVariants"][0]


def target(template: Template) -> Any:
    return first(template, "AWS::ApplicationAutoScaling::ScalableTarget")


def alarm(template: Template) -> Any:
    return first(template, "AWS::CloudWatch::Alarm")


def alarm_id(template: Template) -> str:
    wanted = alarm(template)
    return next(i for i, r in template["Resources"].items() if r.get("Properties") is wanted)


def scaling_id(template: Template) -> str:
    wanted = target(template)
    return next(i for i, r in template["Resources"].items() if r.get("Properties") is wanted)


def rename_alarm(template: Template, name: str) -> None:
    """Rename an alarm and whatever the endpoint calls it by."""
    before = alarm(template)["AlarmName"]
    alarm(template)["AlarmName"] = name
    for entry in endpoint(template)["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]:
        if entry["AlarmName"] == before:
            entry["AlarmName"] = name


def resource(template: Template, type_: str) -> Any:
    return next(r for r in template["Resources"].values() if r["Type"] == type_)


def config(template: Template) -> Any:
    return first(template, "AWS::SageMaker::EndpointConfig")


def container(template: Template) -> Any:
    return first(template, "AWS::SageMaker::Model")["Containers"][0]


def changes(template: Template) -> Any:
    return first(template, "AWS::Events::Rule")


def heard(template: Template) -> Any:
    return changes(template)["EventPattern"]


def rolled(template: Template) -> Any:
    """Update the endpoint batch by batch instead; returns the policy."""
    deployment = endpoint(template)["DeploymentConfig"]
    del deployment["BlueGreenUpdatePolicy"]
    deployment["RollingUpdatePolicy"] = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 7200,
    }
    return deployment["RollingUpdatePolicy"]


def disarmed(template: Template) -> None:
    rolled(template)
    del endpoint(template)["DeploymentConfig"]["AutoRollbackConfiguration"]


def alone(template: Template) -> None:
    rolled(template)
    variant(template).update(InitialInstanceCount=1)


ROLLING_MUTANTS: list[tuple[str, str, Mutate]] = [
    ("rolling without a size", "ML001", lambda t: rolled(t).pop("MaximumBatchSize")),
    (
        "rolling by 60 percent",
        "ML002",
        lambda t: rolled(t)["MaximumBatchSize"].update(Value=60),
    ),
    ("rolling without a wait", "ML004", lambda t: rolled(t).update(WaitIntervalInSeconds=0)),
    (
        "rolling with a timeout below its waits",
        "ML006",
        lambda t: rolled(t).update(MaximumExecutionTimeoutInSeconds=600),
    ),
    ("rolling without alarms", "ML007", disarmed),
    (
        "rolling faster than its alarms",
        "ML009",
        lambda t: rolled(t).update(WaitIntervalInSeconds=60),
    ),
    ("rolling one instance", "ML010", alone),
]
ENDPOINT_MUTANTS: list[tuple[str, str, Mutate]] = [
    *ROLLING_MUTANTS,
    ("canary without size", "ML001", lambda t: routing(t).pop("CanarySize")),
    ("linear without step", "ML001", lambda t: routing(t).update(Type="LINEAR")),
    ("canary of 60 percent", "ML002", lambda t: routing(t)["CanarySize"].update(Value=60)),
    (
        "canary of 3 in 4 instances",
        "ML002",
        lambda t: routing(t).update(CanarySize={"Type": "INSTANCE_COUNT", "Value": 3}),
    ),
    (
        "two update policies",
        "ML003",
        lambda t: endpoint(t)["DeploymentConfig"].update(RollingUpdatePolicy={}),
    ),
    ("no bake", "ML004", lambda t: routing(t).pop("WaitIntervalInSeconds")),
    ("old fleet goes at once", "ML005", lambda t: policy(t).pop("TerminationWaitInSeconds")),
    (
        "timeout below the waits",
        "ML006",
        lambda t: policy(t).update(MaximumExecutionTimeoutInSeconds=1200),
    ),
    (
        "canary without alarms",
        "ML007",
        lambda t: endpoint(t)["DeploymentConfig"]["AutoRollbackConfiguration"].update(Alarms=[]),
    ),
    (
        "eleven alarms",
        "ML007",
        lambda t: endpoint(t)["DeploymentConfig"]["AutoRollbackConfiguration"].update(
            Alarms=[{"AlarmName": {"Ref": "Errors"}}] * 11
        ),
    ),
    ("rollback alarm that is not there", "ML008", lambda t: t["Resources"].pop(alarm_id(t))),
    ("alarm slower than the bake", "ML009", lambda t: alarm(t).update(Period=300)),
    ("one instance behind a canary", "ML010", lambda t: variant(t).update(InitialInstanceCount=1)),
    ("inf1 behind a canary", "ML010", lambda t: variant(t).update(InstanceType="ml.inf1.xlarge")),
    (
        "two variants",
        "ML010",
        lambda t: first(t, "AWS::SageMaker::EndpointConfig")["ProductionVariants"].append(
            {**variant(t), "VariantName": "Other"}
        ),
    ),
    ("unnamed endpoint", "ML011", lambda t: endpoint(t).pop("EndpointName")),
    (
        "named model",
        "ML012",
        lambda t: first(t, "AWS::SageMaker::Model").update(ModelName="churn"),
    ),
    (
        "capacity reset on update",
        "ML013",
        lambda t: endpoint(t).update(RetainAllVariantProperties=False),
    ),
    (
        "scaled capacity left out of what is kept",
        "ML013",
        lambda t: endpoint(t).update(
            ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}]
        ),
    ),
    (
        "size of a fixed fleet kept on update",
        "ML013",
        lambda t: t["Resources"].pop(scaling_id(t)),
    ),
    ("missing data breaches", "ML020", lambda t: alarm(t).update(TreatMissingData="breaching")),
    ("alarm sees both fleets", "ML021", lambda t: alarm(t)["Dimensions"].pop()),
    (
        "alarm on another config",
        "ML021",
        lambda t: alarm(t)["Dimensions"][2].update(Value="old-config"),
    ),
    (
        "alarm on another variant",
        "ML022",
        lambda t: alarm(t)["Dimensions"][1].update(Value="Main"),
    ),
    ("threshold of 1 for a ratio", "ML023", lambda t: alarm(t).update(Threshold=1)),
    (
        "alarm with a dimension too many",
        "ML029",
        lambda t: alarm(t)["Dimensions"].append({"Name": "Owner", "Value": "me"}),
    ),
    (
        "alarm on a metric of nobody",
        "ML029",
        lambda t: alarm(t).update(MetricName="CPUUtilization"),
    ),
    ("alarm in a unit of its own", "ML029", lambda t: alarm(t).update(Unit="Count")),
    (
        "alarm on another endpoint",
        "ML029",
        lambda t: alarm(t)["Dimensions"][0].update(Value="mlops-dev-churn"),
    ),
    ("alarm that one good request hides", "ML039", lambda t: alarm(t).update(Statistic="Minimum")),
    (
        "alarm above the most of 0 and 1",
        "ML039",
        lambda t: alarm(t).update(Statistic="Maximum", Threshold=1),
    ),
    (
        "alarm that wants 999 of 1000 errors",
        "ML039",
        lambda t: alarm(t).update(
            Threshold=0.999, ComparisonOperator="GreaterThanOrEqualToThreshold"
        ),
    ),
    (
        "alarm on health",
        "ML039",
        lambda t: alarm(t).update(ComparisonOperator="LessThanThreshold"),
    ),
    ("alarm faster than its metric", "ML039", lambda t: alarm(t).update(Period=10)),
    ("alarm of a statistic that is none", "ML039", lambda t: alarm(t).update(Statistic="Averge")),
    ("alarm without a threshold", "ML039", lambda t: alarm(t).pop("Threshold")),
    (
        "scaling of another endpoint",
        "ML030",
        lambda t: target(t).update(ResourceId="endpoint/other/variant/AllTraffic"),
    ),
    (
        "scaling of another variant",
        "ML030",
        lambda t: target(t).update(
            ResourceId=f"endpoint/{endpoint(t)['EndpointName']}/variant/Main"
        ),
    ),
    ("max below min", "ML031", lambda t: target(t).update(MaxCapacity=1)),
    (
        "scaling of something else",
        "ML032",
        lambda t: target(t).update(
            ScalableDimension="sagemaker:inference-component:DesiredCopyCount"
        ),
    ),
    ("scaling down to one", "ML033", lambda t: target(t).update(MinCapacity=1)),
    (
        "endpoint volumes without key",
        "ML088",
        lambda t: first(t, "AWS::SageMaker::EndpointConfig").pop("KmsKeyId"),
    ),
    (
        "captures without key",
        "ML088",
        lambda t: first(t, "AWS::SageMaker::EndpointConfig")["DataCaptureConfig"].pop("KmsKeyId"),
    ),
    (
        "endpoint before its alarms",
        "ML014",
        lambda t: resource(t, "AWS::SageMaker::Endpoint").pop("DependsOn"),
    ),
    ("variant renamed", "ML015", lambda t: variant(t).update(VariantName="Main")),
    (
        "model deleted under a rolled-back endpoint",
        "ML016",
        lambda t: resource(t, "AWS::SageMaker::Model").pop("UpdateReplacePolicy"),
    ),
    (
        "config deleted under a rolled-back endpoint",
        "ML016",
        lambda t: resource(t, "AWS::SageMaker::EndpointConfig").update(
            UpdateReplacePolicy="Delete"
        ),
    ),
    ("metrics left to SageMaker", "ML018", lambda t: config(t).pop("MetricsConfig")),
    (
        "captures in base64",
        "ML019",
        lambda t: config(t)["DataCaptureConfig"].pop("CaptureContentTypeHeader"),
    ),
    (
        "three bad minutes before a rollback",
        "ML024",
        lambda t: alarm(t).update(DatapointsToAlarm=3),
    ),
    (
        "rollback alarm of the last release",
        "ML025",
        lambda t: rename_alarm(t, "errors-of-before"),
    ),
    ("release without a tag", "ML025", lambda t: config(t).pop("Tags")),
    (
        "settings that reach the running config",
        "ML026",
        lambda t: container(t)["Environment"].pop("MODEL_RELEASE"),
    ),
    ("alarm on the wrong unit", "ML027", lambda t: alarm(t).update(Unit="Percent")),
    (
        "rollbacks of another endpoint",
        "ML028",
        lambda t: heard(t)["detail"].update(EndpointName=["other"]),
    ),
    (
        "rollbacks by a status in the words of the API",
        "ML028",
        lambda t: heard(t)["detail"].update(EndpointStatus=["InService"]),
    ),
    ("half of the changes unheard", "ML028", lambda t: heard(t)["detail-type"].pop()),
    ("changes of another source", "ML028", lambda t: heard(t).update(source=["mlops.releases"])),
    ("changes that wake nobody", "ML028", lambda t: changes(t).update(Targets=[])),
    ("a rule that is switched off", "ML028", lambda t: changes(t).update(State="DISABLED")),
    (
        "changes that nobody can be told of",
        "ML044",
        lambda t: changes(t)["Targets"][0].pop("DeadLetterConfig"),
    ),
    (
        "scaling that does not know its endpoint",
        "ML034",
        lambda t: target(t).update(
            ResourceId=f"endpoint/{endpoint(t)['EndpointName']}/variant/AllTraffic"
        ),
    ),
]
# The first holds what ours does not, such as metric math; the second is what would be deployed.
MUTANTS += [
    Mutant(name=name, template=template, rule=rule, mutate=mutate)
    for template in ("endpoint", "Serving")
    for name, rule, mutate in ENDPOINT_MUTANTS
]


@mutant("Serving", "ML017")
def role_that_cannot_see_the_alarms(template: Template) -> None:
    permissions(template, "SeeRollbackAlarms")["Resource"] = "arn:aws:cloudwatch:::alarm:other-*"


@mutant("Serving", "ML017")
def role_that_may_not_look_at_alarms(template: Template) -> None:
    permissions(template, "SeeRollbackAlarms")["Action"] = "cloudwatch:ListMetrics"


@mutant("Serving", "ML071")
def janitor_of_every_stage(template: Template) -> None:
    permissions(template, "DeleteLeftovers")["Resource"] = "*"


@mutant("Serving", "ML071")
def reporter_that_may_write_every_parameter(template: Template) -> None:
    permissions(template, "KeepTheRecord")["Resource"] = "*"


@mutant("Serving", "ML071")
def reporter_that_may_publish_anywhere(template: Template) -> None:
    permissions(template, "TellPeople")["Resource"] = ["*"]


@mutant("Serving", "ML070")
def reporter_that_may_do_everything_with_buses(template: Template) -> None:
    permissions(template, "WakeTheDelivery")["Action"] = "events:*"


@mutant("ReleaseCheck", "ML071")
def check_that_may_send_events_to_any_bus(template: Template) -> None:
    permissions(template, "WakeTheDelivery")["Resource"] = "*"


@mutant("Serving", "ML040")
def prober_by_crontab(template: Template) -> None:
    first(template, "AWS::Scheduler::Schedule")["ScheduleExpression"] = "* * * * *"


@mutant("Serving", "ML087")
def prober_log_without_end(template: Template) -> None:
    del first(template, "AWS::Logs::LogGroup")["RetentionInDays"]


@mutant("ReleaseCheck", "ML075")
def check_for_any_account(template: Template) -> None:
    del trust(template)["Condition"]


@mutant("ReleaseCheck", "ML071")
def check_that_may_read_every_model(template: Template) -> None:
    permissions(template, "SeeTheEndpoint")["Resource"] = "*"


@mutant("Training", "ML051")
def definition_of_200_kilobytes(template: Template) -> None:
    rewrite_definition(template, '"Version":"', '"Note":"' + "x" * 200_000 + '","Version":"')


@mutant("Training", "ML052")
def volumes_without_key(template: Template) -> None:
    rewrite_definition(template, '"VolumeKmsKeyId":', '"IgnoredKey":')


@mutant("Training", "ML052")
def outputs_without_key(template: Template) -> None:
    rewrite_definition(template, '"KmsKeyId":', '"IgnoredKey":')


@mutant("Training", "ML053")
def network_isolation_off(template: Template) -> None:
    rewrite_definition(template, '"EnableNetworkIsolation":true', '"EnableNetworkIsolation":false')


@mutant("Training", "ML054")
def traffic_between_containers_in_the_clear(template: Template) -> None:
    switch = '"EnableInterContainerTrafficEncryption":'
    rewrite_definition(template, f"{switch}true", f"{switch}false")


@mutant("Training", "ML055")
def jobs_without_time_limit(template: Template) -> None:
    rewrite_definition(template, '"StoppingCondition":', '"IgnoredCondition":')


def group(template: Template) -> Any:
    found = template["Resources"].values()
    return next(r for r in found if r["Type"] == "AWS::SageMaker::ModelPackageGroup")


@mutant("Registry", "ML060")
def group_deleted_with_its_stack(template: Template) -> None:
    group(template)["DeletionPolicy"] = "Delete"


@mutant("Registry", "ML060")
def group_deleted_on_replacement(template: Template) -> None:
    del group(template)["UpdateReplacePolicy"]


@mutant("Registry", "ML061")
def group_description_that_changes(template: Template) -> None:
    group(template)["Properties"]["ModelPackageGroupDescription"] = {"Ref": "Commit"}


@mutant("Registry", "ML073")
def group_open_to_every_account(template: Template) -> None:
    policy = group(template)["Properties"]["ModelPackageGroupPolicy"]
    policy["Statement"][0]["Principal"] = {"AWS": "*"}
    # Of members of the organization alone it would not be open to every account.
    del policy["Statement"][0]["Condition"]


@mutant("Registry", "ML070")
def group_policy_with_every_action(template: Template) -> None:
    policy = group(template)["Properties"]["ModelPackageGroupPolicy"]
    policy["Statement"][0]["Action"] = "sagemaker:*"


@mutant("Training", "ML070")
def every_action(template: Template) -> None:
    permissions(template, "PullTheImage")["Action"] = "*"


@mutant("Training", "ML070")
def every_action_of_a_service(template: Template) -> None:
    permissions(template, "PullTheImage")["Action"] = ["ecr:*"]


@mutant("Foundation", "ML070")
def every_action_on_the_key_for_a_stage(template: Template) -> None:
    for statement in first(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]:
        if statement.get("Sid") == "StagesDecryptModels":
            statement["Action"] = "kms:*"


@mutant("Training", "ML071")
def writing_to_every_resource(template: Template) -> None:
    permissions(template, "WriteOutputs")["Resource"] = "*"


@mutant("Training", "ML071")
def reading_every_object(template: Template) -> None:
    permissions(template, "ReadCode")["Resource"] = ["*"]


@mutant("Training", "ML072")
def full_access_policy(template: Template) -> None:
    first(template, "AWS::IAM::Role")["ManagedPolicyArns"] = [
        "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    ]


@mutant("Training", "ML073")
def role_that_everybody_assumes(template: Template) -> None:
    statement = trust(template)
    statement["Principal"] = {"AWS": "*"}
    del statement["Condition"]


@mutant("Foundation", "ML073")
def bucket_that_everybody_reads(template: Template) -> None:
    statements_of(template, "AWS::S3::BucketPolicy").append(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    )


@mutant("Foundation", "ML073")
def topic_to_which_everybody_publishes(template: Template) -> None:
    statements_of(template, "AWS::SNS::TopicPolicy").append(
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": "*"}
    )


@mutant("Training", "ML074")
def any_role_handed_over(template: Template) -> None:
    permissions(template, "HandOverStepRoles")["Resource"] = "arn:aws:iam::222222222222:role/*"


@mutant("Training", "ML074")
def role_handed_to_any_service(template: Template) -> None:
    del permissions(template, "HandOverStepRoles")["Condition"]


@mutant("Training", "ML075")
def trust_without_account(template: Template) -> None:
    del trust(template)["Condition"]


@mutant("Training", "ML076")
def everything_but_one_action(template: Template) -> None:
    statement = permissions(template, "PullTheImage")
    statement["NotAction"] = statement.pop("Action")


@mutant("Foundation", "ML077")
def topic_open_to_anybodys_alarms(template: Template) -> None:
    for statement in statements_of(template, "AWS::SNS::TopicPolicy"):
        if statement.get("Sid") == "AlarmsPublish":
            del statement["Condition"]


@mutant("Foundation", "ML077")
def queue_open_to_anybodys_rules(template: Template) -> None:
    for statement in statements_of(template, "AWS::SQS::QueuePolicy"):
        if statement.get("Sid") == "RulesKeepUndelivered":
            del statement["Condition"]


@mutant("Registry", "ML062")
def automation_that_may_approve(template: Template) -> None:
    del permissions(template, "RejectVersions")["Condition"]


@mutant("Registry", "ML062")
def automation_that_may_set_any_status(template: Template) -> None:
    equal = permissions(template, "RejectVersions")["Condition"]["StringEquals"]
    equal["sagemaker:ModelApprovalStatus"] = ["Approved", "Rejected"]


@mutant("Training", "ML062")
def pipeline_that_approves_its_own_version(template: Template) -> None:
    permissions(template, "TagAndSeeVersions")["Action"].append("sagemaker:UpdateModelPackage")


@mutant("Training", "ML062")
def pipeline_that_registers_approved_versions(template: Template) -> None:
    del permissions(template, "RegisterVersions")["Condition"]


@mutant("Training", "ML062")
def pipeline_that_opens_its_registry(template: Template) -> None:
    permissions(template, "TagAndSeeVersions")["Action"].append(
        "sagemaker:PutModelPackageGroupPolicy"
    )


@mutant("Registry", "ML078")
def registry_open_to_the_delivery_account(template: Template) -> None:
    del trust_of(template, "mlops-dev-release-decisions")["Condition"]


@mutant("Foundation", "ML078")
def records_open_to_a_pattern_of_roles(template: Template) -> None:
    equal = trust_of(template, "mlops-dev-release-records")["Condition"]["ArnEquals"]
    equal["aws:PrincipalArn"] = "arn:aws:iam::111111111111:role/mlops-*"


@mutant("Delivery", "ML045")
def automation_woken_by_any_account(template: Template) -> None:
    for resource in template["Resources"].values():
        if "EventBusName" in resource.get("Properties", {}):
            resource["Properties"].get("EventPattern", {}).pop("account", None)


@mutant("Delivery", "ML079")
def artifacts_for_a_role_that_may_be_made_again(template: Template) -> None:
    role = "arn:aws:iam::222222222222:role/cdk-hnb659fds-deploy-role-222222222222-eu-west-1"
    statements_of(template, "AWS::S3::BucketPolicy")[0]["Principal"] = {"AWS": role}


@mutant("Foundation", "ML080")
def key_rotation_off(template: Template) -> None:
    first(template, "AWS::KMS::Key")["EnableKeyRotation"] = False


@mutant("Foundation", "ML081")
def bucket_over_plain_http(template: Template) -> None:
    drop_tls(template, "AWS::S3::BucketPolicy")


@mutant("Foundation", "ML081")
def topic_over_plain_http(template: Template) -> None:
    drop_tls(template, "AWS::SNS::TopicPolicy")


@mutant("Foundation", "ML081")
def queue_over_plain_http(template: Template) -> None:
    drop_tls(template, "AWS::SQS::QueuePolicy")


@mutant("Foundation", "ML081")
def tls_statement_that_is_always_false(template: Template) -> None:
    for statement in statements_of(template, "AWS::S3::BucketPolicy"):
        if statement["Effect"] == "Deny":
            statement["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}


@mutant("Foundation", "ML082")
def bucket_that_may_become_public(template: Template) -> None:
    del first(template, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]


@mutant("Foundation", "ML082")
def bucket_with_public_policies(template: Template) -> None:
    block = first(template, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]
    block["BlockPublicPolicy"] = False


@mutant("Foundation", "ML083")
def bucket_without_encryption(template: Template) -> None:
    del first(template, "AWS::S3::Bucket")["BucketEncryption"]


@mutant("Foundation", "ML084")
def bucket_without_versions(template: Template) -> None:
    del first(template, "AWS::S3::Bucket")["VersioningConfiguration"]


@mutant("Foundation", "ML085")
def topic_without_encryption(template: Template) -> None:
    del first(template, "AWS::SNS::Topic")["KmsMasterKeyId"]


@mutant("Foundation", "ML086")
def queue_without_encryption(template: Template) -> None:
    del first(template, "AWS::SQS::Queue")["SqsManagedSseEnabled"]


@mutant("Training", "ML087")
def log_that_never_ends(template: Template) -> None:
    del first(template, "AWS::Logs::LogGroup")["RetentionInDays"]


@mutant("Training", "ML087")
def log_without_key(template: Template) -> None:
    del first(template, "AWS::Logs::LogGroup")["KmsKeyId"]


@mutant("Foundation", "ML095")
def bucket_that_a_failed_creation_leaves_behind(template: Template) -> None:
    resource(template, "AWS::S3::Bucket")["DeletionPolicy"] = "Retain"


@mutant("Foundation", "ML096")
def alias_that_goes_before_its_key(template: Template) -> None:
    resource(template, "AWS::KMS::Alias")["DeletionPolicy"] = "Delete"


@mutant("Foundation", "ML096")
def policy_that_goes_before_its_bucket(template: Template) -> None:
    del resource(template, "AWS::S3::BucketPolicy")["DeletionPolicy"]


@mutant("Foundation", "ML096")
def key_that_goes_before_its_bucket(template: Template) -> None:
    resource(template, "AWS::KMS::Key")["DeletionPolicy"] = "Delete"


@mutant("Delivery", "ML097")
def statement_that_two_buses_share(template: Template) -> None:
    first(template, "AWS::Events::EventBusPolicy")["StatementId"] = "StagesReport"


@mutant("Delivery", "ML098")
def more_resources_than_a_stack_may_have(template: Template) -> None:
    key = copy.deepcopy(resource(template, "AWS::KMS::Key"))
    template["Resources"] |= {f"Key{number}": key for number in range(501)}


@mutant("Training", "ML090")
def value_from_another_stack(template: Template) -> None:
    role = {"Fn::GetStackOutput": {"StackName": "other", "OutputName": "RoleArn"}}
    first(template, "AWS::SageMaker::Pipeline")["RoleArn"] = role


@mutant("Training", "ML091")
def password_in_the_environment(template: Template) -> None:
    function = first(template, "AWS::Lambda::Function")
    function.setdefault("Environment", {}).setdefault("Variables", {})["DB_PASSWORD"] = "hunter2"


def endpoint_template() -> Template:
    template: Template = json.loads(ENDPOINT.read_text())
    return template


def killers(template: Template) -> set[str]:
    return {rule.id for rule, _ in findings(template)}


def patients(templates: dict[str, Template]) -> dict[str, Template]:
    """The template that each kind of mutant is made from: that of the first stage that has one."""
    found = {"endpoint": endpoint_template()}
    for path, template in sorted(templates.items()):
        for kind in ("Delivery", "Foundation", "Registry", "Training"):
            if path.endswith(kind):
                found.setdefault(kind, template)
        # Of the stages that serve, the one whose fleet has room to scale.
        if path.endswith("Serving") and _TARGET in _types(template):
            found.setdefault("Serving", template)
        if path.endswith("ReleaseCheck"):
            found.setdefault("ReleaseCheck", template)
    return found


def _types(template: Template) -> set[str]:
    return {resource["Type"] for resource in template["Resources"].values()}


def mutated(templates: dict[str, Template], mutant: Mutant) -> Template:
    template = copy.deepcopy(patients(templates)[mutant.template])
    mutant.mutate(template)
    return template


def test_clean_templates_have_no_findings(templates: dict[str, Template]) -> None:
    found = {
        f"{path}: {rule.id} {fault.logical_id} {fault.detail}"
        for path, template in [*templates.items(), ("endpoint", endpoint_template())]
        for rule, fault in findings(template)
    }

    assert found == set()


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.template}-{mutant.name.replace(' ', '-')}"
)
def test_the_named_rule_kills_the_mutant(mutant: Mutant, templates: dict[str, Template]) -> None:
    assert mutant.rule in killers(mutated(templates, mutant))


def test_every_rule_kills_a_mutant() -> None:
    assert {mutant.rule for mutant in MUTANTS} == {rule.id for rule in RULES}


def kill_table(templates: dict[str, Template]) -> str:
    lines = [f"{'mutant':45} {'template':11} {'rule':6} killed by"]
    for mutant in sorted(MUTANTS, key=lambda one: (one.rule, one.name)):
        found = killers(mutated(templates, mutant))
        verdict = ", ".join(sorted(found)) if mutant.rule in found else "SURVIVED"
        lines.append(f"{mutant.name:45} {mutant.template:11} {mutant.rule:6} {verdict}")
    return "\n".join(lines)


def read_assembly(assembly: Path) -> dict[str, Template]:
    """Templates by file name, without the hash that ends it."""
    return {
        re.sub(r"[0-9A-F]{8}$", "", path.name.removesuffix(".template.json")): json.loads(
            path.read_text()
        )
        for path in assembly.rglob("*.template.json")
    }


if __name__ == "__main__":
    asked = Path(sys.argv[1] if len(sys.argv) > 1 else "cdk.out")
    sys.stdout.write(kill_table(read_assembly(asked)) + "\n")
