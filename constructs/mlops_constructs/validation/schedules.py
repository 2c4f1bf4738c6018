"""Schedule expressions, which every template validator takes for free text."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from mlops.contract.schedules import schedule_problem
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, is_literal, resources

_SCHEDULER: Final = "AWS::Scheduler::Schedule"
_RULE: Final = "AWS::Events::Rule"
_MONITORING: Final = "AWS::SageMaker::MonitoringSchedule"
_HOURS: Final = r"(\*|0?[0-9]|1[0-9]|2[0-3])(/([1-9]|1[0-9]|2[0-4]))?"


def scheduler_problem(expression: str) -> str | None:
    """Why EventBridge Scheduler refuses an expression, or None when it takes it."""
    once = re.fullmatch(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", expression)
    if once is None:
        return schedule_problem(expression)
    try:
        datetime.fromisoformat(once[1])
    except ValueError:
        return f"{once[1]} is not a time"
    return None


def monitoring_problem(expression: str) -> str | None:
    """Why a monitoring schedule refuses an expression: it runs hourly at minute 0, or now."""
    if expression == "NOW" or re.fullmatch(rf"cron\(0 {_HOURS} \? \* \* \*\)", expression):
        return None
    return "it is neither NOW nor cron(0 <hours> ? * * *)"


@rule(
    "ML040",
    why="cron here has six fields and exactly one ?; a Unix crontab line is refused on deployment",
    remedy="write cron(minute hour day-of-month month day-of-week year), rate(n unit) or at(...)",
)
def eventbridge_takes_schedule(template: Template) -> Iterator[Fault]:
    """A schedule has an expression that EventBridge takes."""
    yield from _problems(template, _SCHEDULER, scheduler_problem)
    yield from _problems(template, _RULE, schedule_problem)


def _problems(
    template: Template, kind: str, problem: Callable[[str], str | None]
) -> Iterator[Fault]:
    for logical_id, schedule in resources(template, kind):
        expression = schedule.get("ScheduleExpression")
        if not is_literal(expression):
            continue
        refused = problem(str(expression))
        if refused:
            where = "Properties.ScheduleExpression"
            yield Fault(logical_id=logical_id, where=where, detail=f"{expression!r}: {refused}")


@rule(
    "ML041",
    why="it knows hourly forms at minute 0 only; rate(...) passes every template validator",
    remedy="write cron(0 * ? * * *), cron(0 <hour> ? * * *), cron(0 <hour>/<n> ? * * *) or NOW",
)
def sagemaker_takes_schedule(template: Template) -> Iterator[Fault]:
    """A monitoring schedule has an expression that SageMaker takes."""
    for logical_id, schedule in resources(template, _MONITORING):
        config = schedule.get("MonitoringScheduleConfig", {}).get("ScheduleConfig", {})
        expression = config.get("ScheduleExpression")
        refused = monitoring_problem(expression) if isinstance(expression, str) else None
        if refused:
            where = "Properties.MonitoringScheduleConfig.ScheduleConfig.ScheduleExpression"
            yield Fault(logical_id=logical_id, where=where, detail=f"{expression!r}: {refused}")


RULES: Final = (eventbridge_takes_schedule, sagemaker_takes_schedule)
