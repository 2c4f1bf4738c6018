"""The page of a canary rehearsal: one self-contained HTML file, for somebody who was not there.

Every value that comes from a model, a person or a log is escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape
from string import Template
from typing import Final

from mlops.rehearsal.canary.chart import chart
from mlops.rehearsal.canary.endpoint import GuardedEndpoint, RollbackAlarm
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult, Pace

_PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>$style</style></head>
<body><main>$body</main></body></html>
""")
_STYLE: Final = """
:root{--ink:#1d2433;--soft:#667085;--line:#e4e7ec;--paper:#fff;--ground:#f6f7f9;
--good:#12805c;--bad:#c0362c;--blue:#2f6fde;--green:#12805c;--none:#98a2b3;--band:#f2f4f7}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2b3345;--paper:#171c27;
--ground:#0f131b;--good:#3ecf9a;--bad:#ff7a6b;--blue:#7aa7ff;--green:#3ecf9a;--band:#1e2533}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1020px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:0 0 4px}
section{background:var(--paper);border:1px solid var(--line);border-radius:12px;
padding:20px;margin-top:16px;overflow-x:auto}
p{margin:4px 0 12px;max-width:76ch}.sub,.soft-text{color:var(--soft)}
.badge{display:inline-block;border-radius:999px;padding:1px 10px;font-size:13px;font-weight:600;
border:1px solid currentColor;vertical-align:middle}
.good{color:var(--good)}.bad{color:var(--bad)}.is-blue{color:var(--blue)}.is-green{color:var(--green)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:500;color:var(--soft);text-align:left;font-size:13px}
td,th{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}a{color:inherit}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ol{margin:8px 0 0;padding:0;list-style:none}li{padding:2px 0}
li time{display:inline-block;width:76px;color:var(--soft);font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto;margin:8px 0 4px}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft);font-size:11px}
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
details summary{cursor:pointer;color:var(--soft)}
"""


def page(rehearsal: CanaryRehearsal) -> str:
    """The whole page."""
    deployments = (_deployment(result, rehearsal) for result in rehearsal.deployments)
    body = (_header(rehearsal), _overview(rehearsal), *deployments, _settings(rehearsal))
    title = f"{rehearsal.model} · canary rehearsal · {rehearsal.id}"
    return _PAGE.substitute(title=escape(title), style=_STYLE, body="".join(body))


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
    rows = "".join(_row(result) for result in rehearsal.deployments)
    cells = "".join(f"<th>{text}</th>" for text in head)
    return (
        f"<section><h2>Outcome</h2><table><tr>{cells}</tr>{rows}</table>"
        '<p class="sub" style="margin-top:10px">Harmed: requests of clients that were answered '
        "with an error, wrongly, or more slowly than the objective. Lost: requests that no server "
        "answered, elsewhere than at a broken candidate; must be 0.</p></section>"
    )


def _row(result: DeploymentResult) -> str:
    cells = (
        f'<a href="#{escape(result.fault)}">{escape(result.fault)}</a>',
        escape(result.expected),
        _badge(result.observed, is_good=result.as_expected),
        detection(result),
        f"{result.harm.harmed}",
        f"{result.harm.lost}",
        f"{result.harm.requests}",
        escape("; ".join(result.objections)),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _deployment(result: DeploymentResult, rehearsal: CanaryRehearsal) -> str:
    return (
        f'<section id="{escape(result.fault)}"><h2>{escape(result.fault)} '
        f"{_badge(result.observed, is_good=result.as_expected)}</h2>"
        f"<p>{escape(result.story)} Expected: <b>{escape(result.expected)}</b>, because "
        f"{escape(result.why)}.</p>{chart(result, rehearsal.endpoint)}{_legend()}"
        f"<ol>{''.join(_events(result))}</ol>{_facts(_figures(result))}</section>"
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
    return (
        f"{pace.scale:.0f} times faster than real; at most {pace.offered:.0f} requests per "
        f"second{of}; they left {pace.lag_p99_ms:.1f} ms late (p99), "
        f"{pace.lag_max_ms:.1f} ms at most"
    )


def _settings(rehearsal: CanaryRehearsal) -> str:
    endpoint = rehearsal.endpoint
    return (
        "<section><h2>What the template says</h2>"
        f"{_facts(list(_endpoint_facts(rehearsal, endpoint)))}</section>"
    )


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
    return f'<span class="badge {"good" if is_good else "bad"}">{escape(text)}</span>'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl style="margin-top:12px">{lines}</dl>'
