"""CloudFormation's intrinsic functions, evaluated without CloudFormation.

What only a deployment would know (an ARN, a generated name) becomes a deterministic stand-in that
is made from the template alone.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError

Template = Mapping[str, Any]


class TemplateError(RehearsalError):
    """A template that says something the rehearsal cannot evaluate."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The environment of a stack."""

    account: str
    region: str
    stack: str


_NAME_PROPERTIES: Final = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupName",
    "AWS::SageMaker::Pipeline": "PipelineName",
}
_ARNS: Final = {
    "AWS::CloudTrail::Trail": "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
    "AWS::CodeBuild::Project": "arn:aws:codebuild:{region}:{account}:project/{name}",
    "AWS::CodePipeline::Pipeline": "arn:aws:codepipeline:{region}:{account}:{name}",
    "AWS::ECR::Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{key}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SSM::Parameter": "arn:aws:ssm:{region}:{account}:parameter{name}",
    "AWS::SageMaker::Endpoint": "arn:aws:sagemaker:{region}:{account}:endpoint/{name}",
    "AWS::SageMaker::ModelPackageGroup": (
        "arn:aws:sagemaker:{region}:{account}:model-package-group/{name}"
    ),
}
# `Ref` returns the ARN of these instead of a name.
_REF_IS_ARN: Final = (
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::ModelPackageGroup",
)


@dataclass(frozen=True, kw_only=True)
class Intrinsics:
    """Evaluates the values of one template."""

    template: Template
    place: Place
    imported: Callable[[str], Any]
    """The value of another stack's export."""

    def value(self, node: Any) -> Any:
        """A value with every intrinsic function in it evaluated.

        Raises:
            TemplateError: it uses a function or a reference that is not understood.
        """
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        return {key: self.value(item) for key, item in node.items()}

    def text(self, node: Any) -> str:
        """A value that must be text."""
        value = self.value(node)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise TemplateError(f"{self.place.stack}: expected text, found {value!r:.80}")

    def arn(self, logical_id: str) -> str:
        """The ARN, or its stand-in, of a resource of this template."""
        resource = self._resource(logical_id)
        pattern = _ARNS.get(resource["Type"], "arn:aws:rehearsal:{region}:{account}:{name}")
        return pattern.format(
            account=self.place.account,
            region=self.place.region,
            name=self._name(logical_id),
            key=_stand_in_uuid(f"{self.place.stack}/{logical_id}"),
        )

    def _function(self, name: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::ImportValue": lambda export: self.imported(self.text(export)),
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": lambda parts: self.text(parts[1]).split(parts[0]),
            "Fn::Sub": self._sub,
        }
        if name not in functions:
            raise TemplateError(
                f"{self.place.stack}: {name} cannot be evaluated here; "
                f"allowed: {', '.join(sorted(functions))}"
            )
        return functions[name](argument)

    def _ref(self, logical_id: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::Partition": "aws",
            "AWS::Region": self.place.region,
            "AWS::StackName": self.place.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if logical_id in pseudo:
            return pseudo[logical_id]
        parameters = self.template.get("Parameters", {})
        if logical_id in parameters:
            return self._parameter_default(logical_id, parameters[logical_id])
        resource = self._resource(logical_id)
        if resource["Type"] == "AWS::KMS::Key":
            return _stand_in_uuid(f"{self.place.stack}/{logical_id}")
        return self.arn(logical_id) if resource["Type"] in _REF_IS_ARN else self._name(logical_id)

    def _parameter_default(self, name: str, parameter: Mapping[str, Any]) -> Any:
        if "Default" not in parameter:
            raise TemplateError(f"{self.place.stack}: parameter {name} has no default")
        return parameter["Default"]

    def _get_att(self, argument: Any) -> str:
        logical_id, _, attribute = (
            argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        )
        if attribute == "Arn" or attribute.endswith("Arn"):
            return self.arn(logical_id)
        if attribute == "ModelName":
            return self._name(logical_id)
        return f"{self._name(logical_id)}.{attribute}"

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(self.text(part) for part in self.value(parts))

    def _select(self, argument: Any) -> Any:
        index, values = argument
        return self.value(values)[int(index)]

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second = (self.text(part) for part in argument)
        try:
            return self.template["Mappings"][name][first][second]
        except KeyError as error:
            raise TemplateError(f"{self.place.stack}: mapping {name} has no {error}") from error

    def _sub(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replaced(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return self.text(given[name])
            return self.text({"Fn::GetAtt": name} if "." in name else {"Ref": name})

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def _resource(self, logical_id: str) -> Mapping[str, Any]:
        found = self.template.get("Resources", {}).get(logical_id)
        if found is None:
            raise TemplateError(f"{self.place.stack}: there is no resource {logical_id}")
        resource: Mapping[str, Any] = found
        return resource

    def _name(self, logical_id: str) -> str:
        resource = self._resource(logical_id)
        name = resource.get("Properties", {}).get(_NAME_PROPERTIES.get(resource["Type"], ""))
        # CloudFormation, too, begins the names that it generates with its stack's.
        return f"{self.place.stack}-{logical_id}".lower() if name is None else self.text(name)


def _stand_in_uuid(seed: str) -> str:
    """A key id of the right form, the same for the same resource."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
