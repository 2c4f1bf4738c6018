"""What binding changes in a definition, and what it refuses."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.contract import Network
from mlops.pipeline import FIND_APPROVED_ARN, BindingError, bind
from mlops.pipeline.binding import LIMIT_BYTES, with_defaults

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:find"
NETWORK = Network(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    security_group_ids=("sg-0123456789abcdef0",),
)
JOINED = {"Std:Join": {"On": " ", "Values": ["of", {"Get": "Parameters.Commit"}]}}
DEFINITION = {
    "Parameters": [
        {"Name": "Given", "Type": "String", "DefaultValue": "old"},
        {"Name": "Open", "Type": "String"},
        {"Name": "Commit", "Type": "String"},
    ],
    "Steps": [
        {"Name": "P", "Type": "Processing", "Arguments": {"NetworkConfig": {"Isolated": True}}},
        {"Name": "T", "Type": "Training", "Arguments": {"Of": [{"Get": "Parameters.Commit"}]}},
        {"Name": "F", "Type": "Lambda", "Arguments": {}, "FunctionArn": FIND_APPROVED_ARN},
        {
            "Name": "C",
            "Type": "Condition",
            "Arguments": {
                "IfSteps": [{"Name": "I", "Type": "Training", "Arguments": {}}],
                "ElseSteps": [{"Name": "E", "Type": "Fail", "Arguments": {"Said": JOINED}}],
            },
        },
    ],
}


def bound(**changes):
    options = {
        "constants": {"Commit": "c0ffee"},
        "defaults": {"Open": "new"},
        "functions": {FIND_APPROVED_ARN: ARN},
        "network": None,
    }
    return bind(DEFINITION, **(options | changes))


def test_defaults_are_set_and_others_kept():
    parameters = {p["Name"]: p["DefaultValue"] for p in bound()["Parameters"]}

    assert parameters == {"Given": "old", "Open": "new"}


def test_a_constant_is_written_out_in_branches_too_and_no_execution_can_choose_it():
    definition = bound()
    steps = definition["Steps"]

    assert steps[1]["Arguments"] == {"Of": ["c0ffee"]}
    assert steps[3]["Arguments"]["ElseSteps"][0]["Arguments"]["Said"] == {
        "Std:Join": {"On": " ", "Values": ["of", "c0ffee"]}
    }
    assert "Commit" not in json.dumps(definition)


def test_an_unknown_constant_is_refused_with_the_known_ones():
    with pytest.raises(BindingError, match="no parameter Comit; it has Given, Open, Commit"):
        bound(constants={"Comit": "c0ffee"})


def test_a_constant_without_a_value_is_refused():
    with pytest.raises(BindingError, match="no default was given for the parameters Commit"):
        bound(constants={})


def test_the_placeholder_becomes_the_function():
    assert bound()["Steps"][2]["FunctionArn"] == ARN
    assert FIND_APPROVED_ARN not in json.dumps(bound())


def test_every_job_enters_the_stages_network_in_branches_too():
    steps = bound(network=NETWORK)["Steps"]
    vpc = {
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "Subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }

    assert steps[0]["Arguments"]["NetworkConfig"] == {"Isolated": True, "VpcConfig": vpc}
    assert steps[1]["Arguments"]["VpcConfig"] == vpc
    assert steps[3]["Arguments"]["IfSteps"][0]["Arguments"]["VpcConfig"] == vpc
    assert "VpcConfig" not in steps[3]["Arguments"]["ElseSteps"][0]["Arguments"]


def test_without_a_network_no_job_is_in_one():
    assert "VpcConfig" not in json.dumps(bound())


def test_an_unknown_parameter_is_refused_with_the_known_ones():
    with pytest.raises(BindingError, match="no parameter Opne; it has Given, Open"):
        bound(defaults={"Opne": "new"})


def test_a_parameter_without_a_default_is_refused():
    with pytest.raises(BindingError, match="no default was given for the parameters Open"):
        bound(defaults={})


def test_a_definition_over_the_limit_is_refused_with_the_remedy():
    with pytest.raises(BindingError, match=r"bytes, more than the 102,400 .* remedy: shorten"):
        bound(defaults={"Open": "x" * LIMIT_BYTES})


def test_the_limit_counts_bytes_and_not_characters():
    with pytest.raises(BindingError, match="more than"):
        bound(defaults={"Open": "é" * (LIMIT_BYTES // 2)})


@given(value=st.text(max_size=50) | st.integers() | st.floats(allow_nan=False))
def test_binding_leaves_the_given_definition_alone(value):
    before = copy.deepcopy(DEFINITION)

    bound(defaults={"Open": value}, network=NETWORK)

    assert before == DEFINITION


@given(value=st.text(max_size=50))
def test_binding_twice_is_binding_once(value):
    once = bound(defaults={"Open": value}, network=NETWORK)

    again = bind(once, constants={}, defaults={"Open": value}, functions={}, network=NETWORK)

    assert again == once


def test_partial_defaults_may_leave_parameters_open():
    partial = with_defaults(DEFINITION, {"Given": "mine"})

    assert partial["Parameters"][0]["DefaultValue"] == "mine"
    assert "DefaultValue" not in partial["Parameters"][1]
