"""The instance types that SageMaker's API takes, by what they are used for.

The table is generated from botocore's service model (`mlops generate`), because loading that model
on each validation would cost more than everything else together.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

Purpose = Literal["processing", "training", "hosting", "transform"]

TABLE: Final = Path(__file__).with_name("instance_types.json")

_LOCAL_STORAGE: Final = re.compile(
    r"ml\.(?:[cmr]\d+[a-z]?dn?|dl1|g4dn|g5|g6e?|g7e?|p3dn|p4de?|p5e?n?|p6[a-z0-9-]*|trn\d+n?|i\d\w*)\."
)
"""Families with instance store, which SageMaker encrypts by hardware and for which it refuses
a key of ours (API reference of ProcessingClusterConfig, ResourceConfig, CreateEndpointConfig)."""

_SIZE: Final = re.compile(r"(\d*)(x?)large$")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What the machines of some families have in common, and what that rules out here."""

    families: re.Pattern[str]
    reason: str
    allowed: str
    remedy: str

    def belongs_to(self, instance_type: str) -> bool:
        """Whether a type's family has it."""
        return self.families.fullmatch((*instance_type.split("."), "")[1]) is not None


FEATURES: Final[dict[str, Feature]] = {
    "arm64": Feature(
        families=re.compile(r"(?:[a-z]+\d+g[a-z]*|g5g|p6e-gb200)"),
        reason="the processor is arm64 and images are built for amd64; no container would start",
        allowed="families with Intel or AMD processors, like ml.m5 or ml.c7i",
        remedy="use the family without g at its end, like ml.c7i for ml.c7g",
    ),
    "accelerator": Feature(
        families=re.compile(r"(?:g\d+(?:dn|e|n)?|gr\d+|p\d.*|inf\d+|trn\d+n?|dl\d+)"),
        reason="the accelerator costs and is not used: the platform's image has no driver for it",
        allowed="families without an accelerator, or a Dockerfile of the model's own",
        remedy="use a type like ml.m5.xlarge, or add a Dockerfile that brings CUDA or Neuron",
    ),
    "burstable": Feature(
        families=re.compile(r"t\d+.*"),
        reason="SageMaker scales no burstable instances",
        allowed="other families, or scaling.enabled: false, or a tier of fixed size",
        remedy="use a type like ml.m5.large, or switch scaling off",
    ),
}
"""Sources: SageMaker Developer Guide, "Automatic Scaling"; EC2 User Guide, "Instance type names";
aws-cdk#22886."""


@cache
def _table() -> dict[str, list[str]]:
    table: dict[str, list[str]] = json.loads(TABLE.read_text("utf-8"))
    return table


def instance_types(purpose: Purpose) -> list[str]:
    """Every instance type of a purpose, sorted."""
    return _table()[purpose]


def instance_type_problem(instance_type: str, purpose: Purpose) -> str | None:
    """Why SageMaker would refuse an instance type for a purpose, or None."""
    known = instance_types(purpose)
    if instance_type in known:
        return None
    if re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9-]+", instance_type) is None:
        return "is not an instance type"
    family = instance_type.split(".")[1]
    sizes = [name for name in known if name.split(".")[1] == family]
    if sizes:
        return f"family {family} has no such size for {purpose}"
    return f"SageMaker has no instance type family {family} for {purpose}"


def similar_instance_types(instance_type: str, purpose: Purpose) -> list[str]:
    """Types of the same family, or else of the general-purpose families."""
    known = instance_types(purpose)
    family = (*instance_type.split("."), "")[1]
    same = [name for name in known if name.split(".")[1] == family]
    return same or [name for name in known if name.startswith(("ml.m5.", "ml.c5."))]


def has_instance_store(instance_type: str) -> bool:
    """Whether SageMaker encrypts the type's disks by hardware, and refuses a key for them."""
    return _LOCAL_STORAGE.match(instance_type) is not None


def virtual_cpus(instance_type: str) -> int:
    """Cores behind a SageMaker size, whose CPUUtilization goes to 100 % times as many."""
    size = _SIZE.search(instance_type)
    if size is None or not size[2]:
        return 2
    return 4 * int(size[1] or 1)
