"""Reads what was synthesized: the stacks of a cdk.out, a model's pipeline in it, its assets.

The rehearsal believes nothing else. What is missing or wrong here would be missing or wrong on AWS.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops.pipeline.definition_check import definition_findings
from mlops.rehearsal.local_aws.intrinsics import Intrinsics, Place, TemplateError


@dataclass(frozen=True, kw_only=True)
class FileAsset:
    """A file or folder that the deployment would publish."""

    source: Path
    uri: str
    zipped: bool

    def unpacked(self, folder: Path) -> Path:
        """The files of a function's code: the asset's own folder, or its archive's in `folder`.

        Raises:
            TemplateError: the asset is neither a folder nor an archive that can be read.
        """
        if self.source.is_dir():
            return self.source
        try:
            with zipfile.ZipFile(self.source) as packed:
                packed.extractall(folder)
        except (OSError, zipfile.BadZipFile) as error:
            raise TemplateError(
                f"{self.source}: cannot be unpacked: {error}; remedy: `make synth`"
            ) from error
        return folder


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A synthesized stack in its environment."""

    place: Place
    template: Mapping[str, Any]

    def resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Logical ids and properties of the resources of a type."""
        for logical_id, resource in self.template.get("Resources", {}).items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})


@dataclass(frozen=True, kw_only=True)
class SynthesizedPipeline:
    """A SageMaker pipeline as CloudFormation would create it."""

    name: str
    definition: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, kw_only=True)
class SynthesizedFunction:
    """A Lambda function: its code as published, and how it is called."""

    arn: str
    role: str
    """Name of the role that it acts as."""
    code: FileAsset
    handler: str
    environment: Mapping[str, str]
    timeout_seconds: int


@dataclass(frozen=True, kw_only=True)
class SynthesizedModel:
    """A SageMaker model: which version it runs, and what its container is told."""

    name: str
    package_arn: str
    environment: Mapping[str, str]


class Assembly:
    """A cdk.out folder with all its nested stage assemblies."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "manifest.json").is_file():
            raise TemplateError(
                f"{folder}: holds no synthesized assembly; remedy: run `make synth` first"
            )
        self.folder = folder
        self._resolving: set[str] = set()

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """Every stack of every stage."""
        return tuple(
            Stack(place=_place(artifact), template=_json(folder / _template_file(artifact)))
            for folder, artifact in _artifacts(self.folder)
            if artifact["type"] == "aws:cloudformation:stack"
        )

    @cached_property
    def assets(self) -> Mapping[str, FileAsset]:
        """Every file asset by the S3 URI under which it would be published."""
        found = (
            asset
            for folder, artifact in _artifacts(self.folder)
            if artifact["type"] == "cdk:asset-manifest"
            for asset in _file_assets(folder / artifact["properties"]["file"])
        )
        return {asset.uri: asset for asset in found}

    def intrinsics(self, stack: Stack) -> Intrinsics:
        """What evaluates a stack's values; exports of its account and region are importable."""
        return Intrinsics(
            template=stack.template,
            place=stack.place,
            imported=lambda export: self._export(export, stack.place),
        )

    def pipeline(self, name: str) -> SynthesizedPipeline:
        """The pipeline with this name.

        Raises:
            TemplateError: no stack has it, or its definition cannot be evaluated.
        """
        names: list[str] = []
        for stack in self.stacks:
            values = self.intrinsics(stack)
            for _, properties in stack.resources("AWS::SageMaker::Pipeline"):
                names.append(values.text(properties["PipelineName"]))
                if names[-1] == name:
                    body = values.text(properties["PipelineDefinition"]["PipelineDefinitionBody"])
                    definition = _definition(name, body)
                    return SynthesizedPipeline(name=name, definition=definition, place=stack.place)
        raise TemplateError(
            f"{self.folder}: has no pipeline {name}; found: {', '.join(sorted(names)) or 'none'}; "
            "remedy: run `make synth`"
        )

    def function(self, arn: str) -> SynthesizedFunction:
        """The Lambda function with this ARN.

        Raises:
            TemplateError: no stack has it, or its code is not an asset.
        """
        for stack in self.stacks:
            values = self.intrinsics(stack)
            for logical_id, properties in stack.resources("AWS::Lambda::Function"):
                if values.arn(logical_id) == arn:
                    return self._function(arn, values, properties)
        raise TemplateError(f"{self.folder}: has no Lambda function {arn}")

    def model(self, name: str) -> SynthesizedModel:
        """The SageMaker model with this name, given or generated.

        Raises:
            TemplateError: no stack has it.
        """
        for stack in self.stacks:
            values = self.intrinsics(stack)
            for logical_id, properties in stack.resources("AWS::SageMaker::Model"):
                if values.value({"Fn::GetAtt": [logical_id, "ModelName"]}) == name:
                    (container,) = values.value(properties["Containers"])
                    return SynthesizedModel(
                        name=name,
                        package_arn=container["ModelPackageName"],
                        environment=container.get("Environment", {}),
                    )
        raise TemplateError(f"{self.folder}: has no model {name}")

    def model_package_group(self, name: str) -> Mapping[str, Any] | None:
        """The properties of a model package group, or None where no stack creates it."""
        for stack in self.stacks:
            values = self.intrinsics(stack)
            for _, properties in stack.resources("AWS::SageMaker::ModelPackageGroup"):
                if values.text(properties["ModelPackageGroupName"]) == name:
                    return properties
        return None

    def _function(
        self, arn: str, values: Intrinsics, properties: Mapping[str, Any]
    ) -> SynthesizedFunction:
        code = values.value(properties["Code"])
        uri = f"s3://{code.get('S3Bucket')}/{code.get('S3Key')}"
        if uri not in self.assets:
            raise TemplateError(f"{arn}: its code {uri} is not an asset of the assembly")
        variables = properties.get("Environment", {}).get("Variables", {})
        return SynthesizedFunction(
            arn=arn,
            role=values.text(properties["Role"]).rpartition("/")[2],
            code=self.assets[uri],
            handler=values.text(properties["Handler"]),
            environment={key: values.text(value) for key, value in variables.items()},
            timeout_seconds=int(properties.get("Timeout", 3)),
        )

    def _export(self, export: str, place: Place) -> Any:
        if export in self._resolving:
            raise TemplateError(f"the export {export} imports itself")
        self._resolving.add(export)
        try:
            return self._exported_value(export, place)
        finally:
            self._resolving.discard(export)

    def _exported_value(self, export: str, place: Place) -> Any:
        for stack in self.stacks:
            if (stack.place.account, stack.place.region) != (place.account, place.region):
                continue
            values = self.intrinsics(stack)
            for output in stack.template.get("Outputs", {}).values():
                if "Export" in output and values.text(output["Export"]["Name"]) == export:
                    return values.value(output["Value"])
        raise TemplateError(
            f"{place.stack}: imports {export}, which no stack of {place.account} in "
            f"{place.region} exports"
        )


