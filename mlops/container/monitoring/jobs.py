"""The two jobs, folders in and files out: a baseline from rows, a report from captured traffic."""

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from .analysis import Result, analyse
from .baseline_files import CONSTRAINTS, STATISTICS, baseline_files, read_baseline, read_settings
from .bias import Groups, MeasuredRates, held_out_rates
from .capture import Window
from .columns import Values
from .errors import MonitoringError
from .inputs import Job, read_json, read_rows
from .labels import ABOUT_LABELS, Labels, read_labels
from .observation import Truth, observe
from .outcome import Outcome
from .report_page import page
from .reporting import metric_values, report, to_text, violations
from .schema import LABEL, Field, Schema
from .settings import Settings
from .sources import Counts, files_below, lines_of
from .truth import group_of

try:
    from content import ContentError, content_of_folder  # type: ignore[import-not-found]  # packed
except ImportError:
    from mlops.rollout.content import ContentError, content_of_folder

REPORT: Final = "report.json"
PAGE: Final = "report.html"
METRICS: Final = "metrics.json"
VIOLATIONS: Final = "constraint_violations.json"


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Where a window lies."""

    captures: Path
    """SageMaker's data capture, at any depth."""
    truth: Path | None = None
    """Labels in Model Monitor's form, at any depth; None where nobody delivers any."""
    window: Window | None = None
    """Inference times; without one everything counts."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a version was made of and what it answers."""

    training: Path
    """CSV of the rows that it learned from, in the contract's names; with the contract's target, if
    it is there and holds numbers or truth values."""
    predictions: Path | None = None
    """CSV of answers for rows that it did not learn from, with the field that the settings compare
    within. Without it answers are not compared."""
    outcome: Path | None = None
    """JSON that says how answers and labels are read, as the key `outcome` of a job. With it the
    predictions have their request's fields, and the true outcome in the column `label`."""


def make_baseline(contract: Path, sample: Sample, settings: Path | None, output: Path) -> None:
    """Write statistics.json and constraints.json.

    Args:
        contract: The contract.json of the model's archive.
        sample: What the model was made of.
        settings: JSON of thresholds; those left out have their defaults.
        output: Folder of both files.

    Raises:
        MonitoringError: an input cannot be used; nothing is written then.
    """
    content = read_json(contract)
    schema = Schema.read(content, source=str(contract))
    chosen = (
        Settings() if settings is None else Settings.read(read_json(settings), source=str(settings))
    )
    columns = dict(read_rows(sample.training, schema.input)) | _learned_labels(
        sample.training, schema
    )
    within = [field for field in schema.input if field.name == chosen.compare_within]
    answers = (
        {}
        if sample.predictions is None
        else read_rows(sample.predictions, (*within, *schema.output))
    )
    strata = answers.pop(chosen.compare_within, None)
    files = baseline_files(
        schema,
        columns | answers,
        chosen,
        answered_within=strata,
        rates=_held_out_rates(content, schema, sample, chosen),
    )
    write_files(output, files)


def judge_window(
    contract: Path, baseline: Path, traffic: Traffic, job: Job, output: Path
) -> Result:
    """Judge a window, and write its report, its page, its metrics and Model Monitor's violations.

    Args:
        contract: The contract.json of the model's archive.
        baseline: Folder of the two files of `make_baseline`.
        traffic: What was captured, and what turned out to be true.
        job: What else is to be known.
        output: Folder of the four files.

    Raises:
        MonitoringError: an input cannot be used; nothing is written then.
    """
    content = read_json(contract)
    schema = Schema.read(content, source=str(contract))
    _require_registered(baseline, job.baseline_sha256)
    known = read_baseline(baseline / STATISTICS, schema)
    settings = job.settings_over(read_settings(baseline / CONSTRAINTS))
    counts: Counts = Counter()
    truth = None
    if traffic.truth is not None:
        outcome = job.outcome_for(content, schema)
        truth = Truth(
            outcome=outcome,
            labels=_labels(traffic.truth, outcome, counts),
            groups=Groups.of(schema, settings.groups),
            within=settings.compare_within,
        )
    captured = _lines(traffic.captures, counts)
    observation = observe(captured, known, counts=counts, window=traffic.window, truth=truth)
    result = analyse(
        observation, known, settings, truth=truth, expected_requests=job.expected_requests,
        captured_share=job.captured_share,
    )  # fmt: skip
    write_files(output, _files(result, job, traffic.window))
    return result


