"""What a replay needs is looked for before anything is trained."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlops.contract import load_platform
from mlops.rehearsal.drift.trainings import Trainings, keeping_back
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.pipeline.live import shown


def writing(name: str, *outputs: str) -> dict[str, Any]:
    declared = [{"OutputName": output} for output in outputs]
    arguments = {"ProcessingOutputConfig": {"Outputs": declared}}
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def test_the_step_that_keeps_rows_back_is_found_by_its_output() -> None:
    asking = {"Name": "FindApproved", "Type": "Lambda", "Arguments": {}}
    steps = [asking, writing("Judge", "report"), writing("Split", "train", "later")]

    assert keeping_back({"Steps": steps}) == "Split"


def test_a_pipeline_that_keeps_nothing_back_is_refused() -> None:
    with pytest.raises(RehearsalError, match="no step keeps rows back as `later`; remedy: write"):
        keeping_back({"Steps": [writing("Preprocess", "train", "test")]})


def test_rows_are_kept_back_before_anything_is_trained(checkout: Any) -> None:
    step = checkout.step("Preprocess")
    outputs = step["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    outputs[1]["OutputName"] = "later"
    assembly = checkout.synthesize()
    platform = load_platform(checkout.root, model="tiny")
    console = Console(file=io.StringIO())

    with shown(console) as progress:
        execution = Trainings(
            root=checkout.root, platform=platform, spec=platform.model("tiny"),
            stage=platform.stages.training, assembly=assembly, workspace=checkout.workspace,
            python=Path(sys.executable), progress=progress, console=console, seed=0, scale=None,
        ).kept_back()  # fmt: skip

    assert [(step.name, step.status) for step in execution.steps] == [("Preprocess", "Succeeded")]
