"""The report's page: one self-contained HTML file, readable without a network and printable.

Every value that comes from a model, a person or a log is escaped.
"""

import json
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from mlops.registry import Metric
from mlops.rehearsal.local_aws.replay import Answer
from mlops.rehearsal.pipeline.comparison import Row, compared, segments
from mlops.rehearsal.pipeline.results import Execution, GateResult, StepResult
from mlops.sheet import section, sheet, table

_STYLE: Final = """
.failure{border-left:3px solid var(--bad);padding-left:14px;margin:14px 0 0}
"""
_COLOURS: Final = {"Succeeded": "--good", "Failed": "--bad", "Stopped": "--bad"}
_SHOWN_ANSWERS: Final = 10
_CLASSES: Final = {"Succeeded": "good", "Failed": "bad", "Stopped": "bad", "NotExecuted": "none"}


def page(execution: Execution) -> str:
    """The whole page."""
    parts = (
        _header(execution),
        section("Gates", _gates(execution.gates)),
        section("Metrics on held-out data", _metrics(execution.metrics)),
        section("Beside others", _comparison(compared(execution.evaluation))),
        section("By segment", _comparison(segments(execution.evaluation))),
        section("Steps", _timeline(execution.steps) + _steps(execution.steps)),
        section("Registered version", _version(execution)),
        section("Answers over HTTP", _answers(execution)),
        section("Parameters", _codes(sorted(execution.parameters.items()))),
    )
    title = f"{execution.model} · {execution.status} · {execution.id}"
    return sheet(title, parts, style=_STYLE)


def _header(execution: Execution) -> str:
    failure = f'<p class="failure">{escape(execution.failure)}</p>' if execution.failure else ""
    reused = f" · reused: {', '.join(execution.reused)}" if execution.reused else ""
    return (
        f"<h1>{escape(execution.model)} {_badge(execution.status)}</h1>"
        f'<p class="sub">{escape(execution.pipeline)} · execution {escape(execution.id)} · '
        f"{escape(execution.began)} · {execution.seconds:.1f} s{escape(reused)}</p>{failure}"
    )


def _badge(status: str) -> str:
    return f'<span class="badge {_CLASSES.get(status, "none")}">{escape(status)}</span>'


def _gates(gates: Sequence[GateResult]) -> str:
    rows = [
        [
            escape(gate.name),
            f"{_figure(gate.value)}",
            f"{escape(gate.comparison)} {_figure(gate.limit)}",
            '<span class="good">passed</span>'
            if gate.passed
            else '<span class="bad">failed</span>',
        ]
        for gate in gates
    ]
    return table(["condition", "value", "must be", ""], rows)


def _metrics(metrics: Sequence[Metric]) -> str:
    rows = [[escape(metric.name), _figure(metric.value), _interval(metric)] for metric in metrics]
    return table(["metric", "value", "interval"], rows)


def _comparison(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.metrics))
    cells = [
        [escape(row.label), *(_figure(row.metrics.get(name, "")) for name in names)] for row in rows
    ]
    return table(["", *names], cells)


def _interval(metric: Metric) -> str:
    """The interval as text and as a line with the value on it."""
    if metric.low is None or metric.high is None or metric.high <= metric.low:
        return ""
    place = 10 + 180 * (metric.value - metric.low) / (metric.high - metric.low)
    return (
        f"{_figure(metric.low)} to {_figure(metric.high)}"
        '<svg viewBox="0 0 200 14" style="max-width:200px" aria-hidden="true">'
        '<line x1="10" x2="190" y1="7" y2="7" stroke="var(--none)" stroke-width="2"/>'
        f'<circle cx="{min(max(place, 4), 196):.1f}" cy="7" r="4" fill="var(--reuse)"/></svg>'
    )


