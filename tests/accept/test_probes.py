"""Every request that the kit would send is one that AWS's own model accepts, and none escapes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.model import ServiceModel

from mlops.accept.assumptions import ASSUMPTIONS
from mlops.accept.call import Call
from mlops.accept.ground import PREFIX, Ground
from mlops.accept.probe import Probe
from mlops.aws_api.requests import objections

ARN = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-accept/1"
STAGES = ("dev", "staging", "prod")


def probes(ground: Ground) -> list[Probe]:
    return [one.probe(ground) for one in ASSUMPTIONS if one.probe is not None]


def calls(ground: Ground) -> Iterator[Call]:
    for probe in probes(ground):
        for call in probe.calls:
            yield call
            if call.undo is not None:
                yield call.undo


@pytest.mark.parametrize("stage", STAGES)
def test_every_request_passes_the_services_model(
    stage: str, ground_of: Callable[[str], Ground], model_of: Callable[[str], ServiceModel]
) -> None:
    found = []
    for call in calls(ground_of(stage)):
        operation = model_of(call.service).operation_model(call.operation)
        request = dict(call.request) | dict.fromkeys(call.taken, ARN)
        found += [f"{call.operation}: {one}" for one in objections(operation.input_shape, request)]

    assert found == []


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_changes_something_is_undone(
    stage: str, ground_of: Callable[[str], Ground]
) -> None:
    for probe in probes(ground_of(stage)):
        for call in probe.calls:
            assert call.reads or call.undo is not None, call.operation


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_is_made_has_the_kits_own_name(
    stage: str, ground_of: Callable[[str], Ground]
) -> None:
    for probe in probes(ground_of(stage)):
        for call in probe.calls:
            if call.undo is not None and not call.undo.taken:
                named = [value for key, value in call.undo.request.items() if key != "Bucket"]
                assert any(f"-{PREFIX}-" in str(value) for value in named), call.undo


def test_the_stage_that_trains_leaves_no_probe_idle_but_for_fixed_fleets(
    ground_of: Callable[[str], Ground],
) -> None:
    ground = ground_of("dev")

    assert [probe.assumption for probe in probes(ground) if probe.idle] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_plan_is_the_same_each_time(stage: str, ground_of: Callable[[str], Ground]) -> None:
    def plan() -> list[Any]:
        return [(call.operation, repr(call.request)) for call in calls(ground_of(stage))]

    assert plan() == plan()


def test_names_of_a_probes_calls_are_told_apart(ground_of: Callable[[str], Ground]) -> None:
    for stage in STAGES:
        for probe in probes(ground_of(stage)):
            names = [call.name for call in probe.calls]
            assert len(names) == len(set(names)), probe.assumption
