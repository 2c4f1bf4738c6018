import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mlops.container.monitoring import (
    Baseline,
    Groups,
    Limit,
    Outcome,
    Result,
    Schema,
    Settings,
    Truth,
    Verdict,
    analyse,
    observe,
    read_labels,
)

Line = Callable[..., bytes]
Table = dict[str, list[Any]]
OUTCOME = Outcome(problem="regression", prediction="demand")
INPUTS = ("temperature", "hour", "weekday", "holiday")


@pytest.fixture
def lines(table: Callable[..., Table], capture: Line) -> Callable[..., list[bytes]]:
    """Captured requests of one row each."""

    def made(rows: int, seed: int = 2, **columns: Any) -> list[bytes]:
        drawn = table(rows, seed, **columns)
        return [
            capture(
                {name: drawn[name][n] for name in INPUTS},
                {"demand": drawn["demand"][n]},
                event=f"e{n}",
            )
            for n in range(rows)
        ]

    return made


def _label(key: str, value: Any) -> bytes:
    content = {
        "groundTruthData": {"data": str(value), "encoding": "CSV"},
        "eventMetadata": {"eventId": key},
    }
    return json.dumps(content).encode()


def _truth(outcome: Outcome, labels: list[bytes], groups: Groups | None = None) -> Truth:
    return Truth(
        labels=read_labels(labels, outcome, Counter()),
        outcome=outcome,
        groups=groups or Groups(),
    )


def _analysed(
    baseline: Baseline, lines: list[bytes], settings: Settings | None = None, **options: Any
) -> Result:
    observation = observe(lines, baseline, truth=options.get("truth"))
    return analyse(observation, baseline, settings or Settings(), **options)


def _verdicts(result: Result) -> dict[str, str]:
    return {check.name: check.verdict.value for check in result.checks}


def test_a_window_like_the_baseline_is_quiet_in_every_check(
    baseline: Baseline, lines: Callable[..., list[bytes]]
) -> None:
    result = _analysed(baseline, lines(800), expected_requests=1000)

    assert result.verdict is Verdict.QUIET
    assert _verdicts(result) == dict.fromkeys(
        ("reading", "traffic", "contract", "inputs", "predictions"), "quiet"
    )


def test_without_traffic_nothing_is_quiet_about_silence(baseline: Baseline) -> None:
    result = _analysed(baseline, [])

    assert result.verdict is Verdict.INCONCLUSIVE
    assert _verdicts(result)["traffic"] == _verdicts(result)["inputs"] == "inconclusive"


def test_inputs_and_predictions_are_judged_apart(
    baseline: Baseline, lines: Callable[..., list[bytes]], table: Callable[..., Table]
) -> None:
    demand = [value * 2 for value in table(800, 2)["demand"]]

    result = _analysed(baseline, lines(800, demand=demand))

    assert _verdicts(result)["predictions"] == "alarm"
    assert _verdicts(result)["inputs"] == "quiet"
    assert result.verdict is Verdict.ALARM


def test_a_broken_contract_alarms_with_the_field_and_the_values(
    baseline: Baseline, lines: Callable[..., list[bytes]]
) -> None:
    result = _analysed(baseline, lines(600, hour=[99] * 60 + [5] * 540))

    (reason,) = next(check for check in result.checks if check.name == "contract").reasons
    assert reason == "hour: range: 60 rows (10.0%), such as 99"


@pytest.mark.parametrize(("broken", "verdict"), [(20, "quiet"), (200, "inconclusive")])
def test_of_many_unreadable_lines_the_rest_is_no_fair_sample(
    baseline: Baseline, lines: Callable[..., list[bytes]], broken: int, verdict: str
) -> None:
    result = _analysed(baseline, [*lines(800), *[b"{]\n"] * broken])

    assert _verdicts(result)["reading"] == verdict


def test_what_is_left_out_on_purpose_is_not_lost(
    baseline: Baseline, lines: Callable[..., list[bytes]], capture: Line
) -> None:
    probes = [capture(event=f"p{n}", inference_id=f"mlops-probe-{n}") for n in range(300)]
    refused = [capture(event=f"r{n}", answer={"error": "hour is 99"}) for n in range(300)]

    result = _analysed(baseline, [*lines(800), *lines(800), *probes, *refused])

    assert _verdicts(result)["reading"] == "quiet"


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [(None, "quiet"), (8000, "quiet"), (8001, "alarm"), (79, "alarm"), (80, "quiet")],
)
def test_traffic_an_order_of_magnitude_away_alarms(
    baseline: Baseline, lines: Callable[..., list[bytes]], expected: float | None, verdict: str
) -> None:
    result = _analysed(baseline, lines(800), expected_requests=expected)

    assert _verdicts(result)["traffic"] == verdict


@pytest.mark.parametrize(
    ("threshold", "verdict"), [(20.0, "quiet"), (9.0, "alarm"), (9.95, "inconclusive")]
)
def test_a_metric_alarms_only_if_its_whole_interval_is_beyond_the_limit(
    baseline: Baseline,
    lines: Callable[..., list[bytes]],
    table: Callable[..., Table],
    threshold: float,
    verdict: str,
) -> None:
    """Labels lie 10 away, some more and some less."""
    demand = table(600, 2)["demand"]
    labels = [_label(f"e{n}", demand[n] + 10 + (n % 3 - 1)) for n in range(600)]
    limits = (Limit(metric="mae", comparison="at_most", threshold=threshold),)

    result = _analysed(baseline, lines(600), Settings(limits=limits), truth=_truth(OUTCOME, labels))

    assert _verdicts(result)["performance"] == verdict


