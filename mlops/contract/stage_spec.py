"""`config/stages.yaml`: where and how a platform engineer lets models run."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops.contract.endpoint_spec import CanarySpec, EndpointSpec
from mlops.contract.partial import unreadable, without_fields
from mlops.contract.vocabulary import (
    UNIQUE,
    AccountId,
    BranchName,
    ChannelId,
    ConnectionArn,
    EmailAddress,
    HostingInstanceType,
    ImageReference,
    Name,
    OrganizationId,
    PolicyName,
    ProjectName,
    Region,
    RepositoryName,
    SecretArn,
    SecurityGroupId,
    Spec,
    StageName,
    SubnetId,
    TagKey,
    TagValue,
    VpcId,
    WorkspaceId,
    joined,
)
from mlops.rollout import ReleaseTraffic, Strategy

LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653
]


Check = Literal["smoke", "integration", "load", "metrics"]


class Environment(Spec):
    """An AWS account and region."""

    account: Annotated[AccountId, Field(description="12 digits, in quotes")]
    region: Annotated[Region, Field(description="The registry's region: images are regional")]


class Source(Spec):
    """The repository that the delivery pipeline follows."""

    repository: Annotated[
        RepositoryName,
        Field(description="`owner/name` with a connection, else a CodeCommit repository's name"),
    ]
    branch: Annotated[BranchName, Field(description="Every commit on it is delivered")] = "main"
    connection: Annotated[
        ConnectionArn | None,
        Field(description="CodeConnections connection to the host; None: CodeCommit"),
    ] = None
    credentials: Annotated[
        SecretArn | None,
        Field(description="Secret with the key or token that pushes; None: connection, CodeCommit"),
    ] = None

    @model_validator(mode="after")
    def _names_what_its_host_knows(self) -> "Source":
        if (self.connection is None) == ("/" in self.repository):
            raise joined(
                "repository",
                "connection",
                problem="does not fit the host",
                got=self.repository,
                allowed="owner/name with a connection, a plain name without one (CodeCommit)",
                remedy="write owner/name and a connection, or the CodeCommit repository's name",
            )
        return self


class SlackChannel(Spec):
    """A channel of a workspace that the delivery account was let into."""

    workspace: Annotated[WorkspaceId, Field(description="Authorised once in the console")]
    channel: Annotated[ChannelId, Field(description="The channel's id, not its name")]


class Notifications(Spec):
    """Who hears that the delivery failed, waits, or took a release back."""

    emails: Annotated[
        tuple[EmailAddress, ...],
        Field(max_length=20, strict=False, description="Each confirms a subscription by mail"),
        *UNIQUE,
    ] = ()
    slack: Annotated[SlackChannel | None, Field(description="None: no channel")] = None


class ImageBuild(Spec):
    """What models' images are built from besides their own folders."""

    base: Annotated[
        ImageReference | None,
        Field(description="Base image in a mirror, best by digest; None: the Dockerfile's own"),
    ] = None
    revision: Annotated[
        int,
        Field(ge=1, description="Raise it to build every image again, under new tags"),
    ] = 1


class Delivery(Environment):
    """The account of images and of the pipeline that promotes."""

    source: Annotated[
        Source | None, Field(description="None: no pipeline; people run `cdk deploy`")
    ] = None
    notifications: Annotated[
        Notifications, Field(description="Who hears of the delivery; others may subscribe")
    ] = Notifications()
    images: Annotated[ImageBuild, Field(description="How the images of all models are built")] = (
        ImageBuild()
    )


class Network(Spec):
    """Existing private subnets; nothing is created or looked up."""

    vpc_id: Annotated[VpcId, Field(description="The VPC that holds the subnets")]
    subnet_ids: Annotated[
        tuple[SubnetId, ...],
        Field(min_length=1, max_length=16, strict=False, description="Private subnets of the VPC"),
        *UNIQUE,
    ]
    security_group_ids: Annotated[
        tuple[SecurityGroupId, ...],
        Field(min_length=1, max_length=5, strict=False, description="Security groups of the jobs"),
        *UNIQUE,
    ]


class Capacity(Spec):
    """One size of endpoint; models name the tier, stages say what it costs here."""

    instance_type: Annotated[
        HostingInstanceType, Field(description="Type that SageMaker offers for endpoints")
    ]
    min_instances: Annotated[
        int, Field(ge=1, le=1000, description="Smallest fleet; 2 or more for a canary")
    ]
    max_instances: Annotated[int, Field(ge=1, le=1000, description="Largest fleet")]


class CanaryOverrides(Spec):
    """What this stage changes in every model's canary."""

    strategy: Annotated[
        Strategy | None, Field(description="Instead of the model's `endpoint.canary.strategy`")
    ] = None
    size_percent: Annotated[
        int | None, Field(ge=1, le=100, description="Instead of the model's share")
    ] = None
    bake_minutes: Annotated[
        int | None, Field(ge=1, le=60, description="Instead of the model's bake")
    ] = None
    final_bake_minutes: Annotated[
        int | None, Field(ge=1, le=60, description="Instead of the model's final bake")
    ] = None
    timeout_minutes: Annotated[
        int | None, Field(ge=1, description="Instead of the model's timeout")
    ] = None
    minimum_invocations: Annotated[
        int | None, Field(ge=1, description="Instead of the model's minimum")
    ] = None

    def applied_to(self, canary: CanarySpec) -> CanarySpec:
        """The model's canary as this stage runs it; what is wrong here cannot be read there."""
        applied = canary.model_copy(update={key: getattr(self, key) for key in self.written})
        return without_fields(applied, unreadable(self))

    @property
    def written(self) -> tuple[str, ...]:
        """The keys that the stage decides; wrong ones are not among them."""
        return tuple(key for key, value in self if value is not None)


