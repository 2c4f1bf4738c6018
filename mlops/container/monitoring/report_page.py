"""The report as one page for people: what alarms first, then every figure behind it.

Made from the report's data alone, so that a page can be made again from a stored report.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING or __package__ == "mlops.container.monitoring":
    from mlops.sheet import Mood, badge, facts, section, sheet, table
else:  # an archive has this package under a name of its own, and the frame of pages at its root
    from sheet import Mood, badge, facts, section, sheet, table

_MOODS: Final[dict[str, Mood]] = {"alarm": "bad", "quiet": "good"}
_STYLE: Final = """
.bar{display:inline-block;height:9px;border-radius:2px;background:var(--reuse);vertical-align:0}
.bar.over{background:var(--bad)}td ul{margin:0;padding-left:16px}.soft{color:var(--soft)}
"""
_ROLES: Final = {
    "input": "",
    "output": ' <span class="soft">answer</span>',
    "label": ' <span class="soft">true outcome</span>',
}
_BAR_PIXELS: Final = 60
_FULL_BAR: Final = 0.5
"""Index at which a bar is as long as it gets."""
_EXPLAINED: Final = (
    "A field alarms if its change is surprising over all tests of the window, and large as well.",
    "PSI is the population stability index, less what chance alone adds in a window of this size.",
    "Below 0.1 is little change, above 0.25 much, by the rule of thumb of credit scoring.",
    "Inconclusive means that there was too little to look at. It is not a pass.",
    "Rows of one request are alike. Independent rows are as many as would say as much.",
)


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    about = report["about"]
    title = f"Drift: {', '.join(about.values())}" if about else "Drift"
    verdict = badge(report["verdict"], _mood(report["verdict"]))
    return sheet(
        title,
        [
            f"<h1>{escape(title)} {verdict}</h1>",
            section("Checks", _checks(report["checks"])),
            section("Fields", _fields(report["fields"])),
            section("Contract", _contract(report["contract"])),
            section("Labelled answers", _performance(report["performance"])),
            section("Groups", _gaps(report["gaps"])),
            section("Traffic", _traffic(report["traffic"])),
            section("How to read it", "".join(f"<p>{escape(line)}</p>" for line in _EXPLAINED)),
        ],
        style=_STYLE,
    )


def _mood(verdict: str) -> Mood:
    return _MOODS.get(verdict, "none")


def _verdict(verdict: str) -> str:
    return badge(verdict, _mood(verdict))


def _checks(checks: Sequence[Mapping[str, Any]]) -> str:
    return table(
        ("check", "verdict", "why"),
        [(escape(c["name"]), _verdict(c["verdict"]), _list(c["reasons"])) for c in checks],
    )


def _fields(fields: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(fields, key=lambda field: -_psi(field))
    headings = ("field", "verdict", "PSI", "Jensen-Shannon", "Kolmogorov-Smirnov", "p",
                "independent rows", "null", "unseen", "why")  # fmt: skip
    return table(headings, [tuple(_field_cells(field)) for field in ordered])


def _psi(field: Mapping[str, Any]) -> float:
    return field["shape"]["psi"] if field["shape"] else 0.0


def _field_cells(field: Mapping[str, Any]) -> Iterator[str]:
    shape = field["shape"]
    role = _ROLES[field["role"]]
    yield escape(field["name"]) + role
    yield _verdict(field["verdict"])
    yield _bar(_psi(field), over=field["severity"] != "none") if shape else ""
    for name in ("jensen_shannon", "kolmogorov_smirnov"):
        yield _number(shape[name]) if shape else ""
    yield f"{shape['p_value']:.1g}" if shape else ""
    yield f"{shape['effective_rows']:.0f}" if shape else "0"
    yield _rise(field["missing"])
    yield _rise(field["unseen"])
    seen = [f"{entry['value']} ({entry['rows']})" for entry in field["unseen_values"]]
    yield _list([*field["reasons"], *([f"never seen: {', '.join(seen)}"] if seen else [])])


def _bar(psi: float, *, over: bool) -> str:
    length = round(_BAR_PIXELS * min(1.0, psi / _FULL_BAR))
    kind = "bar over" if over else "bar"
    return f'{psi:.3f} <span class="{kind}" style="width:{length}px"></span>'


def _rise(rise: Mapping[str, Any]) -> str:
    return f"{rise['before']:.1%} &rarr; {rise['now']:.1%}"


def _contract(breaches: Sequence[Mapping[str, Any]]) -> str:
    if not breaches:
        return "<p>No more rows break it than are tolerated.</p>"
    return table(("field", "breach"), [(escape(b["field"]), escape(b["text"])) for b in breaches])


def _performance(performance: Mapping[str, Any] | None) -> str:
    if performance is None:
        return ""
    coverage = performance["coverage"]
    told = (
        f"<p>{coverage['labelled_rows']} of {coverage['answered_rows']} answered rows are labelled "
        f"({coverage['share']:.0%}). Labels without a request here: {coverage['unmatched']}; "
        f"requests with another number of labels than rows: {coverage['misfits']}.</p>"
    )
    rows = [
        (
            escape(metric["name"]),
            _number(metric["value"]),
            f"{_number(metric['low'])} to {_number(metric['high'])}",
            escape("; ".join(_limit(limit) for limit in metric["limits"])),
            _verdict(metric["verdict"]) if metric["limits"] else "",
        )
        for metric in performance["metrics"]
    ]
    return told + table(("metric", "value", "95 % interval", "limit", "verdict"), rows)


def _limit(limit: Mapping[str, Any]) -> str:
    return f"{limit['comparison'].replace('_', ' ')} {limit['threshold']:g}"


def _gaps(gaps: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            escape(f"{gap['field']} {gap['group']}"),
            escape(gap["measure"].replace("_", " ")),
            f"{gap['rows']}",
            f"{gap['rate']['value']:.1%}",
            f"{gap['others']['value']:.1%}",
            _points(gap["gap"]),
            "&ndash;" if gap["released"] is None else f"{gap['released']['value']:+.1%}",
            _points(gap["widened"]),
            _verdict(gap["verdict"]),
        )
        for gap in gaps
    ]
    heads = (
        "group", "measure", "rows", "rate", "others", "gap", "at release", "wider by", "verdict",
    )  # fmt: skip
    return table(heads, rows)


def _points(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:+.1%} ({interval['low']:+.1%} to {interval['high']:+.1%})"


def _traffic(traffic: Mapping[str, Any]) -> str:
    expected = traffic["expected_requests"]
    pairs = [
        ("requests", f"{traffic['requests']}"),
        ("expected", "not stated" if expected is None else f"{expected:.0f}"),
        ("rows", f"{traffic['rows']}, {traffic['answered_rows']} answered"),
        ("first, last", f"{traffic['first'] or 'none'}, {traffic['last'] or 'none'}"),
        *((reason, f"{count}") for reason, count in traffic["reasons"].items()),
    ]
    return facts(pairs)


def _number(value: float | None) -> str:
    return "&ndash;" if value is None else f"{value:.4g}"


def _list(texts: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""