def _timeline(steps: Sequence[StepResult]) -> str:
    """Which step ran when, as bars."""
    ran = [step for step in steps if step.status != "NotExecuted"]
    if not ran:
        return ""
    total = max(step.started + step.seconds for step in ran) or 1.0
    bars = "".join(_bar(step, row, total) for row, step in enumerate(ran))
    return (
        f'<svg viewBox="0 0 900 {24 * len(ran) + 8}" role="img" '
        f'aria-label="Timeline of the steps">{bars}</svg>'
    )


def _bar(step: StepResult, row: int, total: float) -> str:
    left = 150 + 660 * step.started / total
    width = max(3.0, 660 * step.seconds / total)
    colour = "--reuse" if step.reused_from else _COLOURS.get(step.status, "--none")
    top = 24 * row + 4
    label = "reused" if step.reused_from else f"{step.seconds:.1f} s"
    return (
        f'<text x="0" y="{top + 13}">{escape(step.name)}</text>'
        f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="17" rx="3" '
        f'fill="var({colour})"/>'
        f'<text class="soft" x="{left + width + 6:.1f}" y="{top + 13}">{label}</text>'
    )


def _steps(steps: Sequence[StepResult]) -> str:
    rows = [
        [
            escape(step.name),
            escape(step.kind),
            _badge(step.status)
            + (f' <span class="reuse">from {escape(step.reused_from)}</span>'
               if step.reused_from else ""),
            "" if step.status == "NotExecuted" else f"{step.seconds:.2f} s",
            escape(step.failure or "")
            + (f"<br><code>{escape(str(step.log))}</code>" if step.log else ""),
        ]
        for step in steps
    ]  # fmt: skip
    return table(["step", "type", "status", "time", ""], rows)


def _version(execution: Execution) -> str:
    if execution.version is None:
        return ""
    version = execution.version
    return _codes(
        [
            ("group", version.group),
            ("version", version.number),
            ("status", version.status),
            ("arn", version.arn),
        ]
    )


def _answers(execution: Execution) -> str:
    replay = execution.replay
    if replay is None:
        return ""
    failure = f'<p class="failure">{escape(replay.failure)}</p>' if replay.failure else ""
    lead = f'<p class="sub">Served from its archive alone; ready after {replay.start_seconds:.1f} s.</p>'  # noqa: E501  # one sentence
    recorded = _answer_table("its own recorded answer", replay.recorded)
    promised = _answer_table("the contract's example", replay.promised)
    return lead + failure + recorded + promised


def _answer_table(against: str, answers: Sequence[Answer]) -> str:
    rows = [
        [
            f"<details><summary>{escape(answer.name)}</summary>{_example(answer)}</details>",
            '<span class="good">same</span>'
            if answer.matches
            else f'<span class="bad">{escape("; ".join(answer.differences))}</span>',
            f"{answer.milliseconds:.1f} ms",
        ]
        for answer in answers
    ]
    same = sum(answer.matches for answer in answers)
    told = table(["request", f"against {against}", "time"], rows)
    if len(answers) <= _SHOWN_ANSWERS:
        return told
    # Who looks at the page first wants to know whether they are the same.
    summary = f"{same} of {len(answers)} requests: the same answer as {against}"
    opened = "" if same == len(answers) else " open"
    return f"<details{opened}><summary>{escape(summary)}</summary>{told}</details>"


def _example(answer: Answer) -> str:
    return "".join(
        f"<pre>{label}: {escape(_shortened(value))}</pre>"
        for label, value in (
            ("request", answer.request),
            ("answer", answer.answer),
            ("expected", answer.expected),
        )
    )


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 1500 else f"{text[:1500]} ..."  # noqa: PLR2004  # a screenful


def _codes(facts: Sequence[tuple[str, Any]]) -> str:
    """Names and values as they are written in a program."""
    lines = "".join(
        f"<dt>{escape(str(name))}</dt><dd><code>{escape(str(value))}</code></dd>"
        for name, value in facts
    )
    return f"<dl>{lines}</dl>" if lines else ""


def _figure(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return escape(str(value))
    return f"{value:.5g}"
