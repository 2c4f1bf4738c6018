"""A function that reads figures and tells people, every Monday."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.monitoring.weekly_report import WeeklyReport, terms
from mlops_constructs.release import VARIANT, Release
from mlops_handlers.monitoring.week import Terms
from mlops_handlers.monitoring.weekly_figures import CHECKS

REPORTING = Path(__file__).parents[3] / "mlops" / "container" / "monitoring" / "analysis.py"


@pytest.fixture(scope="module")
def report(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release_of: Callable[..., Release],
    handlers: Path,
) -> Any:
    return render(
        lambda stack: WeeklyReport(
            stack, "Report", release=release_of(), archive=handlers, key=key_in(stack)
        )
    )


def test_it_runs_on_monday_morning_and_a_missed_run_is_made_up_for(report: Any) -> None:
    schedule = report.only("AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"] == "cron(0 7 ? * MON *)"
    assert schedule["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 6 * 3600,
        "MaximumRetryAttempts": 20,
    }


def test_it_reads_and_tells_and_changes_nothing(report: Any) -> None:
    (statements,) = [s for s in report.roles().values() if "TellPeople" in s]

    listed = [s["Action"] for s in statements.values()]
    actions = {a for said in listed for a in ([said] if isinstance(said, str) else said)}
    assert actions == {
        "cloudwatch:GetMetricData",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:DescribeModel",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListTags",
        "sns:Publish",
        "sqs:SendMessage",
    }
    topic = statements["TellPeople"]["Resource"]
    assert topic == "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"


def test_the_function_can_read_what_the_template_wrote(report: Any) -> None:
    variables = report.only("AWS::Lambda::Function")["Environment"]["Variables"]

    said = Terms(**json.loads(variables["TERMS"]))
    assert (said.endpoint, said.owner) == ("acme-prod-churn", "science@example.com")
    assert (said.latency_p99_ms, said.error_ratio) == (200, 0.02)
    assert said.dashboard == "acme-prod-model-churn"
    assert said.batch_pipeline is None


def test_what_fails_for_good_is_kept(report: Any) -> None:
    function = report.only("AWS::Lambda::Function")

    assert function["DeadLetterConfig"]["TargetArn"].endswith(":acme-prod-undelivered")


def test_without_labels_no_metric_is_asked_for(release_of: Callable[..., Release]) -> None:
    assert list(terms(release_of())["metrics"]) == []
    assert terms(release_of())["fields"] == ["age", "probability"]


def test_checks_and_variant_are_named_as_they_are_published() -> None:
    published = REPORTING.read_text()
    figures = Path(__file__).parents[3] / "constructs/mlops_handlers/monitoring/weekly_figures.py"

    assert all(f'"{check}"' in published for check in CHECKS)
    assert f'"VariantName", "{VARIANT}"' in figures.read_text()
