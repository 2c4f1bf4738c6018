"""A model is a folder and a line in config/releases.yaml; nothing else knows its name."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import load_platform

Templates = dict[str, dict[str, Any]]
Finished = subprocess.CompletedProcess[str]

SHARED = ("Registry", "Checks", "Delivery")
"""The stacks that list every model; all others are one model's, or know none."""
OVERVIEW = "Overview"
"""Lists every model as well, in the body of its one dashboard."""


@pytest.fixture(scope="module")
def name(further_root: Path) -> str:
    (name,) = {path.name for path in (further_root / "model_code").iterdir()} - {"bike_demand"}
    return name.replace("_", "-")


@pytest.fixture(scope="module")
def both(
    further_root: Path,
    run_app: Callable[..., Finished],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The assembly with the further model in it."""
    folder = tmp_path_factory.mktemp("both") / "cdk.out"
    finished = run_app(folder, script=further_root / "app.py")
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.fixture(scope="module")
def templates_of_both(both: Path, read_templates: Callable[[Path], Templates]) -> Templates:
    return read_templates(both)


def test_it_has_the_stacks_that_the_first_model_has(
    templates: Templates, templates_of_both: Templates, name: str
) -> None:
    added = templates_of_both.keys() - templates.keys() - batches(templates_of_both, name)

    own = {path for path in templates if "/bike-demand-" in path}
    own -= batches(templates, "bike-demand")
    assert added == {path.replace("bike-demand", name) for path in own}


def test_it_has_a_batch_in_every_stage_if_its_contract_asks_for_one(
    further_root: Path, templates_of_both: Templates, name: str
) -> None:
    asked = load_platform(further_root).model(name).batch is not None

    stages = {"dev", "staging", "prod"} if asked else set()
    assert batches(templates_of_both, name) == {f"{stage}/{name}-Batch" for stage in stages}


def test_a_batch_knows_its_own_models_files_alone_and_runs_the_pinned_package(
    templates_of_both: Templates, name: str
) -> None:
    for path in batches(templates_of_both, name):
        text = json.dumps(templates_of_both[path])

        assert set(re.findall(r"batch/([a-z-]+)/", text)) == {name}
        assert f":model-package/mlops-{name}/" in text


def test_no_stack_of_another_model_and_no_foundation_changes(
    templates: Templates, templates_of_both: Templates
) -> None:
    alone = {p: t for p, t in templates.items() if p.rpartition("/")[2] not in (*SHARED, OVERVIEW)}

    assert {path: templates_of_both[path] for path in alone} == alone


def test_what_lists_every_model_gains_its_name_and_loses_nothing(
    templates: Templates, templates_of_both: Templates, name: str
) -> None:
    for path in (path for path in templates if path.rpartition("/")[2] in SHARED):
        before, after = templates[path]["Resources"], templates_of_both[path]["Resources"]

        assert before.keys() < after.keys(), path
        assert [
            id_ for id_ in after.keys() - before.keys() if name.replace("-", "") not in id_
        ] == []


def test_a_stages_overview_shows_it_beside_the_first_model(
    templates: Templates, templates_of_both: Templates, name: str
) -> None:
    for path in (path for path in templates if path.rpartition("/")[2] == OVERVIEW):
        before, after = json.dumps(templates[path]), json.dumps(templates_of_both[path])

        assert name not in before, path
        assert (name in after, "bike-demand" in after) == (True, True), path


def test_it_is_excused_from_the_rules_that_the_first_model_is_excused_from(
    both: Path, name: str
) -> None:
    def excuses(model: str) -> Counter[str]:
        found = (f"{f['acknowledgedAt']} {f['acknowledgedId']}" for f in suppressed(both))
        return Counter(
            # Logical IDs end with eight digits of a hash.
            re.sub(r"[0-9A-F]{8}\b", "", excuse).replace(model, "model")
            for excuse in found
            if f"/{model}-" in excuse and "-Batch/" not in excuse
        )

    assert excuses(name) == excuses("bike-demand") != Counter()


def test_beside_its_own_stacks_nothing_more_is_excused(assembly: Path, both: Path) -> None:
    def shared(folder: Path) -> Counter[str]:
        return Counter(
            finding["acknowledgedId"]
            for finding in suppressed(folder)
            if finding["acknowledgedAt"].split("/")[1] in SHARED
        )

    assert shared(both) == shared(assembly)


def test_nothing_about_it_is_open(both: Path) -> None:
    assert [finding for plugin in reports(both) for finding in plugin["violations"]] == []


def batches(templates: Templates, name: str) -> set[str]:
    return {path for path in templates if path.endswith(f"/{name}-Batch")}


def suppressed(folder: Path) -> list[dict[str, Any]]:
    return [finding for plugin in reports(folder) for finding in plugin["suppressedViolations"]]


def reports(folder: Path) -> list[dict[str, Any]]:
    content = json.loads((folder / "validation-report.json").read_text())
    plugins: list[dict[str, Any]] = content["pluginReports"]
    return plugins
