"""The plan's page: one self-contained HTML file that explains a canary to who was not there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
from typing import Final

from mlops.cli.canary_words import advice, harmed, percent, time
from mlops.cli.chart import Chart, Line, svg
from mlops.rollout import Forecast, Plan, Setting, against, forecast, violations
from mlops.sheet import sheet

_STYLE: Final = """
:root{--one:#2f6fde;--two:#12805c;--three:#b7791f}
@media(prefers-color-scheme:dark){:root{--one:#7aa7ff;--two:#3ecf9a;--three:#e5b567}}
.soft{color:var(--soft)}td,th{padding:6px 0 6px 12px;text-align:right;vertical-align:bottom}
td{white-space:nowrap}tr.now td{font-weight:600}tr.best td{color:var(--good)}
pre{margin:12px 0 0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:24px}
figure{margin:0}figcaption{font-weight:600;margin-bottom:6px}figure p{margin:4px 0 0;font-size:13px}
.grid{stroke:var(--line)}.target{stroke:var(--soft);
stroke-dasharray:2 3}.mark{stroke:var(--soft);stroke-opacity:.5}.key{margin-right:16px;
white-space:nowrap}.key i{display:inline-block;width:22px;margin-right:6px;vertical-align:4px}
"""
_HEADINGS: Final = (
    "", "share", "bake", "errors above", "total wait", "errors caught", "latency caught",
    "wrong answers caught", "false rollback", "time to rollback", "requests harmed",
)  # fmt: skip
_ERROR_POINTS: Final = tuple(half / 2 for half in range(21))
_LATENCY_FACTORS: Final = tuple(1 + tenth / 10 for tenth in range(21))


def page(plan: Plan, *, model: str, stage: str, patch: str) -> str:
    """The whole page."""
    title = f"{model} in {stage}: what the canary catches"
    words = "".join(f"<p>{escape(line[:1].upper() + line[1:])}.</p>" for line in advice(plan))
    lines = f"<pre>{escape(patch)}</pre>" if patch else ""
    charts = "".join(svg(chart) for chart in _charts(plan))
    parts = (
        f'<h1>{escape(title)}</h1><p class="sub">{escape(_assumed(plan))}</p>',
        f'<section><h2 class="{_class(plan)}">In short</h2>{words}{lines}</section>',
        f'<section><h2>Curves</h2><div class="charts">{charts}</div></section>',
        f"<section><h2>The configured canary and its neighbours</h2>{_table(plan)}</section>",
        f"<section><h2>How to read it</h2>{_explained(plan)}</section>",
    )
    return sheet(title, parts, style=_STYLE)


def _class(plan: Plan) -> str:
    return "good" if plan.configured.reaches(plan.target) else "bad"


def _assumed(plan: Plan) -> str:
    expected, window = plan.expectation, plan.configured.setting.window
    callers = expected.requests_per_minute
    probes = plan.configured.setting.requests_per_minute(callers) - callers
    return (
        f"{callers:g} requests of callers and {probes:g} probes per minute, "
        f"{expected.error_ratio * 100:g} % "
        f"errors and a p99 of {expected.latency_p99_ms:g} ms in service, {expected.instances} "
        f"instances; alarms need {window.datapoints_to_alarm} of {window.evaluation_periods} "
        f"periods of {window.period_seconds} s"
    )


def _charts(plan: Plan) -> Iterator[Chart]:
    yield _by_errors(plan)
    yield _by_latency(plan)
    yield _by_setting(plan, "By length of the bake", "minutes of bake", _with_bake, range(1, 61))
    yield _by_setting(plan, "By share", "% of the traffic", _with_share, range(1, 51))


def _by_errors(plan: Plan) -> Chart:
    def line(name: str, colour: str, setting: Setting, *, diluted: bool = False) -> Line:
        signals = tuple(replace(signal, scope="endpoint") for signal in setting.signals)
        points = [
            (
                added,
                against(
                    setting,
                    plan.expectation,
                    added_error_ratio=added / 100,
                    signals=signals if diluted else None,
                ).probability,
            )
            for added in _ERROR_POINTS
        ]
        return Line(name=name, colour=colour, points=points)

    lines = [line(name, colour, setting) for name, colour, setting in _compared(plan)]
    now = plan.configured.setting
    return Chart(
        title="Chance of rolling back, by errors added",
        axis="points of errors that the new version adds",
        lines=[
            *lines,
            line("same alarms on the whole endpoint", "var(--three)", now, diluted=True),
        ],
        mark=plan.target.added_error_ratio * 100,
        target=plan.target.detection,
    )


def _by_latency(plan: Plan) -> Chart:
    lines = [
        Line(
            name=name,
            colour=colour,
            points=[
                (factor, against(setting, plan.expectation, latency_factor=factor).probability)
                for factor in _LATENCY_FACTORS
            ],
        )
        for name, colour, setting in _compared(plan)
    ]
    return Chart(
        title="Chance of rolling back, by slowness",
        axis="latency of the new version as a multiple of the old",
        lines=lines,
        mark=plan.target.latency_factor,
        target=plan.target.detection,
    )


def _compared(plan: Plan) -> Iterator[tuple[str, str, Setting]]:
    yield "configured", "var(--one)", plan.configured.setting
    if plan.cheapest and plan.patch:
        yield "cheapest", "var(--two)", plan.cheapest.setting


def _by_setting(
    plan: Plan,
    title: str,
    axis: str,
    varied: Callable[[Setting, int], Setting],
    values: range,
) -> Chart:
    settings = [(value, varied(plan.configured.setting, value)) for value in values]
    found = [
        (value, forecast(setting, plan.expectation, plan.target))
        for value, setting in settings
        if not violations(setting.policy, setting.window)
    ]
    return Chart(
        title=title,
        axis=axis,
        lines=[
            Line(
                name="target regressions caught",
                colour="var(--one)",
                points=[(value, each.detection) for value, each in found],
            ),
            Line(
                name="good versions rolled back",
                colour="var(--bad)",
                points=[(value, each.false_rollback) for value, each in found],
                dashed=True,
            ),
        ],
        target=plan.target.detection,
    )


def _with_bake(setting: Setting, minutes: int) -> Setting:
    return replace(setting, policy=replace(setting.policy, bake_minutes=minutes))


def _with_share(setting: Setting, percent_: int) -> Setting:
    return replace(setting, policy=replace(setting.policy, size_percent=percent_))


def _table(plan: Plan) -> str:
    rows = [_row("configured", plan.configured, "now")]
    rows += [_row("", other, "") for other in plan.neighbours]
    if plan.cheapest and plan.patch:
        rows.append(_row("cheapest", plan.cheapest, "best"))
    heading = "".join(f"<th>{escape(text)}</th>" for text in _HEADINGS)
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, found: Forecast, style: str) -> str:
    policy = found.setting.policy
    cells = (
        name,
        f"{policy.size_percent} %",
        f"{policy.bake_minutes} min",
        f"{found.setting.error_ratio * 100:g} %",
        f"{policy.wait_minutes} min",
        percent(found.errors.probability),
        percent(found.latency.probability),
        percent(found.answers.probability) if found.answers else "not probed",
        percent(found.false_rollback),
        time(found.expected_seconds),
        harmed(found.expected_harmed),
    )
    return f'<tr class="{style}">{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'


def _explained(plan: Plan) -> str:
    added, factor = plan.target.added_error_ratio * 100, plan.target.latency_factor
    wrong = plan.target.wrong_answer_ratio * 100
    sentences = (
        "Caught: an alarm fires before all of the traffic has moved.",
        f"It is asked about {added:g} points more errors, and about {factor:g} times the latency.",
        f"Wrong answers: {wrong:g} % of the probes are answered otherwise than recorded.",
        "Alarms on the same requests count as their best; errors and latency are independent.",
        "False rollback: any alarm is red once, through the final bake.",
        "Time and harm are those of the regression that is worse.",
        "Requests come at random, latencies are log-normal; a share counts as it rounds worst.",
        _arrivals(plan),
        "The curves have teeth: a data point turns red at a whole number of bad requests.",
    )
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _arrivals(plan: Plan) -> str:
    arrivals = plan.expectation.arrivals
    rate = (
        f"The callers' rate deviates by {arrivals.rate_variation:.0%} from minute to minute"
        if arrivals.rate_variation
        else "The callers' rate is steady"
    )
    return f"{rate}; errors come {arrivals.errors_together} at a time."
