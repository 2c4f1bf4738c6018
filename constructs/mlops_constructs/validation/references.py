"""References that tie one stack to another's deployment."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template

_STACK_OUTPUT: Final = "Fn::GetStackOutput"


@rule(
    "ML090",
    why="it ties accounts and deployments together without an error anywhere",
    remedy="derive the name or ARN from the configuration, by mlops.contract naming",
)
def no_stack_output(template: Template) -> Iterator[Fault]:
    """No value is read from another stack's outputs at deployment."""
    for section in ("Resources", "Outputs", "Conditions"):
        for logical_id, body in template.get(section, {}).items():
            for path in _paths(body, section):
                yield Fault(logical_id=logical_id, where=path, detail=_STACK_OUTPUT)


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == _STACK_OUTPUT:
                yield path
            yield from _paths(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, f"{path}.{index}")


@rule(
    "ML091",
    why="templates are uploaded, diffed and kept",
    remedy="refer to the secret by a dynamic reference",
)
def no_literal_secret(template: Template) -> Iterator[Fault]:
    """No secret is written into a template."""
    for logical_id, resource in template.get("Resources", {}).items():
        for path, value in _environment(resource.get("Properties", {})):
            if isinstance(value, str) and not value.startswith("{{resolve:"):
                yield Fault(logical_id=logical_id, where=path, detail="a literal value")


def _environment(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    variables = properties.get("Environment", {})
    if not isinstance(variables, Mapping):
        return
    for name, value in variables.get("Variables", {}).items():
        if name.upper().endswith(("PASSWORD", "SECRET", "TOKEN", "API_KEY")):
            yield f"Properties.Environment.Variables.{name}", value


RULES: Final = (no_stack_output, no_literal_secret)
