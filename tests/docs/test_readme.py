"""The README's pictures show what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def steps(definition: list[dict[str, Any]]) -> Iterator[str]:
    for step in definition:
        yield step["Name"]
        for branch in ("IfSteps", "ElseSteps"):
            yield from steps(step.get("Arguments", {}).get(branch, []))


def test_the_pipelines_picture_has_every_step() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    [picture] = [part for part in re.findall(r"```mermaid\n(.*?)```", text, re.S) if "Gate" in part]
    shown = set(re.findall(r"[A-Z][\[{]([A-Za-z]+)", picture))
    compiled = json.loads((ROOT / "model_code/bike_demand/pipeline.json").read_text("utf-8"))

    # The step that fails is drawn by what it says.
    assert {"GateFailed" if name == "Fail" else name for name in shown} == set(
        steps(compiled["definition"]["Steps"])
    )
