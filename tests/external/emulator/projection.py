"""The part of a synthesized assembly that the emulator can deploy, and nothing of it secretly less.

Everything that differs from the assembly is written below; the tests hold each line of it against
the templates and against the emulator.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Template = dict[str, Any]
Change = Callable[[str, Template], None]
"""Changes a template in place, given the path of its stack, like `dev/Foundation`."""

_NO_SAGEMAKER: Final = "the emulator has no SageMaker"
_NO_SCALING: Final = "the emulator's CloudFormation has no Application Auto Scaling"
LEFT_OUT: Final = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _NO_SCALING,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _NO_SCALING,
    "AWS::CloudTrail::Trail": "the emulator's CloudFormation has no CloudTrail",
    "AWS::CodeBuild::ReportGroup": "the emulator keeps no reports of builds",
    "AWS::CodePipeline::Pipeline": "the emulator has no CodePipeline",
    "AWS::Events::EventBusPolicy": "the emulator carries no event from one account to another",
    "AWS::SageMaker::Endpoint": _NO_SAGEMAKER,
    "AWS::SageMaker::EndpointConfig": _NO_SAGEMAKER,
    "AWS::SageMaker::Model": _NO_SAGEMAKER,
    "AWS::SageMaker::ModelPackageGroup": _NO_SAGEMAKER,
    "AWS::SageMaker::Pipeline": _NO_SAGEMAKER,
}
"""Dropped resource types, and why; docs/concepts/emulation.md says where each is proved."""

METRIC_MATH: Final = "the emulator's CloudWatch knows no metric math"
"""Why an alarm with an expression watches a metric; the tests of the constructs look at these.

It stays under its name: the check of a release asks for every alarm that a release has."""

_ONE_METRIC: Final = {
    "Namespace": "Emulated",
    "MetricName": "Expression",
    "Statistic": "Sum",
    "Period": 60,
}

WIDENED: Final = {
    "cloudwatch:DescribeAlarms": "the emulator reads no `AlarmNames`, and asks for every alarm",
    "ecr:DescribeImages": "the emulator looks for another account's images in the caller's",
}
"""Actions that are allowed on every resource, because the emulator asks for more than AWS does."""

SOURCE: Final = "emulated."
"""Takes the place of `aws.` in the sources of rules: nobody may send an event as AWS itself."""

_BUS: Final = re.compile(r"(?<=:events:)([a-z0-9-]+):[0-9]{12}(?=:event-bus/)")
"""The delivery bus is looked for in every stack's own account: no event leaves an account here."""

_NAMED_ROLE: Final = re.compile(r'("aws:PrincipalArn": )("arn:aws:iam::([0-9]{12}):role/([^"/]+)")')
"""A role that a trust policy names: AWS knows its sessions by its ARN, the emulator by theirs."""


ORGANIZATION: Final = "aws:PrincipalOrgID"
"""A condition that is left out: the emulator knows no organization, so that nobody is a member."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack of an assembly."""

    path: str
    """Like `dev/Foundation`."""
    name: str
    account: str
    file: Path

    @property
    def template(self) -> Template:
        """The template, read anew."""
        template: Template = json.loads(self.file.read_text())
        return template


def project(assembly: Path, folder: Path, change: Change | None = None) -> Path:
    """Write the projection of an assembly into a folder that does not exist, and return it."""
    shutil.copytree(assembly, folder)
    for stack in stacks(folder):
        template = projected(stack.template, stack.account)
        if change:
            change(stack.path, template)
        _replace(stack.file, template)
    return folder


def projected(template: Template, account: str) -> Template:
    """The template of an account's stack, without what the emulator does not know."""
    resources = template["Resources"]
    gone = frozenset(name for name, found in resources.items() if is_left_out(found))
    kept = {name: found for name, found in resources.items() if name not in gone}
    cut: Template = _without(gone, {**template, "Resources": kept})
    for statement in _statements(cut):
        _ask_for_no_organization(statement)
        if "Resource" in statement and set(_listed(statement["Action"])) & WIDENED.keys():
            statement["Resource"] = "*"
    for resource in cut["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].pop(
            "Metrics", 0
        ):
            resource["Properties"] |= _ONE_METRIC
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]:
            pattern = resource["Properties"]["EventPattern"]
            pattern["source"] = [name.replace("aws.", SOURCE) for name in pattern["source"]]
    text = _BUS.sub(rf"\1:{account}", json.dumps(cut))
    here: Template = json.loads(
        _NAMED_ROLE.sub(r'\1[\2, "arn:aws:sts::\3:assumed-role/\4/*"]', text)
    )
    return here


def is_left_out(resource: Mapping[str, Any]) -> bool:
    """Whether the emulator cannot have a resource."""
    return resource["Type"] in LEFT_OUT


def stacks(assembly: Path) -> Iterator[Stack]:
    """Every stack of every stage."""
    for manifest in sorted(assembly.rglob("manifest.json")):
        for artifact in json.loads(manifest.read_text()).get("artifacts", {}).values():
            if artifact["type"] == "aws:cloudformation:stack":
                yield Stack(
                    path=artifact["displayName"].split(" ")[0],
                    name=artifact["properties"]["stackName"],
                    account=artifact["environment"].removeprefix("aws://").partition("/")[0],
                    file=manifest.parent / artifact["properties"]["templateFile"],
                )


def names(assembly: Path, account: str) -> list[str]:
    """What the stacks of an account are called there."""
    return [stack.name for stack in stacks(assembly) if stack.account == account]


def pattern_on_a_bus(template: Template, detail_type: str) -> dict[str, Any]:
    """The pattern of the rule on a bus of this stack that lets events of a type through."""
    (found,) = (
        resource["Properties"]["EventPattern"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Events::Rule"
        and "EventBusName" in resource["Properties"]
        and detail_type in resource["Properties"]["EventPattern"]["detail-type"]
    )
    return dict(found)


def _without(gone: frozenset[str], value: Any) -> Any:
    """A value whose references to dropped resources are literals of the same form."""
    if isinstance(value, list):
        return [_without(gone, inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in gone:
        return str(value["Ref"])
    if "Fn::GetAtt" in value and value["Fn::GetAtt"][0] in gone:
        name, attribute = value["Fn::GetAtt"]
        return f"arn:aws:dropped:::{name}" if attribute.endswith("Arn") else name
    return {
        key: [name for name in _listed(inner) if name not in gone]
        if key == "DependsOn"
        else _without(gone, inner)
        for key, inner in value.items()
    }


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value and "Action" in value:
            yield value
        for inner in value.values():
            yield from _statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _statements(inner)


def _ask_for_no_organization(statement: dict[str, Any]) -> None:
    condition = statement.get("Condition", {})
    equal = condition.get("StringEquals", {})
    if equal.pop(ORGANIZATION, None) is not None and not equal:
        del condition["StringEquals"]
    if not condition:
        statement.pop("Condition", None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _replace(file: Path, template: Template) -> None:
    """Write a template under a hash of its own: the command line uploads no hash twice."""
    text = json.dumps(template, indent=1)
    file.write_text(text)
    assets = file.with_name(file.name.replace(".template.json", ".assets.json"))
    listed = json.loads(assets.read_text())["files"]
    (old,) = (key for key, found in listed.items() if found["source"]["path"] == file.name)
    new = hashlib.sha256(text.encode()).hexdigest()
    for path in (assets, file.with_name("manifest.json")):
        path.write_text(path.read_text().replace(old, new))
