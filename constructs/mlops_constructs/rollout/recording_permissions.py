"""What a function needs that sees how deployments went, keeps it and tells it."""

from mlops_constructs.permission import Permission
from mlops_constructs.release import Release


def recording_environment(release: Release) -> dict[str, str]:
    """Whose deployments they are, and where their record is kept and told; all of it literals."""
    site = release.site
    environment = {
        "STAGE": site.stage.name,
        "MODEL": release.model.name,
        "ENDPOINT_NAME": release.endpoint_name,
        "RELEASE_RECORD": site.names.release_record(site.stage, release.model.name),
        "ALERT_TOPIC": site.alert_topic_arn,
    }
    bus = site.delivery_bus_arn
    return environment if bus is None else environment | {"DELIVERY_BUS": bus}


def see_deployments(release: Release) -> list[Permission]:
    """Read the endpoint's configs, their models, their alarms' past and their requests."""
    prefix = release.site.arn("cloudwatch", f"alarm:{release.alarm_prefix}*")
    return [
        *see_configs(release),
        Permission(
            sid="SeeWhatWasRed",
            actions=["cloudwatch:DescribeAlarmHistory"],
            resources=[prefix],
            because="each release has alarms of its own; the prefix belongs to this endpoint alone",
        ),
        count_requests(),
    ]


def see_configs(release: Release) -> list[Permission]:
    """Find the endpoint's configs, and follow them to their models."""
    site = release.site
    return [
        Permission(
            sid="FindTheNewestConfig",
            actions=["sagemaker:ListEndpointConfigs"],
            resources=["*"],
            because="this action has no resource-level permissions and reads names only",
        ),
        Permission(
            sid="SeeWhatItRuns",
            actions=[
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ],
            resources=[
                site.arn("sagemaker", "endpoint-config/*"),
                site.arn("sagemaker", "model/*"),
            ],
            because="SageMaker configs and models have generated names; the calls only read",
        ),
    ]


def count_requests() -> Permission:
    """Read metrics."""
    return Permission(
        sid="CountRequests",
        actions=["cloudwatch:GetMetricData"],
        resources=["*"],
        because="this action has no resource-level permissions, and reads figures only",
    )


def tell_people(release: Release, *, key_arn: str) -> list[Permission]:
    """Publish to the stage's people."""
    return [
        Permission(
            sid="TellPeople", actions=["sns:Publish"], resources=[release.site.alert_topic_arn]
        ),
        Permission(
            sid="TellPeopleEncrypted",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[key_arn],
        ),
    ]


def record_deployments(release: Release, *, key_arn: str) -> list[Permission]:
    """Keep one record, publish to the stage's people, and wake the delivery where there is one."""
    site = release.site
    name = site.names.release_record(site.stage, release.model.name)
    permissions = [
        Permission(
            sid="KeepTheRecord",
            actions=["ssm:GetParameter", "ssm:PutParameter"],
            resources=[site.arn("ssm", f"parameter{name}")],
        ),
        *tell_people(release, key_arn=key_arn),
    ]
    if site.delivery_bus_arn is not None:
        wake = Permission(
            sid="WakeTheDelivery",
            actions=["events:PutEvents"],
            resources=[site.delivery_bus_arn],
        )
        permissions.append(wake)
    return permissions
