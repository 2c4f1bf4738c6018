"""`config/stages.yaml`: where and how a platform engineer lets models run."""

from typing import Annotated, Literal

from pydantic import Field

from mlops.contract.endpoint_spec import CanarySpec
from mlops.contract.vocabulary import AccountId, InstanceType, Line, Name, Region, Spec
from mlops.rollout import Strategy

LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653
]


class Environment(Spec):
    """An AWS account and region."""

    account: AccountId
    region: Region


class Network(Spec):
    """Existing private subnets; nothing is created or looked up."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    subnet_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...],
        Field(min_length=1, max_length=16, strict=False),
    ]
    security_group_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")], ...],
        Field(min_length=1, max_length=5, strict=False),
    ]


class Capacity(Spec):
    """One size of endpoint; models name the tier, stages say what it costs here."""

    instance_type: InstanceType
    min_instances: Annotated[int, Field(ge=1, le=1000)]
    max_instances: Annotated[int, Field(ge=1, le=1000)]


class CanaryOverrides(Spec):
    """What this stage changes in every model's canary."""

    strategy: Strategy | None = None
    size_percent: Annotated[int | None, Field(ge=1, le=100)] = None
    bake_minutes: Annotated[int | None, Field(ge=1)] = None
    final_bake_minutes: Annotated[int | None, Field(ge=1)] = None
    timeout_minutes: Annotated[int | None, Field(ge=1)] = None
    minimum_invocations: Annotated[int | None, Field(ge=1)] = None

    def applied_to(self, canary: CanarySpec) -> CanarySpec:
        """The model's canary as this stage runs it."""
        return canary.model_copy(update=self.model_dump(exclude_none=True))


class StageSettings(Spec):
    """Everything about a stage but its name, which is its key in the file."""

    account: AccountId
    region: Region
    trains: Annotated[
        bool, Field(description="Exactly one stage trains and holds the registry")
    ] = False
    network: Annotated[Network | None, Field(description="None: jobs run without a VPC")] = None
    capacity: Annotated[dict[Name, Capacity], Field(min_length=1)]
    approval: Annotated[
        Literal["automatic", "manual"], Field(description="Who lets a release into this stage")
    ] = "manual"
    canary: CanaryOverrides = CanaryOverrides()
    log_retention_days: LogRetentionDays = 90
    removal_policy: Annotated[
        Literal["retain", "destroy"], Field(description="What happens to data when a stack goes")
    ] = "retain"
    tags: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$")],
            Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{0,256}$")],
        ],
        Field(max_length=40),
    ] = Field(default_factory=dict)
    permissions_boundary: Annotated[
        Line | None, Field(description="Name of a managed policy that bounds every role")
    ] = None


class StageSpec(StageSettings):
    """A stage with its name."""

    name: Name


class StagesFile(Spec):
    """`config/stages.yaml` as written; stages promote from the first to the last."""

    project: Annotated[Name, Field(max_length=12, description="Prefix of every physical name")] = (
        "mlops"
    )
    delivery: Annotated[
        Environment, Field(description="Account of the delivery pipeline and images")
    ]
    stages: Annotated[
        dict[Annotated[Name, Field(max_length=12)], StageSettings],
        Field(min_length=1, max_length=10),
    ]


class StagesSpec(Spec):
    """The stages in promotion order."""

    project: str
    delivery: Environment
    stages: tuple[StageSpec, ...]

    @classmethod
    def of(cls, file: StagesFile) -> "StagesSpec":
        """The file's content with each stage knowing its name."""
        stages = tuple(
            StageSpec(name=name, **dict(settings)) for name, settings in file.stages.items()
        )
        return cls(project=file.project, delivery=file.delivery, stages=stages)

    @property
    def training(self) -> StageSpec:
        """The stage that trains and holds the registry."""
        return next(stage for stage in self.stages if stage.trains)

    def stage(self, name: str) -> StageSpec:
        """One stage by its name.

        Raises:
            KeyError: there is no such stage.
        """
        found = {stage.name: stage for stage in self.stages}
        return found[name]
