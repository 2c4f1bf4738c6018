"""What must come of each fault, and the whole delivery of the repository's own model."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from mlops.rehearsal.canary.faults import FAULT_NAMES, expectations
from mlops.rehearsal.delivery import Wishes, expected_endings, rehearse_delivery
from mlops.rehearsal.delivery.rehearsal import deployments
from mlops.rehearsal.delivery.results import DeliveryRehearsal, PipelineRun
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
from mlops.rehearsal.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
MODEL = "bike-demand"
ENDINGS_OF = {
    "promoted": {"delivered"},
    "rolled back": {"rolled-back", "reported"},
    "inconclusive": {"reported"},
    "failed to start": {"reported"},
}


def test_what_must_come_of_a_fault_agrees_with_its_canary() -> None:
    canary = expectations()

    assert set(FAULT_NAMES) - expected_endings().keys() == {"identical"}
    for fault, ending in expected_endings().items():
        assert ending in ENDINGS_OF[canary[fault].ending], fault


@pytest.mark.parametrize(
    ("stages", "ending", "count"),
    [
        (3, "delivered", 6),
        (3, "rolled-back", 6),
        (3, "reported", 5),
        (1, "delivered", 2),
        (1, "rolled-back", 2),
    ],
)
def test_the_estimate_counts_each_deployment(stages: int, ending: str, count: int) -> None:
    assert deployments(stages, ending) == count


def assert_told(lines: list[str], rehearsal: DeliveryRehearsal) -> None:
    """How long it takes is told before the first deployment, and each deployment when it starts."""
    runs = [act for one in rehearsal.chapters for act in one.acts if isinstance(act, PipelineRun)]
    deployed = [stage for run in runs for stage in run.stages if stage.deployment]
    starts = [number for number, line in enumerate(lines) if " starts: " in line]
    (estimate,) = (number for number, line in enumerate(lines) if " take about " in line)
    assert len(starts) == len(deployed)
    assert estimate < starts[0]
    assert lines[estimate].startswith(f"{len(deployed)} deployments in 3 stages and ")


@pytest.fixture(scope="module")
def registered(assembly: Path) -> None:
    """A version of the model is approved here."""
    if not list(Workspace.of(ROOT).registry.glob(f"*{MODEL}/[0-9]*.json")):
        rehearse_pipeline(
            ROOT, MODEL, assembly=assembly, parameters={}, use_cache=True, approve=True,
            console=Console(file=io.StringIO()),
        )  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("fault", ["5xx", "no-traffic"])
def test_a_good_version_arrives_and_a_bad_one_never_reaches_the_last_stage(
    fault: str, registered: None
) -> None:
    console = Console(file=io.StringIO(), width=200)

    rehearsal = rehearse_delivery(ROOT, MODEL, wishes=Wishes(fault=fault), console=console)

    assert rehearsal.objections == ()
    assert_told(console.file.getvalue().splitlines(), rehearsal)  # type: ignore[attr-defined]  # a StringIO
    assert (rehearsal.report / "index.html").is_file()
    assert rehearsal.statuses[rehearsal.bad] == "Approved"
    bad, good = rehearsal.bad, rehearsal.good
    assert (
        list(rehearsal.pins.values())
        == {
            "rolled-back": [bad, good, good],
            "reported": [bad, bad, bad],
        }[expected_endings()[fault]]
    )
