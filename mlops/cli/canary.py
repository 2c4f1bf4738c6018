"""`mlops canary plan`: what a canary would catch, before anything is deployed."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from mlops.cli.canary_page import page
from mlops.cli.canary_words import advice, harmed, percent, time, yaml_lines
from mlops.cli.model_argument import model_argument
from mlops.cli.output import JSON_OPTION, CanaryPlanOutput, ForecastOutput, finite
from mlops.cli.plan_settings import PlanSettings, effective, plan_settings, refusals
from mlops.cli.terminal import console
from mlops.contract import ContractError, Platform, StageSpec, load_platform
from mlops.rollout import Forecast, Plan, Target, plan_canary

_HEADINGS = (
    "share", "bake", "errors >", "wait", "errors caught", "latency caught",
    "wrong answers caught", "false alarm", "time", "harmed",
)  # fmt: skip


@click.group()
def canary() -> None:
    """Reason about a canary with its contract's numbers."""


@canary.command()
@model_argument()
@click.option("--stage", required=True, help="Stage of config/stages.yaml.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Page to write. Default: .mlops/reports/canary-plan/<model>-<stage>.html.",
)
@click.option(
    "--requests-per-minute",
    type=click.FloatRange(min=0),
    help="What callers send; the prober adds to it. Default: what the contract expects here.",
)
@click.option(
    "--latency-p99-ms",
    type=click.FloatRange(min=0, min_open=True),
    help="Measured p99 of the version in service. Default: the contract's objective.",
)
@click.option(
    "--error-percent",
    type=click.FloatRange(0, 100, max_open=True),
    help="Errors of the version in service. Default: 0.1.",
)
@click.option(
    "--target-percent",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    help="How surely a doubled latency and 5 points more errors must be caught. Default: the "
    "contract's detection_target_percent.",
)
@click.option(
    "--settings",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file of what the figures depend on; docs/concepts/canary.md lists the keys.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="One key of such a file, over the file's. May be given several times.",
)
@JSON_OPTION
@click.pass_obj
def plan(
    root: Path,
    /,
    *,
    model: str,
    stage: str,
    html: Path | None,
    path: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
    **flags: float | None,
) -> None:
    """Show what MODEL's canary in a stage catches, what its neighbours would, and the cheapest."""
    platform = load_platform(root, model=model)
    where = _stage(platform.stages.stages, stage)
    written = [f"{key}={value}" for key, value in flags.items() if value is not None]
    given = plan_settings(path, (*assignments, *written))
    found = _planned(platform, where, given)
    patch = yaml_lines(found.patch, stage=stage, overridden=_overridden(where))
    if as_json:
        _output(found, model=model, stage=stage).echo()
    else:
        _show(found, patch, console())
    wanted = html or root / ".mlops" / "reports" / "canary-plan" / f"{model}-{stage}.html"
    _write(wanted, page(found, model=model, stage=stage, patch=patch))
    click.echo(f"page: {wanted}", err=as_json)


def _planned(platform: Platform, stage: StageSpec, given: PlanSettings) -> Plan:
    """The plan of what the contract says and the caller assumes.

    Raises:
        ContractError: SageMaker refuses the policy, or no alarm can fire in time.
    """
    endpoint = platform.models[0].endpoint
    canary = stage.canary.applied_to(endpoint.canary)
    setting = given.setting(endpoint.canary_setting(canary))
    found = refusals(setting)
    if found:
        raise ContractError(found)
    expected = endpoint.canary_expectation(
        callers_per_minute=platform.stages.callers_per_minute(stage, endpoint),
        instances=stage.capacity[endpoint.tier].min_instances,
    )
    target = Target(detection=canary.detection_target_percent / 100)
    return plan_canary(setting, given.expectation(expected), given.target(target))


def _output(found: Plan, *, model: str, stage: str) -> CanaryPlanOutput:
    return CanaryPlanOutput(
        model=model,
        stage=stage,
        target_detection=found.target.detection,
        configured=_forecast(found.configured, found.target),
        neighbours=[_forecast(other, found.target) for other in found.neighbours],
        cheapest=None if found.cheapest is None else _forecast(found.cheapest, found.target),
        patch=dict(found.patch),
        sufficient_requests_per_minute=found.sufficient_requests_per_minute,
        probes_per_minute=found.configured.setting.probes_per_minute(
            found.expectation.requests_per_minute
        ),
        assumed=effective(found.configured.setting, found.expectation, found.target).model_dump(
            exclude_none=True
        ),
    )


def _forecast(forecast: Forecast, target: Target) -> ForecastOutput:
    policy = forecast.setting.policy
    return ForecastOutput(
        size_percent=policy.size_percent,
        bake_minutes=policy.bake_minutes,
        error_ratio=forecast.setting.error_ratio,
        wait_minutes=policy.wait_minutes,
        errors_caught=forecast.errors.probability,
        latency_caught=forecast.latency.probability,
        wrong_answers_caught=forecast.answers.probability if forecast.answers else None,
        false_rollback=forecast.false_rollback,
        expected_seconds=finite(forecast.expected_seconds),
        expected_harmed=finite(forecast.expected_harmed),
        reaches_target=forecast.reaches(target),
    )


def _stage(stages: tuple[StageSpec, ...], name: str) -> StageSpec:
    found = {stage.name: stage for stage in stages}
    if name not in found:
        raise click.UsageError(f"there is no stage {name!r}; use {', '.join(found)}")
    return found[name]


def _overridden(stage: StageSpec) -> frozenset[str]:
    return frozenset(stage.canary.model_dump(exclude_none=True))


def _show(found: Plan, patch: str, out: Console) -> None:
    out.print(_table(found))
    for line in advice(found):
        out.print(line, soft_wrap=True, markup=False, highlight=False)
    if patch:
        out.print(patch, soft_wrap=True, markup=False, highlight=False)


def _table(found: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    table.add_row(*_row(found.configured), style="bold")
    for other in found.neighbours:
        table.add_row(*_row(other), style=None if other.reaches(found.target) else "dim")
    if found.cheapest and found.cheapest != found.configured:
        table.add_section()
        table.add_row(*_row(found.cheapest), style="green")
    return table


def _row(forecast: Forecast) -> tuple[str, ...]:
    policy = forecast.setting.policy
    return (
        f"{policy.size_percent} %",
        f"{policy.bake_minutes} min",
        f"{forecast.setting.error_ratio * 100:g} %",
        f"{policy.wait_minutes} min",
        percent(forecast.errors.probability),
        percent(forecast.latency.probability),
        percent(forecast.answers.probability) if forecast.answers else "not probed",
        percent(forecast.false_rollback),
        time(forecast.expected_seconds),
        harmed(forecast.expected_harmed),
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