def _artifacts(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every artifact of an assembly and of the assemblies within it, with its folder."""
    for artifact in _json(folder / "manifest.json").get("artifacts", {}).values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _artifacts(folder / artifact["properties"]["directoryName"])
        else:
            yield folder, artifact


def _place(artifact: Mapping[str, Any]) -> Place:
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    name = artifact["properties"].get("stackName", artifact.get("displayName", "stack"))
    return Place(account=account, region=region, stack=name)


def _template_file(artifact: Mapping[str, Any]) -> str:
    return str(artifact["properties"]["templateFile"])


def _file_assets(manifest: Path) -> Iterator[FileAsset]:
    for asset in _json(manifest).get("files", {}).values():
        source = asset["source"]
        if "path" not in source:
            continue
        for destination in asset["destinations"].values():
            yield FileAsset(
                source=(manifest.parent / source["path"]).resolve(),
                uri=f"s3://{destination['bucketName']}/{destination['objectKey']}",
                zipped=source.get("packaging", "file") == "zip",
            )


def _definition(name: str, body: str) -> Mapping[str, Any]:
    try:
        definition = json.loads(body)
    except ValueError as error:
        raise TemplateError(f"{name}: its PipelineDefinitionBody is not JSON: {error}") from error
    findings = definition_findings(definition)
    if findings:
        told = "\n  ".join(map(str, findings))
        raise TemplateError(
            f"{name}: SageMaker would refuse the synthesized definition, or never run all of it:"
            f"\n  {told}\nremedy: fix it where it is written (`mlops pipeline check` for a "
            "model's own), then `make synth`"
        )
    return dict(definition)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TemplateError(f"{path}: cannot be read: {error}; remedy: `make synth`") from error
    if not isinstance(content, dict):
        raise TemplateError(f"{path}: holds no JSON object")
    return content
