"""Every job of a bound definition asks for a key of ours exactly where SageMaker takes one."""

import copy
import json

import pytest

from mlops.pipeline import CONSTANTS, bind, tunable_defaults
from mlops.pipeline.binding import with_defaults
from mlops.pipeline.compiled import compiled_path
from mlops.pipeline.disks import machine_of
from mlops.pipeline.expressions import all_steps, parameters_of


@pytest.fixture
def definition(repository, real_model):
    content = json.loads(compiled_path(repository, real_model).read_text())
    return with_defaults(content["definition"], tunable_defaults(real_model))


def bound(definition, instance_type):
    constants = dict.fromkeys(CONSTANTS, "x")
    defaults = {
        one["Name"]: instance_type if one["Name"].endswith("InstanceType") else "x"
        for one in parameters_of(definition)
        if one["Name"] not in constants
        and ("DefaultValue" not in one or one["Name"].endswith("InstanceType"))
    }
    return bind(definition, constants=constants, defaults=defaults, functions={})


@pytest.mark.parametrize(
    ("instance_type", "has_key"),
    [("ml.m5.large", True), ("ml.g5.xlarge", False), ("ml.g4dn.xlarge", False)],
)
def test_a_bound_definition_has_keys_for_volumes_alone(definition, instance_type, has_key):
    before = copy.deepcopy(definition)

    machines = [
        m for step in all_steps(bound(definition, instance_type)) if (m := machine_of(step))
    ]

    assert len(machines) == 5
    assert [("VolumeKmsKeyId" in machine) for machine in machines] == [has_key] * 5
    assert definition == before


def test_one_step_of_another_type_differs_alone(definition):
    asked = bound(with_defaults(definition, {}), "ml.m5.large")
    types = {one["Name"]: one["DefaultValue"] for one in asked["Parameters"]}
    types["TrainInstanceType"] = "ml.g5.xlarge"

    made = bind(definition, constants=dict.fromkeys(CONSTANTS, "x"), defaults=types, functions={})

    machines = {step["Name"]: machine_of(step) for step in all_steps(made)}
    keyless = [name for name, m in machines.items() if m and "VolumeKmsKeyId" not in m]
    assert keyless == ["Train"]
