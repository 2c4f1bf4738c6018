"""Is this data fit to train on? Every check is reported, the passed ones too.

What the contract says of each field is checked by a pandera schema built from it; what a schema
cannot see (duplicates, rows in two parts, a feature that gives the label away) is checked beside.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from pandera.errors import SchemaErrors
from pandera.pandas import Check as Rule
from pandera.pandas import Column, DataFrameSchema

from . import leakage, tables
from .contract import Field
from .job import DataError
from .tables import Table

SHOWN_CASES = 3
_DTYPES = {"integer": "Int64", "number": "float64", "string": "string", "boolean": "boolean"}

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What a model's data is like, as far as the contract does not say it."""

    table: Table
    row: str
    """What one row is, in the plural, for reports: "hours"."""
    identity: tuple[str, ...]
    """Columns that no two rows of a part share."""
    unit: tuple[str, ...]
    """Columns that no two parts share, because what belongs together is in one part."""
    minimum_rows: Mapping[str, int]
    missing: Mapping[str, float]
    """Largest share of unknown values, for every field that may be null."""

    @property
    def label(self) -> str:
        """The column that is predicted: the last one."""
        return self.table.fields[-1].name

    @property
    def inputs(self) -> list[str]:
        """The columns of a request."""
        return [field.name for field in self.table.fields[:-1]]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check and its outcome."""

    name: str
    passed: bool
    detail: str


def run(expectations: Expectations, description: str | None, log: logging.Logger) -> None:
    """Check everything, write data_quality.json, then fail if anything failed.

    Raises:
        DataError: with every failed check.
    """
    arguments = _arguments(description)
    frames = read(arguments.input_dir, expectations.table)
    findings = list(checks(frames, expectations))
    failed = [finding for finding in findings if not finding.passed]
    _write(arguments.output_dir / "data_quality.json", findings)
    log.info("checked", extra={"checks": len(findings), "failed": len(failed)})
    if failed:
        raise DataError("; ".join(f"{finding.name}: {finding.detail}" for finding in failed))


def read(folder: Path, table: Table) -> Frames:
    """The parts below a folder, as they are written; text stays text.

    Raises:
        DataError: a part is missing or is not a CSV file.
    """
    return {part: _read(folder / part / tables.FILE, table) for part in tables.PARTS}


def checks(frames: Frames, expectations: Expectations) -> Iterator[Finding]:
    """Every check; those that need all columns are left out when one is missing."""
    columns = list(_column_findings(frames, expectations))
    yield from columns
    if not all(finding.passed for finding in columns):
        return
    shapes = list(_schema_findings(frames, expectations.table))
    yield from shapes
    yield from _row_findings(frames, expectations)
    yield from _missing_findings(frames, expectations.missing)
    if all(finding.passed for finding in shapes):
        yield from _leakage_findings(frames["train"], expectations)


def schema(table: Table) -> DataFrameSchema:
    """The contract's inputs and the label as a pandera schema."""
    return DataFrameSchema({field.name: _column(field) for field in table.fields}, coerce=True)


def _column(field: Field) -> Column:
    rules = []
    if field.min is not None:
        rules.append(Rule.ge(field.min))
    if field.max is not None:
        rules.append(Rule.le(field.max))
    if field.allowed is not None:
        rules.append(Rule.isin(list(field.allowed)))
    return Column(_DTYPES[field.type], checks=rules, nullable=field.nullable)


def _column_findings(frames: Frames, expectations: Expectations) -> Iterator[Finding]:
    expected = set(expectations.table.columns)
    for part, frame in frames.items():
        missing, extra = expected - set(frame.columns), set(frame.columns) - expected
        wrong = [f"misses {name}" for name in sorted(missing)]
        wrong += [f"has the unknown column {name}" for name in sorted(extra)]
        yield _finding(f"columns of {part}", wrong, f"{len(expected)} columns")
        least = expectations.minimum_rows[part]
        few = [] if len(frame) >= least else [f"{len(frame)} rows, needed: {least}"]
        yield _finding(f"rows of {part}", few, f"{len(frame)} rows")


def _schema_findings(frames: Frames, table: Table) -> Iterator[Finding]:
    rules = schema(table)
    for part, frame in frames.items():
        wrong: list[str] = []
        try:
            rules.validate(frame, lazy=True)
        except SchemaErrors as errors:
            wrong = _breaches(errors.failure_cases)
        yield _finding(f"schema of {part}", wrong, f"{len(frame)} rows keep the contract")


def _breaches(cases: pd.DataFrame) -> list[str]:
    """Per column and rule: how many rows break it, and a few of the values."""
    told = []
    for (column, rule), group in cases.groupby(["column", "check"], sort=True):
        shown = ", ".join(map(str, group["failure_case"].head(SHOWN_CASES)))
        told.append(f"{column} breaks {rule} in {len(group)} rows ({shown})")
    return told


def _row_findings(frames: Frames, expectations: Expectations) -> Iterator[Finding]:
    noun = expectations.row
    for part, frame in frames.items():
        key = _keys(frame, expectations.identity)
        twice = sorted(set(key[key.duplicated()]))
        yield _finding(f"duplicates in {part}", _shown(twice, noun), f"no {noun} twice")
    units = {part: set(_keys(frame, expectations.unit)) for part, frame in frames.items()}
    parts = list(units)
    for number, one in enumerate(parts):
        for other in parts[number + 1 :]:
            shared = sorted(units[one] & units[other])
            told = _shown(shared, " ".join(expectations.unit))
            yield _finding(f"overlap of {one} and {other}", told, "nothing in both")


def _missing_findings(frames: Frames, allowed: Mapping[str, float]) -> Iterator[Finding]:
    for part, frame in frames.items():
        shares = frame[list(allowed)].isna().mean().fillna(0.0)
        wrong = [
            f"{name} is missing in {share:.1%} of the rows, allowed: {allowed[str(name)]:.0%}"
            for name, share in shares.items()
            if share > allowed[str(name)]
        ]
        worst = max(shares, default=0.0)
        yield _finding(f"missing values in {part}", wrong, f"at most {worst:.1%} of a column")


def _leakage_findings(train: pd.DataFrame, expectations: Expectations) -> Iterator[Finding]:
    label = train[expectations.label].astype(float)
    for name, wrong in leakage.suspicions(train[expectations.inputs], label):
        yield _finding(f"leakage: {name}", wrong, "the label is not given away")


def _keys(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    text = frame[list(columns)].astype("string").fillna("unknown")
    first, *rest = (text[name] for name in columns)
    return first.str.cat(rest, sep=" ") if rest else first


def _shown(keys: list[str], noun: str) -> list[str]:
    return [f"{len(keys)} {noun} ({', '.join(keys[:SHOWN_CASES])})"] if keys else []


def _finding(name: str, wrong: list[str], right: str) -> Finding:
    return Finding(name=name, passed=not wrong, detail="; ".join(wrong) or right)


def _read(path: Path, table: Table) -> pd.DataFrame:
    text = [field.name for field in table.fields if field.type == "string"]
    try:
        # Codes like 01 would be read as numbers.
        return pd.read_csv(
            path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(text, "string")
        )
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file; run preprocess first") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise DataError(f"{path}: is not CSV: {error}") from error


def _write(path: Path, findings: list[Finding]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    passed = all(finding.passed for finding in findings)
    report = {"passed": passed, "checks": [asdict(finding) for finding in findings]}
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def _arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--input-dir", type=Path, default=Path("/opt/ml/processing/input"))
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output/report"))
    return parser.parse_args()
