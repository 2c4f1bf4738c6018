"""Panels as CloudWatch has them."""

from collections.abc import Iterable, Iterator
from typing import Final

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.dashboards import Curve, Mark, Metric, Panel, Quotient, Search, Section

WIDTH: Final = 24
"""CloudWatch's grid."""
_ROW: Final = 4
"""Panels side by side at most: narrower ones have no room for a legend."""
_HEIGHT: Final = 6
_ALARMS: Final = 100
"""Of one widget (Amazon CloudWatch API Reference, "Dashboard body structure and syntax")."""
_HOUR, _DAY = 3600, 86_400
_SHOWN: Final = {_HOUR: "-P7D", _DAY: "-P28D"}
"""Of what is measured seldom, more is shown than the dashboard's own time."""


def section_widgets(section: Section, region: str) -> Iterator[list[cloudwatch.IWidget]]:
    """A heading and the rows of panels below it."""
    yield [text_widget(f"## {section.title}\n{section.text}", height=2)]
    for begin in range(0, len(section.panels), _ROW):
        row = section.panels[begin : begin + _ROW]
        yield [_widget(panel, region, WIDTH // len(row)) for panel in row]


def text_widget(markdown: str, *, height: int) -> cloudwatch.TextWidget:
    """Text over the whole width."""
    return cloudwatch.TextWidget(
        markdown=markdown,
        width=WIDTH,
        height=height,
        background=cloudwatch.TextWidgetBackground.TRANSPARENT,
    )


def alarm_widgets(
    scope: Construct, names: Iterable[str], *, region: str
) -> Iterator[cloudwatch.AlarmStatusWidget]:
    """What alarms of the stack's own account say now, over the whole width."""
    place = f"arn:aws:cloudwatch:{region}:{Aws.ACCOUNT_ID}:alarm"
    alarms = [cloudwatch.Alarm.from_alarm_arn(scope, name, f"{place}:{name}") for name in names]
    for begin in range(0, len(alarms), _ALARMS):
        some = alarms[begin : begin + _ALARMS]
        yield cloudwatch.AlarmStatusWidget(title="Alarms", alarms=some, width=WIDTH, height=4)


def _widget(panel: Panel, region: str, width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=panel.title,
        left=[_metric(curve, panel.period_seconds) for curve in panel.curves],
        left_annotations=[_annotation(mark) for mark in panel.marks],
        left_y_axis=cloudwatch.YAxisProps(label=panel.unit, show_units=False),
        stacked=panel.stacked,
        start=_SHOWN.get(panel.period_seconds),
        period=Duration.seconds(panel.period_seconds),
        width=width,
        height=_HEIGHT,
        region=region,
    )


def _annotation(mark: Mark) -> cloudwatch.HorizontalAnnotation:
    return cloudwatch.HorizontalAnnotation(
        label=mark.label, value=mark.value, color=cloudwatch.Color.RED
    )


def _metric(curve: Curve, period_seconds: int) -> cloudwatch.IMetric:
    period = Duration.seconds(period_seconds)
    if isinstance(curve, Search):
        return cloudwatch.SearchExpression(
            expression=search_expression(curve, period_seconds),
            label=f"${{PROP('Dim.{curve.by}')}}",
            period=period,
        )
    if isinstance(curve, Quotient):
        return cloudwatch.MathExpression(
            expression=_quotient(curve),
            label=curve.label,
            period=period,
            using_metrics={
                "above": _metric(curve.dividend, period_seconds),
                "below": _metric(curve.divisor, period_seconds),
            },
        )
    return _plain(curve, period)


def _plain(metric: Metric, period: Duration) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions_map=dict(metric.dimensions),
        statistic=metric.statistic,
        label=metric.label,
        period=period,
    )


def _quotient(curve: Quotient) -> str:
    filled = f"FILL(above / below, {curve.otherwise:g})"
    return f"RUNNING_SUM({filled})" if curve.running else filled


def search_expression(search: Search, period_seconds: int) -> str:
    """Names in double quotes are matched whole, and may hold what is not a letter."""
    schema = ",".join(f'"{name}"' for name in (search.namespace, *search.dimensions, search.by))
    wanted = {"MetricName": search.name, **search.dimensions}
    terms = " ".join(f'{key}="{value}"' for key, value in wanted.items())
    return f"SEARCH('{{{schema}}} {terms}', '{search.statistic}', {period_seconds})"
