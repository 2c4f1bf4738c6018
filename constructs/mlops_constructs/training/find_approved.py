"""What the step FindApproved asks: the approved version that a candidate is compared with."""

from mlops.contract import ModelSpec
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import Task
from mlops_constructs.site import Site


def find_approved(site: Site, model: ModelSpec) -> Task:
    """Reads one model package group and one image repository."""
    names = site.names
    return Task(
        name="find-approved",
        description=f"Newest approved version of {model.name}",
        module="training.find_approved",
        minutes=1,
        permissions=[
            Permission(
                sid="ReadTheGroup",
                actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                resources=[
                    names.model_package_group_arn(model.name),
                    names.model_packages_arn(model.name),
                ],
                because="the registry numbers the versions; the group is exact",
            ),
            Permission(
                sid="FindTheImage",
                actions=["ecr:DescribeImages"],
                resources=[names.image_repository_arn(model.name)],
            ),
        ],
    )
