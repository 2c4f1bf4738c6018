"""A compiled definition made fit for one stage: constants, defaults, functions and network."""

import copy
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from mlops.contract import Network
from mlops.pipeline.disks import instance_type_of, machine_of, volume_key
from mlops.pipeline.expressions import all_steps, is_function, parameters_of

LIMIT_BYTES: Final = 100 * 1024
Definition = dict[str, Any]


class BindingError(ValueError):
    """A definition and a stage that do not fit together."""


def bind(
    definition: Mapping[str, Any],
    *,
    constants: Mapping[str, str],
    defaults: Mapping[str, object],
    functions: Mapping[str, str],
    network: Network | None = None,
) -> Definition:
    """A definition that can be deployed; the given one stays as it is.

    Args:
        definition: as it was compiled.
        constants: values that no execution may choose. Their parameters are written out and gone.
        defaults: values of the parameters that an execution may choose.
        functions: the ARN for each placeholder of a function.
        network: where the jobs run; none: outside of any network.

    Raises:
        BindingError: a constant or a default names no parameter, a parameter is left without one,
            or the result is larger than a template may carry.
    """
    bound = with_defaults(_written_out(definition, constants), defaults)
    _refuse_open_parameters(bound)
    types = {found["Name"]: found["DefaultValue"] for found in parameters_of(bound)}
    for step in all_steps(bound):
        _leave_hardware_to_encrypt(step, types)
        if "FunctionArn" in step:
            step["FunctionArn"] = functions.get(step["FunctionArn"], step["FunctionArn"])
        if network is not None:
            _enter_network(step, network)
    _refuse_size(bound)
    return bound


def with_defaults(definition: Mapping[str, Any], defaults: Mapping[str, object]) -> Definition:
    """A copy whose parameters have these defaults.

    Raises:
        BindingError: a default names no parameter.
    """
    bound: Definition = copy.deepcopy(dict(definition))
    known = {parameter["Name"]: parameter for parameter in parameters_of(bound)}
    _refuse_unknown(defaults, known)
    for name, value in defaults.items():
        known[name]["DefaultValue"] = value
    return bound


def _written_out(definition: Mapping[str, Any], constants: Mapping[str, str]) -> Definition:
    """A copy with the value of each constant wherever its parameter was referred to."""
    parameters = parameters_of(definition)
    _refuse_unknown(constants, [found["Name"] for found in parameters])
    values = {f"Parameters.{name}": value for name, value in constants.items()}
    written: Definition = _replaced(dict(definition), values)
    kept = [found for found in parameters if found["Name"] not in constants]
    return {**written, "Parameters": copy.deepcopy(kept)} if "Parameters" in written else written


def _replaced(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        if is_function(node) and node.get("Get") in values:
            return values[node["Get"]]
        return {key: _replaced(inner, values) for key, inner in node.items()}
    if isinstance(node, list):
        return [_replaced(inner, values) for inner in node]
    return node


def _refuse_unknown(asked: Mapping[str, object], known: Collection[str]) -> None:
    unknown = sorted(asked.keys() - set(known))
    if unknown:
        raise BindingError(
            f"the definition has no parameter {', '.join(unknown)}; it has {', '.join(known)}"
        )


def _refuse_open_parameters(definition: Definition) -> None:
    parameters = parameters_of(definition)
    open_ = [found["Name"] for found in parameters if "DefaultValue" not in found]
    if open_:
        raise BindingError(f"no default was given for the parameters {', '.join(open_)}")


def _refuse_size(definition: Definition) -> None:
    size = len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False).encode())
    if size > LIMIT_BYTES:
        raise BindingError(
            f"the pipeline definition has {size:,} bytes, more than the {LIMIT_BYTES:,} that a "
            "template can carry; remedy: shorten registry.metadata and the gates of model.yaml, or "
            "split the pipeline"
        )


def _leave_hardware_to_encrypt(step: Mapping[str, Any], defaults: Mapping[str, object]) -> None:
    machine = machine_of(step)
    asked = instance_type_of(machine, defaults)
    if asked and not volume_key(asked, ""):
        machine.pop("VolumeKmsKeyId", None)


def _enter_network(step: dict[str, Any], network: Network) -> None:
    vpc = {
        "SecurityGroupIds": list(network.security_group_ids),
        "Subnets": list(network.subnet_ids),
    }
    if step["Type"] == "Training":
        step["Arguments"]["VpcConfig"] = vpc
    if step["Type"] == "Processing":
        step["Arguments"].setdefault("NetworkConfig", {})["VpcConfig"] = vpc
