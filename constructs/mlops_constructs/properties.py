"""CloudFormation properties as plain data, and as the arguments of a CDK resource.

Plain data can be hashed before anything is synthesized. A value that only the deployment knows is a
marker such as `${Key}`, which is filled with a CDK token where the resource is made.
"""

from collections.abc import Mapping
from typing import Any, Final

Properties = dict[str, Any]

CONFIG: Final = "${ConfigName}"
"""Marker of the endpoint config's name."""
KEY: Final = "${KeyArn}"
"""Marker of the ARN of the stage's key."""
MODEL: Final = "${ModelName}"
"""Marker of the model's name."""
RELEASE: Final = "${Release}"
"""Marker of the release's hash."""
ROLE: Final = "${RoleArn}"
"""Marker of the ARN of the model's role."""
_AS_WRITTEN: Final = frozenset({"Environment"})
"""Properties whose keys are the user's own words."""


def filled(properties: Properties, values: Mapping[str, str]) -> Properties:
    """The same properties with some of their markers replaced."""
    found: Properties = _filled(properties, values)
    return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        for marker, replacement in values.items():
            value = value.replace(marker, replacement)
    return value


def stated(properties: Mapping[str, Any]) -> Properties:
    """The properties that have a value: CloudFormation knows no empty one."""
    return {name: value for name, value in properties.items() if value is not None}


def arguments(properties: Properties) -> dict[str, Any]:
    """The properties as keyword arguments of a CDK resource: `AlarmName` is `alarm_name`."""
    return {
        _snake_case(name): value if name in _AS_WRITTEN else nested(value)
        for name, value in properties.items()
    }


def nested(value: Any) -> Any:
    """A property's value with keys as CDK expects them in plain data: `MetricStat: metricStat`."""
    if isinstance(value, dict):
        return {
            name[:1].lower() + name[1:]: item if name in _AS_WRITTEN else nested(item)
            for name, item in value.items()
        }
    return [nested(item) for item in value] if isinstance(value, list) else value


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