def test_a_limit_from_below_is_kept_by_higher_values(
    baseline: Baseline, lines: Callable[..., list[bytes]], table: Callable[..., Table]
) -> None:
    demand = table(600, 2)["demand"]
    labels = [_label(f"e{n}", demand[n] + n % 5) for n in range(600)]

    def verdict(threshold: float) -> str:
        limits = (Limit(metric="r2", comparison="at_least", threshold=threshold),)
        settings = Settings(limits=limits)
        result = _analysed(baseline, lines(600), settings, truth=_truth(OUTCOME, labels))
        return _verdicts(result)["performance"]

    assert verdict(0.9) == "quiet"
    assert verdict(0.9999) == "alarm"


def test_few_labels_judge_no_model(baseline: Baseline, lines: Callable[..., list[bytes]]) -> None:
    labels = [_label(f"e{n}", 1e6) for n in range(199)]
    limits = (Limit(metric="rmse", comparison="at_most", threshold=1.0),)

    result = _analysed(baseline, lines(600), Settings(limits=limits), truth=_truth(OUTCOME, labels))

    performance = next(check for check in result.checks if check.name == "performance")
    assert performance.verdict is Verdict.INCONCLUSIVE
    assert performance.reasons[0] == "199 labelled rows, 200 are needed"
    assert result.performance is not None
    assert result.performance.coverage.share == pytest.approx(199 / 600)


def test_labels_for_nothing_here_leave_no_metric(
    baseline: Baseline, lines: Callable[..., list[bytes]]
) -> None:
    result = _analysed(baseline, lines(600), truth=_truth(OUTCOME, [_label("other", 1)]))

    assert result.performance is not None
    assert result.performance.metrics == ()
    assert result.performance.coverage.unmatched == 1


CLASSES: dict[str, Any] = {
    "schema": {
        "input": [{"name": "sex", "type": "string", "allowed": ["f", "m"]}],
        "output": [{"name": "hired", "type": "boolean"}, {"name": "chance", "type": "number"}],
    }
}


def test_a_classifier_is_judged_by_its_metrics_and_its_gaps(capture: Line) -> None:
    schema = Schema.read(CLASSES)
    rows = [("f" if n % 2 else "m", n % 2 == 0 or n % 8 == 1) for n in range(800)]
    columns = {
        "sex": [sex for sex, _ in rows],
        "hired": [hired for _, hired in rows],
        "chance": [0.9 if hired else 0.1 for _, hired in rows],
    }
    baseline = Baseline.of(schema, columns)
    outcome = Outcome(problem="binary-classification", prediction="hired", probability="chance")
    labels = [_label(f"e{n}", "true") for n in range(800)]
    truth = _truth(outcome, labels, Groups.of(schema, ["sex"]))
    lines = [
        capture({"sex": sex}, {"hired": hired, "chance": 0.9 if hired else 0.1}, event=f"e{n}")
        for n, (sex, hired) in enumerate(rows)
    ]

    result = _analysed(baseline, lines, Settings(groups=("sex",)), truth=truth)

    assert result.performance is not None
    named = {metric.name: metric.interval.value for metric in result.performance.metrics}
    assert named["accuracy"] == named["recall"] == 0.625
    assert {(gap.measure, gap.group, round(gap.gap.value, 3)) for gap in result.gaps} == {
        ("demographic_parity", "f", -0.75), ("demographic_parity", "m", 0.75),
        ("equal_opportunity", "f", -0.75), ("equal_opportunity", "m", 0.75),
    }  # fmt: skip
    bias = next(check for check in result.checks if check.name == "bias")
    assert bias.verdict is Verdict.ALARM
    assert bias.reasons[0].startswith("sex f: demographic parity differs by -75.0%")


def test_what_several_aspects_of_a_field_lack_is_said_once() -> None:
    schema = Schema.read(CLASSES)
    columns = {
        "sex": ["f", "m"] * 300, "hired": [True] * 600, "chance": [0.5] * 600,
        "label": [1.0, 0.0] * 300,
    }  # fmt: skip
    baseline = Baseline.of(schema, columns)
    outcome = Outcome(problem="binary-classification", prediction="hired")

    result = _analysed(baseline, [], Settings(), truth=_truth(outcome, [], Groups()))

    labels = next(check for check in result.checks if check.name == "labels")
    assert labels.reasons == ("label: 0 rows count, 500 are needed",)


def test_groups_without_rows_say_nothing_and_say_so(capture: Line) -> None:
    schema = Schema.read(CLASSES)
    columns = {"sex": ["f", "m"] * 300, "hired": [True] * 600, "chance": [0.5] * 600}
    baseline = Baseline.of(schema, columns)
    outcome = Outcome(problem="binary-classification", prediction="hired")
    truth = _truth(outcome, [], Groups.of(schema, ["sex"]))

    result = _analysed(baseline, [], Settings(groups=("sex",)), truth=truth)

    assert _verdicts(result)["bias"] == "inconclusive"