class Audit(Spec):
    """What a stage records of accesses to its data, for whoever audits it."""

    data_events: Annotated[
        bool,
        Field(
            description="CloudTrail records each read and write of an object; AWS bills each event"
        ),
    ] = False


class StageSettings(Spec):
    """Everything about a stage but its name, which is its key in the file."""

    account: Annotated[AccountId, Field(description="12 digits, in quotes")]
    region: Annotated[Region, Field(description="The registry's region: model data is regional")]
    trains: Annotated[
        bool, Field(description="Exactly one stage trains and holds the registry")
    ] = False
    production: Annotated[
        bool, Field(description="Real people are served; each model says which fields are personal")
    ] = False
    network: Annotated[Network | None, Field(description="None: jobs run without a VPC")] = None
    capacity: Annotated[
        dict[Name, Capacity],
        Field(min_length=1, description="Endpoint sizes by the tier that models name"),
    ]
    approval: Annotated[
        Literal["automatic", "manual"], Field(description="Who lets a release into this stage")
    ] = "manual"
    promotion: Annotated[
        Literal["by-hand", "on-approval", "pull-request"],
        Field(description="Who pins a version that was approved: people, or the automation"),
    ] = "by-hand"
    recorded_contents: Annotated[
        Literal["optional", "required"],
        Field(description="Whether a pin needs the hashes of its version's bytes beside it"),
    ] = "optional"
    checks: Annotated[
        tuple[Check, ...],
        Field(strict=False, description="What must pass after a deployment, before the next stage"),
        *UNIQUE,
    ] = ("smoke", "metrics")
    canary: Annotated[
        CanaryOverrides, Field(description="Keys of every model's canary that differ here")
    ] = CanaryOverrides()
    log_retention_days: Annotated[
        LogRetentionDays, Field(description="A period that CloudWatch Logs offers")
    ] = 90
    audit: Annotated[Audit, Field(description="Record of accesses to the stage's data")] = Audit()
    removal_policy: Annotated[
        Literal["retain", "destroy"], Field(description="What happens to data when a stack goes")
    ] = "retain"
    tags: Annotated[
        dict[TagKey, TagValue],
        Field(max_length=40, description="Put on every resource; AWS takes 50 tags in all"),
    ] = Field(default_factory=dict)
    permissions_boundary: Annotated[
        PolicyName | None, Field(description="Name of a managed policy that bounds every role")
    ] = None


class StageSpec(StageSettings):
    """A stage with its name."""

    name: StageName


def _named(name: str, settings: StageSettings) -> StageSpec:
    """The settings with their name; they were checked where they were read."""
    found = dict(settings)
    return without_fields(
        StageSpec.model_construct(name=name, **found), StageSettings.model_fields.keys() - found
    )


class StagesFile(Spec):
    """`config/stages.yaml` as written; stages promote from the first to the last."""

    project: Annotated[ProjectName, Field(description="Prefix of every physical name")] = "mlops"
    organization: Annotated[
        OrganizationId | None,
        Field(description="Other accounts are let in as its members alone; None: by number alone"),
    ] = None
    delivery: Annotated[Delivery, Field(description="Account of the delivery pipeline and images")]
    stages: Annotated[
        dict[StageName, StageSettings],
        Field(min_length=1, max_length=10, description="In the order of promotion"),
    ]


class StagesSpec(Spec):
    """The stages in promotion order."""

    project: str
    organization: str | None = None
    delivery: Delivery
    stages: tuple[StageSpec, ...]

    @classmethod
    def of(cls, file: StagesFile) -> "StagesSpec":
        """The file's content with each stage knowing its name; all of it was checked before."""
        stages = tuple(_named(name, settings) for name, settings in file.stages.items())
        return without_fields(
            cls.model_construct(**{**dict(file), "stages": stages}),
            {"project", "organization", "delivery"} - dict(file).keys(),
        )

    @property
    def training(self) -> StageSpec:
        """The stage that trains and holds the registry."""
        return next(stage for stage in self.stages if stage.trains)

    @property
    def last(self) -> StageSpec:
        """The stage that callers call."""
        return self.stages[-1]

    def callers_per_minute(self, stage: StageSpec, endpoint: EndpointSpec) -> int:
        """What callers send to a model in a stage on a usual day."""
        if stage.name == self.last.name:
            return endpoint.expected_requests_per_minute
        return endpoint.stage_requests_per_minute.get(stage.name, 0)

    def release_traffic(self, stage: StageSpec, endpoint: EndpointSpec) -> ReleaseTraffic:
        """What a release of a model in a stage can count on."""
        canary = stage.canary.applied_to(endpoint.canary)
        return ReleaseTraffic.of(
            canary.policy,
            minimum_invocations=canary.minimum_invocations,
            callers_per_minute=self.callers_per_minute(stage, endpoint),
        )

    @property
    def is_automated(self) -> bool:
        """Whether the release automation moves the pins of some stage; it pushes to the source."""
        asked = any(stage.promotion != "by-hand" for stage in self.stages)
        return asked and self.delivery.source is not None

    def stage(self, name: str) -> StageSpec:
        """One stage by its name.

        Raises:
            KeyError: there is no such stage.
        """
        found = {stage.name: stage for stage in self.stages}
        return found[name]