def _require_registered(folder: Path, digest: str | None) -> None:
    """Refuse a baseline that is not the registered one: it decides what counts as drift."""
    if digest is None:
        return
    try:
        found = content_of_folder(folder).digest
    except (ContentError, OSError) as error:
        raise MonitoringError(f"{folder}: cannot be read as a baseline: {error}") from error
    if found != digest:
        raise MonitoringError(
            f"{folder}: holds {found}, and {digest} was registered: the baseline was replaced; "
            "remedy: find out by whom, and release a version that was trained again"
        )


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write each file whole or not at all, into a folder that may be there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        beside = folder / f".{os.getpid()}-{name}"
        # A caller may send half a surrogate pair, which JSON can escape and UTF-8 cannot hold.
        beside.write_bytes(text.encode("utf-8", "backslashreplace"))
        beside.replace(folder / name)


def _learned_labels(training: Path, schema: Schema) -> dict[str, Values]:
    """The target's column under the name of labels; nothing where it is not there or not readable.

    Names of classes cannot be read: only the job that judges knows which of them is positive.
    """
    if schema.target is None:
        return {}
    column = Field(name=schema.target, type="string", nullable=True)
    numbers = Outcome(problem="regression", prediction=schema.target)
    classes = Outcome(problem="binary-classification", prediction=schema.target)
    for values in read_rows(training, [column]).values():
        for outcome in (numbers, classes):
            found = [outcome.number(value) for value in values]
            if not all(map(math.isnan, found)):
                return {LABEL: [None if math.isnan(number) else number for number in found]}
    return {}


def _held_out_rates(
    contract: Mapping[str, Any], schema: Schema, sample: Sample, settings: Settings
) -> MeasuredRates:
    """Of the groups that the settings name; none where labels are unknown or are numbers."""
    if sample.outcome is None or sample.predictions is None or not settings.groups:
        return {}
    job = Job(outcome=read_json(sample.outcome), source=str(sample.outcome))
    outcome = job.outcome_for(contract, schema)
    if outcome.problem == "regression":
        return {}
    groups = Groups.of(schema, settings.groups)
    label = Field(name=LABEL, type="string", nullable=True)
    grouped = [field for field in schema.input if field.name in groups.values]
    rows = read_rows(sample.predictions, (*grouped, *schema.output, label))
    _refuse_missing(sample.predictions, (*groups.values, outcome.prediction, LABEL), rows)
    names = {name: [group_of(value) for value in rows[name]] for name in groups.values}
    said, truth = (
        np.array([outcome.number(value) for value in rows[name]], dtype=np.float64)
        for name in (outcome.prediction, LABEL)
    )
    return held_out_rates(groups, names, said, truth)


def _refuse_missing(path: Path, wanted: Iterable[str], rows: Mapping[str, Values]) -> None:
    missing = [name for name in wanted if name not in rows]
    if missing:
        raise MonitoringError(
            f"{path}: has no column {', '.join(missing)}; allowed: the groups' fields, the answer "
            f"and {LABEL}; remedy: write them, or leave the outcome out"
        )


def _labels(folder: Path, outcome: Outcome, counts: Counts) -> Labels:
    """The labels of a folder; what is wrong with its files is told apart from the captures'."""
    found: Counts = Counter()
    labels = read_labels(_lines(folder, found), outcome, found)
    lost = 0
    for reason, count in found.items():
        of_a_file = not reason.startswith(ABOUT_LABELS)
        counts[f"{ABOUT_LABELS} file: {reason}" if of_a_file else reason] += count
        lost += count if of_a_file else 0
    return replace(labels, lines=labels.lines + lost, lost_lines=labels.lost_lines + lost)


def _lines(folder: Path, counts: Counts) -> Iterator[bytes]:
    if not folder.is_dir():
        raise MonitoringError(
            f"{folder}: is not a folder; allowed: an existing folder; remedy: check the path"
        )
    return lines_of(files_below(folder), counts)


def _files(result: Result, job: Job, window: Window | None) -> dict[str, str]:
    about = dict(job.about)
    if window is not None:
        about |= {"from": window.start.isoformat(), "to": window.end.isoformat()}
    told = report(result, about)
    values = [
        {
            "name": value.name,
            "unit": value.unit,
            "value": value.value,
            "dimensions": {**job.dimensions, **value.dimensions},
        }
        for value in metric_values(result)
        # CloudWatch takes no value that is no number.
        if math.isfinite(value.value)
    ]
    return {
        REPORT: to_text(told),
        PAGE: page(told),
        METRICS: to_text(values),
        VIOLATIONS: to_text(violations(result)),
    }
