"""What a job may do, piece by piece."""

from collections.abc import Callable

from mlops_constructs import job_permissions as jobs
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

SiteOf = Callable[..., Site]


def actions(permissions: list[Permission]) -> dict[str, list[str]]:
    return {permission.sid: list(permission.actions) for permission in permissions}


def test_images_come_from_exactly_the_models_repository(site_of: SiteOf) -> None:
    token, pull = jobs.pull_image(site_of("dev"), model="churn")

    assert token.actions == ["ecr:GetAuthorizationToken"]
    assert pull.resources == ["arn:aws:ecr:eu-west-1:100000000000:repository/acme/churn"]


def test_metrics_go_to_the_namespace_of_the_jobs_kind(site_of: SiteOf) -> None:
    _, metrics = jobs.report(site_of("dev"), kind="Training")

    assert metrics.conditions == {
        "StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}
    }


def test_reading_a_prefix_lists_that_prefix_only() -> None:
    read, listing = jobs.read_object(sid="Data", bucket="b", key="data/churn/*")

    assert read.resources == ["arn:aws:s3:::b/data/churn/*"]
    assert listing.conditions == {"StringLike": {"s3:prefix": "data/churn/*"}}


def test_grants_on_the_key_are_for_aws_resources_or_come_through_sagemaker(
    site_of: SiteOf,
) -> None:
    grants = jobs.encrypt_volumes(site_of("dev"), key_arn="key")

    assert [grant.conditions for grant in grants] == [
        {"StringEquals": {"kms:ViaService": "sagemaker.eu-west-1.amazonaws.com"}},
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    ]


def test_without_a_network_no_job_touches_interfaces(site_of: SiteOf) -> None:
    assert jobs.join_network(site_of("dev")) == []


def test_with_a_network_interfaces_appear_in_the_stages_subnets_only(site_of: SiteOf) -> None:
    create, hand_over, see = jobs.join_network(site_of("dev", network=True))

    subnets = [
        f"arn:aws:ec2:eu-west-1:200000000000:subnet/subnet-0123456789abcdef{n}" for n in "01"
    ]
    assert [resource for resource in create.resources if "subnet/" in resource] == subnets
    assert hand_over.conditions == {"ArnEquals": {"ec2:Subnet": subnets}}
    assert all(action.startswith("ec2:Describe") for action in see.actions)


def test_every_pattern_has_a_reason(site_of: SiteOf) -> None:
    site = site_of("dev", network=True)
    permissions = [
        *jobs.pull_image(site, model="churn"),
        *jobs.report(site, kind="Processing"),
        *jobs.read_object(sid="Data", bucket="b", key="data/*"),
        *jobs.write_objects(bucket="b", key="out/*"),
        *jobs.use_key("key"),
        *jobs.encrypt_volumes(site_of("dev"), key_arn="key"),
        *jobs.join_network(site),
    ]

    assert [p.sid for p in permissions if p.patterns and not p.because] == []
