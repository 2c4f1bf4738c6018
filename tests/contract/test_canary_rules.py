"""A bad override of a stage is one mistake, told where it is written, whatever it makes wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem
from mlops.contract.stage_spec import CanaryOverrides

Problems = Callable[[], list[Problem]]

FIELDS = tuple(CanaryOverrides.model_fields)
WRONG_TYPES = ("[1]", "soon", "1.5")
OUT_OF_RANGE = {"strategy": "blue", **dict.fromkeys(FIELDS[1:], 0)}
# Values of the right type and within the key's own range, and what makes them impossible here: keys
# of the model's canary, or of the stage.
IMPOSSIBLE: dict[str, list[tuple[object, dict[str, object]]]] = {
    "strategy": [("linear", {"size_percent": 5}), ("canary", {"min_instances": 1}),
                 ("canary", {"instance_type": "ml.inf1.xlarge"})],
    "size_percent": [(60, {}), (5, {"strategy": "linear"})],
    "bake_minutes": [(3, {}), (60, {"strategy": "linear", "size_percent": 10})],
    "final_bake_minutes": [(3, {}), (40, {"timeout_minutes": 45})],
    "timeout_minutes": [(12, {}), (600, {}), (35, {})],
    "minimum_invocations": [(100_000, {})],
}  # fmt: skip
STAGE_KEYS = ("min_instances", "instance_type")


def _models(repository: Path, number: int, canary: dict[str, object]) -> None:
    """So many models in all; the others keep the usual canary, with windows of their own."""
    home = repository / "model_code"
    text = (home / "bike_demand" / "model.yaml").read_text()
    head, usual = text.split("  canary: ")
    for at in range(1, number):
        folder = home / f"other_{at}"
        shutil.copytree(home / "bike_demand", folder)
        alarms = f"{{alarms: {{evaluation_periods: {3 - at % 2}}}, "
        (folder / "model.yaml").write_text(
            f"{head.replace('bike-demand', f'other-{at}')}  canary: {alarms}{usual[1:]}"
        )
    written = {"size_percent": 10, "bake_minutes": 10, "final_bake_minutes": 10} | canary
    (home / "bike_demand" / "model.yaml").write_text(f"{head}  canary: {json.dumps(written)}\n")


def _override(repository: Path, key: str, value: object, beside: dict[str, object]) -> int:
    """The override as the only one of the last stage, and its line."""
    path = repository / "config" / "stages.yaml"
    text = path.read_text().replace("{bake_minutes: 15}", f"\n      {key}: {value}")
    head, prod, tail = text.partition("  prod:\n")
    for name, wanted in beside.items():
        usual = {"min_instances": "2", "instance_type": "ml.m5.large"}[name]
        tail = tail.replace(f"{name}: {usual}", f"{name}: {wanted}")
    path.write_text(head + prod + tail)
    lines = (head + prod + tail).splitlines()
    return next(at for at, line in enumerate(lines, 1) if line.startswith(f"      {key}:"))


def _cases() -> list[tuple[str, object, dict[str, object]]]:
    return [
        *((key, value, {}) for key in FIELDS for value in WRONG_TYPES),
        *((key, value, {}) for key, value in OUT_OF_RANGE.items()),
        *((key, value, beside) for key, found in IMPOSSIBLE.items() for value, beside in found),
    ]


def test_every_key_of_the_override_has_a_bad_value_of_every_kind() -> None:
    assert set(FIELDS) == set(IMPOSSIBLE) == set(OUT_OF_RANGE)


@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize(("key", "value", "beside"), _cases())
def test_a_bad_override_is_told_once_at_its_own_line(
    repository: Path,
    problems: Problems,
    *,
    models: int,
    key: str,
    value: object,
    beside: dict[str, object],
) -> None:
    canary = {name: wanted for name, wanted in beside.items() if name not in STAGE_KEYS}
    if beside.keys() & set(STAGE_KEYS):
        canary["strategy"] = "all-at-once"
    if "instance_type" in beside:
        # An image of its own: without one, an accelerator is refused for another reason.
        (repository / "model_code/bike_demand/Dockerfile").write_text("FROM neuron\n")
    _models(repository, models, canary)
    line = _override(repository, key, value, {k: v for k, v in beside.items() if k in STAGE_KEYS})

    found = problems()

    assert [(one.file, one.line, one.key) for one in found] == [
        ("config/stages.yaml", line, f"stages.prod.canary.{key}")
    ]
