"""A guard is blind where its metric exists, but not by the dimensions that its alarm names."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.checks.clients import Clients
from mlops.checks.metrics import REMEDY, metrics
from mlops.checks.plan import PlannedRelease
from mlops.checks.result import Result, Status, verdict

LATENCY = "acme-prod-churn-rollback-latency-0123456789ab"
ERRORS = "acme-prod-churn-rollback-model-errors-0123456789ab"
WHOLE = ("EndpointName", "VariantName")
NEW_FLEET = ("EndpointConfigName", *WHOLE)
VERSION = ("EndpointName", "ModelVersion")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def dimensions(names: Sequence[str]) -> list[dict[str, str]]:
    values = {"EndpointName": "acme-prod-churn"}
    return [{"Name": name, "Value": values.get(name, "x")} for name in names]


class Guarded:
    """The alarms of a release, and the metrics that CloudWatch has of its endpoint."""

    def __init__(self, aws: Any) -> None:
        self.alarms: dict[str, dict[str, Any]] = {
            LATENCY: {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ModelLatency",
                "Dimensions": dimensions(NEW_FLEET),
            }
        }
        self.published: dict[str, list[Sequence[str]]] = {"ModelLatency": [WHOLE, NEW_FLEET]}
        aws.offer(self.describe_alarms, self.list_metrics)

    def describe_alarms(
        self, *, AlarmNames: list[str], AlarmTypes: list[str], NextToken: str | None = None
    ) -> dict[str, Any]:
        assert AlarmTypes == ["MetricAlarm"]
        found = [{"AlarmName": n, **self.alarms[n]} for n in AlarmNames if n in self.alarms]
        return {"MetricAlarms": found}

    def list_metrics(
        self,
        *,
        Namespace: str,
        MetricName: str,
        Dimensions: list[dict[str, str]],
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        assert Dimensions == dimensions(["EndpointName"])
        sets = self.published.get(MetricName, [])
        page = int(NextToken or 0)
        following = {"NextToken": str(page + 1)} if page + 1 < len(sets) else {}
        found = [
            {"Namespace": Namespace, "MetricName": MetricName, "Dimensions": dimensions(names)}
            for names in sets[page : page + 1]
        ]
        return {"Metrics": found, **following}


@pytest.fixture
def guarded(aws: Any, described: Any) -> Guarded:
    return Guarded(aws)


def only(results: list[Result]) -> Result:
    (result,) = results
    return result


def test_the_sets_by_which_a_guards_metric_is_published_are_told_page_by_page(
    guarded: Guarded, clients: Clients, release: PlannedRelease
) -> None:
    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.PASSED
    assert str(result) == (
        "passed  metrics churn: AWS/SageMaker ModelLatency by EndpointConfigName, EndpointName, "
        "VariantName: published by EndpointConfigName, EndpointName, VariantName and EndpointName, "
        "VariantName"
    )


def test_a_guard_whose_metric_exists_by_other_dimensions_fails_with_both_and_the_remedy(
    guarded: Guarded, clients: Clients, release: PlannedRelease
) -> None:
    guarded.published["ModelLatency"] = [("EndpointName",), WHOLE]

    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.FAILED
    assert result.question.name.startswith("AWS/SageMaker ModelLatency by EndpointConfigName, ")
    assert result.finding.detail == (
        "published by EndpointName and EndpointName, VariantName, while the alarms ask by "
        "EndpointConfigName, EndpointName, VariantName, so they cannot turn red; "
        f"remedy: {REMEDY}"
    )


def test_every_metric_of_an_expression_is_asked_for(
    guarded: Guarded, clients: Clients, release: PlannedRelease
) -> None:
    def term(name: str) -> dict[str, Any]:
        metric = {
            "Namespace": "AWS/SageMaker",
            "MetricName": name,
            "Dimensions": dimensions(NEW_FLEET),
        }
        return {
            "Id": name.lower(),
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"},
        }

    guarded.alarms[ERRORS] = {
        "Metrics": [
            {"Id": "share", "Expression": "failed - refused"},
            term("InvocationModelErrors"),
            term("Invocation4XXErrors"),
        ]
    }
    guarded.published["InvocationModelErrors"] = [NEW_FLEET]
    guarded.published["Invocation4XXErrors"] = [WHOLE]
    both = replace(release, guardrails=replace(release.guardrails, alarms=(LATENCY, ERRORS)))

    found = {r.question.name.split()[1]: r.finding.status for r in metrics(both, clients)}

    assert found == {
        "Invocation4XXErrors": Status.FAILED,
        "InvocationModelErrors": Status.PASSED,
        "ModelLatency": Status.PASSED,
    }


def test_what_was_never_published_is_told_and_stops_nothing(
    guarded: Guarded, clients: Clients, release: PlannedRelease
) -> None:
    guarded.published = {}

    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.SKIPPED
    assert "nothing of it yet" in result.finding.detail
    assert verdict([result])


def test_an_endpoint_that_was_never_updated_has_no_metrics_of_a_new_fleet(
    guarded: Guarded, described: Any, clients: Clients, release: PlannedRelease
) -> None:
    guarded.published["ModelLatency"] = [WHOLE]
    described.config["CreationTime"] = MOMENT

    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.SKIPPED
    assert result.finding.detail.endswith("which only an update of the endpoint begins")


def test_a_new_endpoint_excuses_no_other_dimension(
    guarded: Guarded, described: Any, clients: Clients, release: PlannedRelease
) -> None:
    guarded.alarms[LATENCY]["Dimensions"] = dimensions(VERSION)
    guarded.published["ModelLatency"] = [WHOLE]
    described.config["CreationTime"] = MOMENT

    assert only(list(metrics(release, clients))).finding.status is Status.FAILED


def test_an_alarm_that_is_not_deployed_fails_by_its_name(
    guarded: Guarded, clients: Clients, release: PlannedRelease
) -> None:
    guarded.alarms = {}

    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.FAILED
    assert result.finding.detail == f"not deployed: {LATENCY}; remedy: deploy again"


def test_a_release_without_alarms_is_skipped_and_asks_nothing(
    aws: Any, clients: Clients, release: PlannedRelease
) -> None:
    bare = replace(release, guardrails=replace(release.guardrails, alarms=()))

    assert only(list(metrics(bare, clients))).finding.status is Status.SKIPPED
    assert aws.calls == []


@pytest.mark.parametrize("operation", ["DescribeAlarms", "ListMetrics"])
def test_a_refusal_is_an_answer(
    operation: str, guarded: Guarded, aws: Any, clients: Clients, release: PlannedRelease
) -> None:
    aws.refuse(operation, "AccessDenied", "not allowed to look")

    result = only(list(metrics(release, clients)))

    assert result.finding.status is Status.FAILED
    assert "not allowed to look" in result.finding.detail


def test_the_remedy_is_a_section_that_exists() -> None:
    page, _, anchor = REMEDY.partition("#")
    titles = re.findall(r"^#+ (.*)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)

    assert anchor in {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}
