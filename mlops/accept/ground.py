"""What the probes of one stage are made from: its synthesized templates and its names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mlops.contract import Names, StageSpec
from mlops.rehearsal.local_aws.assembly import Assembly, Stack
from mlops.rehearsal.local_aws.intrinsics import Intrinsics

PREFIX: Final = "accept"
"""In the name of everything that a probe makes."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A SageMaker pipeline as the stage's templates say it."""

    name: str
    definition: Mapping[str, Any]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The parameters' defaults."""
        return {
            found["Name"]: found["DefaultValue"]
            for found in self.definition.get("Parameters", ())
            if "DefaultValue" in found
        }

    def step(self, kind: str) -> Mapping[str, Any] | None:
        """The first step of a type, wherever it stands."""
        return next((one for one in _steps(self.definition["Steps"]) if one["Type"] == kind), None)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A stage, synthesized."""

    names: Names
    stage: StageSpec
    folder: Path
    """Of the whole assembly."""
    stamp: str
    """Of this run: names of jobs can be used once only."""

    @cached_property
    def assembly(self) -> Assembly:
        """The stage's own stacks.

        Raises:
            TemplateError: the stage was not synthesized.
        """
        return Assembly(self.folder / f"assembly-{self.stage.name}")

    def resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any], Intrinsics]]:
        """Logical id and properties of each resource of a type, with what evaluates them."""
        for stack in self.assembly.stacks:
            values = self.assembly.intrinsics(stack)
            for logical_id, properties in stack.resources(kind):
                yield logical_id, properties, values

    def stacks(self) -> tuple[Stack, ...]:
        """Every stack of the stage."""
        return self.assembly.stacks

    @cached_property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """Every pipeline of the stage."""
        return tuple(
            Pipeline(
                name=values.text(properties["PipelineName"]),
                definition=json.loads(
                    values.text(properties["PipelineDefinition"]["PipelineDefinitionBody"])
                ),
            )
            for _, properties, values in self.resources("AWS::SageMaker::Pipeline")
        )

    @cached_property
    def training(self) -> Pipeline | None:
        """A pipeline that registers a version, where the stage trains."""
        return next((one for one in self.pipelines if one.step("RegisterModel")), None)

    def name(self, purpose: str) -> str:
        """Name of something that a probe makes."""
        return f"{self.names.project}-{PREFIX}-{purpose}"


def _steps(steps: Any) -> Iterator[Mapping[str, Any]]:
    for step in steps:
        yield step
        inner = step.get("Arguments", {})
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(inner.get(branch, ()))
