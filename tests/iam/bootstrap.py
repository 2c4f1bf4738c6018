"""What `cdk bootstrap` would make of an account, with the options that `mlops` prints for it."""

import argparse
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mlops.cli.bootstrap import commands
from mlops.cli.execution_policy import Account, policies, policy_name
from mlops.contract import StagesSpec

Template = dict[str, Any]

_NOTHING: Final = {"Ref": "AWS::NoValue"}


def bootstrapped(template: Template, account: Account, stages: StagesSpec) -> Template:
    """The bootstrap template as it is deployed into the account: parameters and conditions settled.

    Reads the printed command, so that what people would run is what is judged.
    """
    options = _options(commands(account, stages)[-1])
    given = {
        # The command line's own choice, where nobody asks for a key.
        "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
        "TrustedAccounts": options.trust,
        "CloudFormationExecutionPolicies": options.cloudformation_execution_policies.split(","),
    }
    parameters = {
        name: parameter | {"Default": given.get(name, _default(parameter))}
        for name, parameter in template["Parameters"].items()
    }
    values = {name: parameter["Default"] for name, parameter in parameters.items()}
    conditions: dict[str, bool] = {}
    for name, condition in template["Conditions"].items():
        conditions[name] = _holds(condition, values, conditions)
    resources = {
        logical_id: _settled(resource, conditions)
        for logical_id, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }
    return {"Parameters": parameters, "Resources": resources}


def execution_policies(accounts: Iterable[Account]) -> dict[str, Mapping[str, Any]]:
    """The documents that `mlops bootstrap-policy` prints, by the ARNs that they get."""
    return {
        f"arn:aws:iam::{account.account}:policy/{policy_name(account.project, number)}": document
        for account in accounts
        for number, document in enumerate(policies(account), start=1)
    }


def _options(command: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--cloudformation-execution-policies", required=True)
    return parser.parse_args(shlex.split(command)[4:])


def _default(parameter: Mapping[str, Any]) -> Any:
    default = parameter.get("Default")
    if parameter["Type"] == "CommaDelimitedList":
        return default.split(",") if default else []
    return default


def _holds(condition: Any, values: Mapping[str, Any], known: Mapping[str, bool]) -> bool:
    ((function, argument),) = condition.items()
    if function == "Condition":
        return known[argument]
    if function == "Fn::Equals":
        left, right = (_text(side, values) for side in argument)
        return left == right
    inner = [_holds(one, values, known) for one in argument]
    return not inner[0] if function == "Fn::Not" else all(inner)


def _text(side: Any, values: Mapping[str, Any]) -> str:
    if isinstance(side, str):
        return side
    if "Fn::Join" in side:
        separator, inner = side["Fn::Join"]
        return str(separator).join(values[inner["Ref"]])
    return str(values[side["Ref"]])


def _settled(node: Any, conditions: Mapping[str, bool]) -> Any:
    """The node with every `Fn::If` decided, and without what stands for nothing."""
    if isinstance(node, list):
        return [item for item in (_settled(one, conditions) for one in node) if item != _NOTHING]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node:
        name, yes, no = node["Fn::If"]
        return _settled(yes if conditions[name] else no, conditions)
    settled = {key: _settled(value, conditions) for key, value in node.items()}
    return {key: value for key, value in settled.items() if value != _NOTHING}
