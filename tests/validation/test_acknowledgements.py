"""Findings that somebody decided to live with: few, each with its reason, and counted."""

import json
from pathlib import Path
from typing import Any

import pytest

# With one model. Each is one pattern or one exception on one construct; lower it, never raise it
# without saying in the commit what made the new one necessary. Serving adds in each of three stages
# 6 for the container's role (log streams, alarms and captures by prefix), 4 for the prober's,
# 4 for the janitor's, 4 for the rollback report's and 5 for the release check's: names of configs
# and models are generated.
# Delivery adds 8: six roles of the pipeline and its builds read artifacts, whose keys are
# generated; logging in to ECR knows no resource; the alerts' queue is itself a dead-letter queue.
# The roles of the release automation add 2 in the registry (all groups of the project, and all
# their versions: ARNs one by one would not fit into a role's policy) and 1 in each of three stages
# (the records of all models: the foundation knows no models).
# The checks add in each stage 8 for their runner (endpoints, configs, models, callers, captures,
# alarms and reports by name or prefix; scaling and metrics know no resource) and 1
# for the role of the pipeline's steps that start them, which reads artifacts like the other builds.
# The drift job adds in each stage 12: what it reads and writes by prefix (files of days to come),
# and the executions' jobs, which SageMaker names; metrics know no resource.
# The function that starts trainings adds 1: the keys of published data hold the content's hash.
# The step that asks where a version comes from adds 2: an execution's name, and the record of its
# data, are made by the execution.
# The role of the baseline's job is 1: like every job it reads and writes what executions make.
# The weekly report adds in each stage 3: configs and models with generated names, and calls that
# know no resource.
# A batch adds in each stage 14: what its model and its two functions read and write by prefix, its
# jobs, which SageMaker names, and metrics.
ACKNOWLEDGED = 15 + 1 + 2 + 1 + 3 * 23 + 8 + 2 + 3 + 3 * 8 + 1 + 3 * 12 + 3 * 3 + 3 * 14
PLUGINS = ("AwsSolutions::", "mlops-rules::")


@pytest.fixture(scope="module")
def report(assembly: Path) -> list[dict[str, Any]]:
    content = json.loads((assembly / "validation-report.json").read_text())
    plugins: list[dict[str, Any]] = content["pluginReports"]
    return plugins


@pytest.fixture(scope="module")
def acknowledged(report: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for plugin in report for finding in plugin.get("suppressedViolations", [])]


def test_nothing_is_open(report: list[dict[str, Any]]) -> None:
    assert [finding for plugin in report for finding in plugin["violations"]] == []


def test_the_number_of_acknowledged_findings_is_a_decision(
    acknowledged: list[dict[str, Any]],
) -> None:
    assert len(acknowledged) == ACKNOWLEDGED


def test_every_acknowledgement_names_its_plugin(acknowledged: list[dict[str, Any]]) -> None:
    bare = [
        a["acknowledgedId"] for a in acknowledged if not a["acknowledgedId"].startswith(PLUGINS)
    ]

    assert bare == []


def test_every_acknowledgement_gives_a_reason(acknowledged: list[dict[str, Any]]) -> None:
    thin = [a["acknowledgedId"] for a in acknowledged if len(a.get("reason", "").split()) < 6]

    assert thin == []


def test_no_acknowledgement_stands_higher_than_a_construct_of_a_stack(
    acknowledged: list[dict[str, Any]],
) -> None:
    broad = [a["acknowledgedAt"] for a in acknowledged if a["acknowledgedAt"].count("/") < 2]

    assert broad == []
