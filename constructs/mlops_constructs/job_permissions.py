"""What a SageMaker job may do in a stage, as small permissions to be put together per job."""

from typing import Final, Literal

from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

JobKind = Literal["Processing", "Training", "Transform"]

_KEYS: Final = "the keys of future objects are not known; the prefix belongs to this model alone"
_ALL: Final = (
    "this action has no resource-level permissions; a condition or its being read-only limits it"
)


def pull_image(site: Site, *, model: str) -> list[Permission]:
    """Pull images of exactly this model's repository."""
    return [
        Permission(
            sid="FindTheRegistry",
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            because=_ALL,
        ),
        Permission(
            sid="PullTheImage",
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            resources=[site.names.image_repository_arn(model)],
        ),
    ]


def report(site: Site, *, kind: JobKind) -> list[Permission]:
    """Write the job's log and its instance metrics."""
    group = site.arn("logs", f"log-group:/aws/sagemaker/{kind}Jobs")
    return [
        Permission(
            sid="WriteTheLog",
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[group, f"{group}:log-stream:*"],
            because="SageMaker names the log streams, one for each job, in a group of its own",
        ),
        Permission(
            sid="WriteMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={
                "StringEquals": {"cloudwatch:namespace": f"/aws/sagemaker/{kind}Jobs"},
            },
            because=_ALL,
        ),
    ]


def read_object(*, sid: str, bucket: str, key: str, because: str = _KEYS) -> list[Permission]:
    """Read an object, or the objects below a prefix, and find them by listing nothing else."""
    return [
        Permission(
            sid=f"Read{sid}",
            actions=["s3:GetObject"],
            resources=[f"arn:aws:s3:::{bucket}/{key}"],
            because=because,
        ),
        Permission(
            sid=f"List{sid}",
            actions=["s3:ListBucket"],
            resources=[f"arn:aws:s3:::{bucket}"],
            conditions={"StringLike": {"s3:prefix": key}},
        ),
    ]


def write_objects(*, bucket: str, key: str, because: str = _KEYS) -> list[Permission]:
    """Write objects below a prefix."""
    return [
        Permission(
            sid="WriteOutputs",
            actions=["s3:AbortMultipartUpload", "s3:PutObject"],
            resources=[f"arn:aws:s3:::{bucket}/{key}"],
            because=because,
        )
    ]


def use_key(key_arn: str) -> list[Permission]:
    """Read and write what is encrypted under the stage's key."""
    return [
        Permission(
            sid="UseTheKey",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            resources=[key_arn],
        )
    ]


def encrypt_volumes(site: Site, *, key_arn: str) -> list[Permission]:
    """Let the job's machines use the stage's key for their disks.

    SageMaker asks for the grant with the role's credentials. Whether such a request counts as one
    for an AWS resource is not documented; that it comes through SageMaker is enough, too.
    """
    through = {"kms:ViaService": f"sagemaker.{site.stage.region}.amazonaws.com"}
    return [
        Permission(
            sid="EncryptVolumesThroughSageMaker",
            actions=["kms:CreateGrant"],
            resources=[key_arn],
            conditions={"StringEquals": through},
        ),
        Permission(
            sid="EncryptVolumes",
            actions=["kms:CreateGrant"],
            resources=[key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def join_network(site: Site) -> list[Permission]:
    """Put network interfaces into the stage's subnets; nothing where the stage has no network."""
    network = site.stage.network
    if network is None:
        return []
    places = [
        *(site.arn("ec2", f"subnet/{id_}") for id_ in network.subnet_ids),
        *(site.arn("ec2", f"security-group/{id_}") for id_ in network.security_group_ids),
    ]
    interfaces = site.arn("ec2", "network-interface/*")
    return [
        Permission(
            sid="CreateInterfaces",
            actions=["ec2:CreateNetworkInterface"],
            resources=[*places, interfaces],
            because="an interface has no name before it exists; the subnets are exact",
        ),
        Permission(
            sid="HandOverInterfaces",
            actions=[
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resources=[interfaces],
            conditions={
                "ArnEquals": {
                    "ec2:Subnet": [site.arn("ec2", f"subnet/{s}") for s in network.subnet_ids]
                },
            },
            because="an interface has no name before it exists; the condition names the subnets",
        ),
        Permission(
            sid="SeeTheNetwork",
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
            because=_ALL,
        ),
    ]
