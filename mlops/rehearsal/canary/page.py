"""The page of a canary rehearsal: one self-contained HTML file, for somebody who was not there.

Every value that comes from a model, a person or a log is escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from mlops.rehearsal.canary.chart import chart
from mlops.rehearsal.canary.endpoint import GuardedEndpoint, RollbackAlarm
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult, Pace
from mlops.sheet import badge, facts, section, sheet, table

_STYLE: Final = """
:root{--blue:#2f6fde;--green:#12805c;--band:#f2f4f7}
@media(prefers-color-scheme:dark){:root{--blue:#7aa7ff;--green:#3ecf9a;--band:#1e2533}}
h2{margin:0 0 4px}p{margin:4px 0 12px;max-width:76ch}dl{margin-top:12px}
.is-blue{color:var(--blue)}.is-green{color:var(--green)}a{color:inherit}
ol{margin:8px 0 0;padding:0;list-style:none}li{padding:2px 0}
li time{display:inline-block;width:76px;color:var(--soft);font-variant-numeric:tabular-nums}
svg{margin:8px 0 4px}svg .soft{font-size:11px}
.band{fill:var(--band)}.axis{stroke:var(--line)}.limit{stroke:var(--bad);stroke-dasharray:4 3}
svg .limit-text{fill:var(--bad);font-size:11px}
.blue-area{fill:var(--blue);opacity:.22}.green-area{fill:var(--green);opacity:.65}
.blue-line{fill:none;stroke:var(--blue);stroke-width:1.6}circle.blue{fill:var(--blue)}
.green-line{fill:none;stroke:var(--green);stroke-width:1.6}circle.green{fill:var(--green)}
.state-OK{fill:var(--good);opacity:.55}.state-ALARM{fill:var(--bad)}
.state-INSUFFICIENT_DATA{fill:var(--none);opacity:.4}
.mark{stroke:var(--soft);stroke-dasharray:2 3}svg .caption{font-size:12px;font-weight:600}
.mark.alarm,.mark.rollback,.mark.failure{stroke:var(--bad)}
svg .caption.alarm,svg .caption.rollback,svg .caption.failure{fill:var(--bad)}
.mark.promotion{stroke:var(--good)}svg .caption.promotion{fill:var(--good)}
"""


def page(rehearsal: CanaryRehearsal) -> str:
    """The whole page."""
    deployments = (_deployment(result, rehearsal) for result in rehearsal.deployments)
    body = (_header(rehearsal), _overview(rehearsal), *deployments, _settings(rehearsal))
    title = f"{rehearsal.model} · canary rehearsal · {rehearsal.id}"
    return sheet(title, body, style=_STYLE)


def detection(result: DeploymentResult) -> str:
    """How long the deployment ran on the new fleet before an alarm was red."""
    if result.detect_seconds is None:
        return "-"
    return f"{result.detect_seconds / 60:.1f} min"


def _header(rehearsal: CanaryRehearsal) -> str:
    good = sum(result.as_expected for result in rehearsal.deployments)
    count = len(rehearsal.deployments)
    verdict = _badge(f"{good} of {count} as expected", is_good=rehearsal.as_expected)
    return (
        f"<h1>{escape(rehearsal.model)} in {escape(rehearsal.stage)} {verdict}</h1>"
        f'<p class="sub">Canary rehearsal {escape(rehearsal.id)} · {escape(rehearsal.began)} · '
        f"{rehearsal.seconds:.0f} s · seed {rehearsal.seed}</p>"
        "<p>Each deployment below was really carried out on one machine: the released version "
        '(<span class="is-blue">blue</span>) and the candidate (<span class="is-green">green'
        "</span>) ran as model servers, clients sent real requests over HTTP, and the alarms and "
        "waits are those of the synthesized template. Only time was compressed: minutes on the "
        "charts are minutes of the deployment. One thing is broken on purpose in each.</p>"
    )


def _overview(rehearsal: CanaryRehearsal) -> str:
    head = ("fault", "expected", "observed", "detected after", "harmed", "lost", "requests", "")
    outcome = table(head, [_row(result) for result in rehearsal.deployments])
    return section(
        "Outcome",
        f'{outcome}<p class="sub" style="margin-top:10px">Harmed: requests of clients that were '
        "answered with an error, wrongly, or more slowly than the objective. Lost: requests that "
        "no server answered, elsewhere than at a broken candidate; must be 0.</p>",
    )


def _row(result: DeploymentResult) -> Sequence[str]:
    return (
        f'<a href="#{escape(result.fault)}">{escape(result.fault)}</a>',
        escape(result.expected),
        _badge(result.observed, is_good=result.as_expected),
        detection(result),
        f"{result.harm.harmed}",
        f"{result.harm.lost}",
        f"{result.harm.requests}",
        escape("; ".join(result.objections)),
    )


def _deployment(result: DeploymentResult, rehearsal: CanaryRehearsal) -> str:
    return (
        f'<section id="{escape(result.fault)}"><h2>{escape(result.fault)} '
        f"{_badge(result.observed, is_good=result.as_expected)}</h2>"
        f"<p>{escape(result.story)} Expected: <b>{escape(result.expected)}</b>, because "
        f"{escape(result.why)}.</p>{chart(result, rehearsal.endpoint)}{_legend()}"
        f"<ol>{''.join(_events(result))}</ol>{facts(_figures(result))}</section>"
    )


def _legend() -> str:
    return (
        '<p class="sub"><span class="is-blue">■ blue: released version</span> · '
        '<span class="is-green">■ green: candidate</span> · bars: state of each rollback alarm '
        '(<span class="good">OK</span>, <span class="bad">ALARM</span>, grey: no data yet)</p>'
    )


def _events(result: DeploymentResult) -> Iterator[str]:
    for event in result.events:
        yield f"<li><time>{event.at / 60:.1f} min</time>{escape(event.text)}</li>"


def _figures(result: DeploymentResult) -> Sequence[tuple[str, str]]:
    pace, harm = result.pace, result.harm
    return (
        ("versions", f"{result.green} over {result.blue}"),
        ("release check", "; ".join(result.reasons)),
        ("requests to the canary", f"{result.canary_invocations} within its bake"),
        ("clients", f"{harm.requests} requests, {harm.harmed} harmed, {harm.lost} lost"),
        ("lost at the candidate", f"{harm.lost_at_canary}"),
        ("probes", f"{result.probes}"),
        *(("mind", note) for note in result.notes),
        ("restarts of the candidate", f"{result.restarts}"),
        ("drained", "yes" if result.drained else "no: a request was cut off"),
        (
            "pace",
            _pace(pace),
        ),
    )


def _pace(pace: Pace) -> str:
    of = f" of {pace.capacity:.0f} that this machine answers" if pace.capacity else ""
    late = f"; {pace.exhaustion}" if pace.exhaustion else ""
    return (
        f"{pace.scale:.0f} times faster than real; at most {pace.offered:.0f} requests per "
        f"second{of}; they left {pace.lag_p99_ms:.1f} ms late (p99), "
        f"{pace.lag_max_ms:.1f} ms at most{late}"
    )


def _settings(rehearsal: CanaryRehearsal) -> str:
    said = _endpoint_facts(rehearsal, rehearsal.endpoint)
    return section("What the template says", facts(list(said)))


def _endpoint_facts(
    rehearsal: CanaryRehearsal, endpoint: GuardedEndpoint
) -> Iterator[tuple[str, str]]:
    yield "endpoint", f"{endpoint.name} (stack {endpoint.stack})"
    yield "fleet", f"{endpoint.instances} instances"
    if endpoint.scaling:
        yield "scaling", f"{endpoint.scaling[0]} to {endpoint.scaling[1]} instances"
    for step in endpoint.steps:
        yield "step", f"{step.share:.0%} of the traffic for {step.bake_seconds / 60:g} min"
    yield "final bake", f"{endpoint.final_bake_seconds / 60:g} min"
    for alarm in endpoint.alarms:
        yield "rollback alarm", _alarm(alarm)
    yield "a verdict needs", f"{rehearsal.minimum_invocations} requests to the canary"
    yield "clients send", f"{rehearsal.expected_per_minute:g} requests per minute"
    yield "the prober sends", f"{endpoint.probes_per_minute:g} per minute"


def _alarm(alarm: RollbackAlarm) -> str:
    rule = alarm.rule
    where = "the new fleet" if alarm.scope == "new-fleet" else "the whole endpoint"
    return (
        f"{alarm.name}: {rule.statistic} of {alarm.metric} on {where} {rule.comparison} "
        f"{rule.threshold:g} in {rule.datapoints_to_alarm} of {rule.evaluation_periods} periods of "
        f"{rule.period_seconds} s, missing data {rule.missing_data}"
    )


def _badge(text: str, *, is_good: bool) -> str:
    return badge(text, "good" if is_good else "bad")
