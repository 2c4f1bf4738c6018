"""Which actions can make a version Approved: derived from what AWS publishes about its own API.

Two sources that this project did not write name the actions that set the status themselves:
botocore's model of SageMaker, whose requests hold the shape `ModelApprovalStatus` somewhere, and
the service authorization reference, as the simulator's own packages carry it, which lists the
condition key `sagemaker:ModelApprovalStatus` action by action. The other effects lead there over
somebody else's permission: who writes policies, or acts as a role that may, may as well.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import Session

KEY: Final = "sagemaker:ModelApprovalStatus"
_PERMISSIONS: Final = "Permissions management"
_CHANGES: Final = frozenset({"Write", "Tagging", _PERMISSIONS})
_ROLE: Final = "role"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """AWS's service authorization reference, one file a service."""

    folder: Path

    @classmethod
    def beside(cls, packages: Path) -> "Reference":
        """The copy that the simulator judges by."""
        data = packages / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
        return cls(folder=data / "actions")

    def actions(self, service: str) -> Mapping[str, Mapping[str, Any]]:
        """Every action of a service, by its name."""
        found = json.loads((self.folder / f"{service}.json").read_text("utf-8"))
        return {one["name"]: one for one in found.values()}

    def changing(self, service: str) -> set[str]:
        """The actions that change something, as far as the reference knows."""
        actions = self.actions(service).values()
        return {one["name"] for one in actions if _CHANGES & _levels(one)}

    def with_key(self, service: str, key: str) -> set[str]:
        """The actions that a policy can restrict by a condition key."""
        return {name for name, one in self.actions(service).items() if key in _keys(one)}


def _levels(action: Mapping[str, Any]) -> set[str]:
    return set(action["accessLevel"].split(", "))


def _keys(action: Mapping[str, Any]) -> list[str]:
    return [
        *action["conditionKeys"],
        *(key for kind in action["resourceTypes"] for key in kind["conditionKeys"]),
    ]


def setting_the_status(reference: Reference) -> set[str]:
    """Actions of SageMaker that change something and whose request can hold an approval status."""
    return _asking_with("ModelApprovalStatus") & reference.changing("sagemaker")


def writing_policies(reference: Reference) -> set[str]:
    """Actions of SageMaker whose request holds a policy document."""
    return _asking_with("PolicyString") & reference.changing("sagemaker")


def writing_definitions(reference: Reference) -> set[str]:
    """Actions of SageMaker whose request holds the definition of a pipeline."""
    return _asking_with("PipelineDefinition") & reference.changing("sagemaker")


def changing_a_role(reference: Reference) -> set[str]:
    """Actions of IAM on a role that change what it, or who acts as it, may do."""
    return {
        name
        for name, action in reference.actions("iam").items()
        if _PERMISSIONS in _levels(action)
        and _ROLE in [kind["name"] for kind in action["resourceTypes"]]
    }


@cache
def _asking_with(shape: str) -> frozenset[str]:
    """Operations of SageMaker whose request holds a shape of this name, however deep."""
    model = Session().get_service_model("sagemaker")
    return frozenset(
        name
        for name in model.operation_names
        if shape in set(_names(model.operation_model(name).input_shape, frozenset()))
    )


def _names(shape: Shape | None, above: frozenset[str]) -> Iterator[str]:
    if shape is None or shape.name in above:
        return
    yield shape.name
    for inner in _inner(shape):
        yield from _names(inner, above | {shape.name})


def _inner(shape: Shape) -> list[Shape]:
    match shape:
        case StructureShape():
            return list(shape.members.values())
        case ListShape():
            return [shape.member]
        case MapShape():
            return [shape.key, shape.value]
    return []
