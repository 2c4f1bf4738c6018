"""A run of checks as one self-contained HTML page."""

from collections.abc import Iterator
from datetime import UTC
from html import escape
from string import Template
from typing import Final

from mlops.checks.report import Report
from mlops.checks.result import Result, counts

_PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>$style</style></head>
<body><main><h1>$title</h1><p class="soft">$when</p>
<p class="verdict $class_">$verdict</p>$sections</main></body></html>
""")
_STYLE: Final = """
:root{--ink:#1d2433;--soft:#667085;--line:#e4e7ec;--ground:#fff;--passed:#12805c;--failed:#c0362c;
--skipped:#667085;--invalid:#9a5b00}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2b3345;
--ground:#0f131b;--passed:#3ecf9a;--failed:#ff7a6b;--skipped:#98a2b3;--invalid:#e5b567}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:32px 20px 64px}h1{font-size:24px;margin:0}
h2{font-size:16px;margin:28px 0 8px}.soft{color:var(--soft);margin:4px 0}
.verdict{font-weight:600;font-size:18px}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;
border-bottom:1px solid var(--line)}th{font-weight:500;color:var(--soft)}
td:last-child{text-align:right;white-space:nowrap}td.detail{overflow-wrap:anywhere}
.passed{color:var(--passed)}.failed{color:var(--failed)}.skipped{color:var(--skipped)}
.invalid{color:var(--invalid)}
"""
_HEAD: Final = "<tr><th>result</th><th>question</th><th>answer</th><th>seconds</th></tr>"


def page(report: Report) -> str:
    """The whole page; what stops a promotion comes first in each section."""
    found = ", ".join(f"{count} {status}" for status, count in counts(report.results) if count)
    return _PAGE.substitute(
        title=escape(report.title),
        style=_STYLE,
        when=f"{report.began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; {found or 'nothing'}",
        class_="passed" if report.passed else "failed",
        verdict="passed" if report.passed else "not passed: the promotion stops here",
        sections="".join(_sections(report)),
    )


def _sections(report: Report) -> Iterator[str]:
    asked = dict.fromkeys((one.question.check, one.question.subject) for one in report.results)
    for check, subject in asked:
        of_both = [
            one
            for one in report.results
            if (one.question.check, one.question.subject) == (check, subject)
        ]
        rows = "".join(_row(one) for one in sorted(of_both, key=_urgency))
        yield f"<h2>{escape(check)}: {escape(subject)}</h2><table>{_HEAD}{rows}</table>"


def _urgency(result: Result) -> bool:
    return not result.finding.status.stops


def _row(result: Result) -> str:
    status = result.finding.status
    return (
        f'<tr><td class="{status}">{status}</td><td>{escape(result.question.name)}</td>'
        f'<td class="detail">{escape(result.finding.detail)}</td><td>{result.seconds:.1f}</td></tr>'
    )
