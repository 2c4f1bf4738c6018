"""Where the image of one model is kept for every stage."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.organization import for_members


class ImageRepository(Construct):
    """A repository that outlives its stack, with tags that never move.

    The configured stages' accounts may pull; nobody else's may do anything. A tagged image is never
    expired: any version in the registry may still be released, or be the way back.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: DeliverySite, model: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=site.names.image_repository(model),
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[_pushes_that_broke_off()],
        )
        if site.other_accounts:
            self.repository.add_to_resource_policy(_pull(site))


def _pushes_that_broke_off() -> ecr.LifecycleRule:
    return ecr.LifecycleRule(
        description="Images without a tag are parts of pushes that broke off",
        tag_status=ecr.TagStatus.UNTAGGED,
        max_image_age=Duration.days(14),
    )


def _pull(site: DeliverySite) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="StagesPull",
        principals=[iam.AccountPrincipal(account) for account in site.other_accounts],
        actions=[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            # A version's image is looked up when the version is registered.
            "ecr:DescribeImages",
            "ecr:DescribeRepositories",
            "ecr:GetDownloadUrlForLayer",
        ],
        conditions=for_members(site.names),
    )
