"""Words that people's names may not hold, so that no name of the platform covers another's.

Physical names join project, stage, model and purpose by hyphens: `mlops-prod-bike-rollback-*` is
every rollback alarm of the model `bike`, and of a model `bike-rollback` it would be all alarms. So
no word of a model's name after its first is a purpose, a stage and a project are one word each, and
what stands where a project, a stage or a model could stand is none of them.
"""

from typing import Final

PURPOSES: Final = (
    "batch", "caller", "drift", "invoke", "monitoring", "oncall", "release", "requests", "rollback",
    "serving", "training",
)  # fmt: skip
"""What the platform writes after a model's name, up to the next hyphen."""
MODEL_NAMES: Final = ("ground-truth", "monitoring")
"""Folders of a capture bucket beside those of the models."""
STAGE_NAMES: Final = ("delivery", "release")
"""What stands for a stage in the names of the delivery account."""
PROJECT_NAMES: Final = ("amazon", "cdk", "sagemaker", "sthree")
"""Beginnings of names that AWS keeps: bootstrap's roles, SageMaker's own, refused buckets."""
PROJECT_BEGINNINGS: Final = ("aws", "ssm")
"""Systems Manager takes no parameter whose name begins so."""
