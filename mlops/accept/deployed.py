"""What only a deployment names, put in place of what the templates' evaluation made up for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from mlops.accept.call import Call
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, idle


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The physical names of a stage's resources."""

    names: Mapping[str, str]
    """Physical name by stand-in."""
    missing: Mapping[str, str]
    """Stack by stand-in, where the stack is not deployed."""

    def applied_to(self, probe: Probe) -> Probe:
        """The probe as it can be asked; idle where it needs a stack that is not there."""
        told = repr([call.request for call in probe.calls])
        absent = sorted({stack for stand_in, stack in self.missing.items() if stand_in in told})
        if probe.needs_stacks and absent:
            return idle(probe.assumption, f"not deployed yet: {', '.join(absent)}")
        return replace(probe, calls=tuple(self._named(call) for call in probe.calls))

    def _named(self, call: Call) -> Call:
        undo = None if call.undo is None else self._named(call.undo)
        return replace(call, request=self._value(call.request), undo=undo)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        if isinstance(value, str):
            # The longest first: a stack's name begins the names of all its resources.
            for stand_in in sorted(self.names, key=len, reverse=True):
                value = value.replace(stand_in, self.names[stand_in])
        return value


def deployed(ground: Ground, client: Callable[[str], Any]) -> Deployed:
    """Ask CloudFormation for the stage's physical names."""
    names: dict[str, str] = {}
    missing: dict[str, str] = {}
    for stack in ground.stacks():
        values = ground.assembly.intrinsics(stack)
        made_up = {
            logical_id: str(values.value({"Ref": logical_id}))
            for logical_id in stack.template.get("Resources", {})
        }
        found = _resources(client("cloudformation"), stack.place.stack)
        for logical_id, stand_in in made_up.items():
            if logical_id not in found:
                missing[stand_in] = stack.place.stack
            elif found[logical_id] != stand_in:
                names[stand_in] = found[logical_id]
    return Deployed(names=names, missing=missing)


def _resources(cloudformation: Any, stack: str) -> dict[str, str]:
    """Physical by logical id; nothing where the stack is not there."""
    found: dict[str, str] = {}
    try:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            for one in page["StackResourceSummaries"]:
                if "PhysicalResourceId" in one:
                    found[one["LogicalResourceId"]] = one["PhysicalResourceId"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
    return found
