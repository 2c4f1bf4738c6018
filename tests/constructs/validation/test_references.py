from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import references

Details = Callable[..., list[str]]
One = Callable[..., dict[str, Any]]
OUTPUT = {"Fn::GetStackOutput": {"StackName": "a", "OutputName": "b"}}


@pytest.mark.parametrize("value", [OUTPUT, [OUTPUT], {"Fn::Join": ["", ["x", OUTPUT]]}])
def test_a_value_of_another_stack_is_found(value: object, one: One, details: Details) -> None:
    assert details(references.no_stack_output, one("AWS::IAM::Role", Name=value)) == [
        "Fn::GetStackOutput"
    ]


def test_a_value_of_another_stack_in_an_output_is_found(details: Details) -> None:
    template = {"Outputs": {"Name": {"Value": OUTPUT}}}

    found = list(references.no_stack_output.faults(template))

    assert [fault.where for fault in found] == ["Outputs.Value"]


def test_an_import_is_allowed(one: One, details: Details) -> None:
    value = {"Fn::ImportValue": "mlops-dev-key"}

    assert details(references.no_stack_output, one("AWS::IAM::Role", Name=value)) == []


@pytest.mark.parametrize("name", ["DB_PASSWORD", "token", "CLIENT_SECRET"])
def test_a_secret_in_the_clear_is_found(name: str, one: One, details: Details) -> None:
    template = one("AWS::Lambda::Function", Environment={"Variables": {name: "hunter2"}})

    assert details(references.no_literal_secret, template) == ["a literal value"]


@pytest.mark.parametrize("value", ["{{resolve:secretsmanager:db}}", {"Ref": "Secret"}])
def test_a_reference_to_a_secret_is_allowed(value: object, one: One, details: Details) -> None:
    template = one("AWS::Lambda::Function", Environment={"Variables": {"DB_PASSWORD": value}})

    assert details(references.no_literal_secret, template) == []


def test_an_environment_of_another_shape_is_not_judged(one: One, details: Details) -> None:
    template = one("AWS::CodeBuild::Project", Environment=[{"Name": "TOKEN"}])

    assert details(references.no_literal_secret, template) == []
