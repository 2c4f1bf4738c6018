"""`mlops check`: what must be true before and after a stage is deployed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from mlops.checks.after import after
from mlops.checks.before import PRECHECKS, before
from mlops.checks.build import run
from mlops.checks.conclusion import conclude
from mlops.checks.plan import CHECKS
from mlops.checks.result import REFUSALS, Result
from mlops.cli.access import Access
from mlops.cli.candidates import deployment_of
from mlops.cli.output import JSON_OPTION, BuildOutput, ChecksOutput, ResultOutput
from mlops.cli.synthesized_plan import synthesized_plan
from mlops.contract import Platform, StageSpec, load_platform
from mlops.rehearsal.freshness import warn_of_age

_PROFILES = click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="[STAGE=]NAME",
    help="AWS profile, of all stages, of one, or of `delivery`; may be repeated.",
)
_REPORT = click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report: JSON, JUnit XML and a page. Default: none is written.",
)


@click.group()
def check() -> None:
    """Ask what must be true before and after a stage is deployed. Changes nothing.

    The exit code is 0 where a promotion may go on, 1 where not, and 3 where AWS could not be asked.
    With --json, answers are printed on standard error as they arrive; the document follows at the
    end.
    """


@check.command("before")
@click.argument("stage")
@click.option("--only", multiple=True, type=click.Choice(PRECHECKS), help="May be repeated.")
@_PROFILES
@_REPORT
@JSON_OPTION
@click.pass_context
def before_(
    context: click.Context,
    *,
    stage: str,
    only: Sequence[str],
    profiles: Sequence[str],
    report: Path | None,
    as_json: bool,
) -> None:
    """Ask whether STAGE is ready for what this commit would deploy there."""
    platform = load_platform(context.obj)
    spec = _stage(platform, stage)
    with _without_access():
        access = Access(platform.names, profiles)
        deployment = deployment_of(platform, spec, access)
        results = before(deployment, only=only or PRECHECKS)
        title = f"checks before {stage}"
        context.exit(_concluded(title, results, folder=report, as_json=as_json))


@check.command("after")
@click.argument("stage")
@click.option("--only", multiple=True, type=click.Choice(CHECKS), help="May be repeated.")
@click.option("--here", is_flag=True, help="In this process instead of inside the stage.")
@click.option(
    "--assembly",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --here: what was synthesized. Default: cdk.out of the repository.",
)
@_PROFILES
@_REPORT
@JSON_OPTION
@click.pass_context
def after_(
    context: click.Context,
    *,
    stage: str,
    only: Sequence[str],
    here: bool,
    assembly: Path | None,
    profiles: Sequence[str],
    report: Path | None,
    as_json: bool,
) -> None:
    """Ask whether what runs in STAGE is what was asked for, and keeps its promises."""
    if not here and (assembly or report):
        raise click.UsageError("--assembly and --report are for --here; the runner has its own")
    platform = load_platform(context.obj)
    spec = _stage(platform, stage)
    nothing = _nothing_to_ask(platform, spec)
    title = f"checks after {stage}"
    if nothing:
        _say(f"{stage}: {nothing}", as_json=as_json)
        if as_json:
            ChecksOutput(title=title, passed=True, results=[], note=nothing).echo()
        return
    with _without_access():
        access = Access(platform.names, profiles)
        if not here:
            context.exit(_in_the_stage(access, spec, only, as_json=as_json))
        synthesized = assembly or context.obj / "cdk.out"
        warn_of_age(context.obj, synthesized, say=partial(click.echo, err=True))
        plan = synthesized_plan(synthesized, stage)
        results = after(plan, access.own(spec), only=only or None)
        context.exit(_concluded(title, results, folder=report, as_json=as_json))


def _stage(platform: Platform, name: str) -> StageSpec:
    known = {stage.name: stage for stage in platform.stages.stages}
    if name not in known:
        raise click.UsageError(f"there is no stage {name!r}; allowed: {', '.join(known)}")
    return known[name]


def _nothing_to_ask(platform: Platform, stage: StageSpec) -> str | None:
    if not stage.checks:
        return "config/stages.yaml asks for no checks after a deployment"
    released = [
        model.name
        for model in platform.models
        if platform.releases.version(model=model.name, stage=stage.name) is not None
    ]
    return None if released else "nothing is released there, so there is nothing to check"


def _in_the_stage(access: Access, stage: StageSpec, only: Sequence[str], *, as_json: bool) -> int:
    project = access.names.checks(stage)
    say = partial(_say, as_json=as_json)
    build = run(access.starting(stage), project, only=only, say=say)
    say(f"{project}: {build.status}: {build.reason}")
    if as_json:
        ran = BuildOutput(project=project, status=build.status, reason=build.reason)
        title = f"checks after {stage.name}"
        ChecksOutput(title=title, passed=build.passed, results=[], build=ran).echo()
    return 0 if build.passed else 1


def _say(line: str, *, as_json: bool) -> None:
    click.echo(line, err=as_json)


def _concluded(title: str, results: Iterable[Result], *, folder: Path | None, as_json: bool) -> int:
    found: list[Result] = []
    say = partial(_say, as_json=as_json)
    code = conclude(title, _noting(results, found), folder=folder, say=say)
    if as_json:
        ChecksOutput(
            title=title, passed=code == 0, results=[_result(result) for result in found]
        ).echo()
    return code


def _noting(results: Iterable[Result], found: list[Result]) -> Iterator[Result]:
    for result in results:
        found.append(result)
        yield result


def _result(result: Result) -> ResultOutput:
    asked, answer = result.question, result.finding
    return ResultOutput(
        check=asked.check,
        subject=asked.subject,
        name=asked.name,
        status=answer.status.value,
        detail=answer.detail,
        seconds=round(result.seconds, 3),
    )


@contextmanager
def _without_access() -> Iterator[None]:
    """What the checks themselves do not answer is a matter of credentials."""
    try:
        yield
    except REFUSALS as error:
        raise click.ClickException(f"no access: {error}") from error
