"""Second step: is this data fit to train on? Every check is reported, the passed ones too.

What the contract says of each field is checked by a pandera schema built from it; what a schema
cannot see (duplicates, rows in two parts, a feature that gives the label away) is checked beside.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from pandera.errors import SchemaErrors
from pandera.pandas import Check as Rule
from pandera.pandas import Column, DataFrameSchema

import job
import leakage
import tables
from contract import Contract, Field, load_contract
from job import DataError

MAX_MISSING_SHARE = 0.15
"""The worst column of the known data, weather, is blank in 7.5 % of the rows of 2011."""
MIN_ROWS = {"train": 1000, "validation": 100, "test": 300, "later": 1}
SHOWN_CASES = 3
_DTYPES = {"integer": "Int64", "number": "float64", "string": "string", "boolean": "boolean"}

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check and its outcome."""

    name: str
    passed: bool
    detail: str


def main(log: logging.Logger) -> None:
    """Check everything, write the report, then fail if anything failed."""
    arguments = _arguments()
    contract = load_contract()
    frames = {part: _read(arguments.input_dir / part / tables.FILE) for part in tables.PARTS}
    findings = list(checks(frames, contract))
    failed = [finding for finding in findings if not finding.passed]
    _write(arguments.output_dir / "data_quality.json", findings)
    log.info("checked", extra={"checks": len(findings), "failed": len(failed)})
    if failed:
        raise DataError("; ".join(f"{finding.name}: {finding.detail}" for finding in failed))


def checks(frames: Frames, contract: Contract) -> Iterator[Finding]:
    """Every check; those that need all columns are left out when one is missing."""
    columns = list(_column_findings(frames, contract))
    yield from columns
    if not all(finding.passed for finding in columns):
        return
    shapes = list(_schema_findings(frames, contract))
    yield from shapes
    yield from _row_findings(frames)
    yield from _missing_findings(frames, contract)
    if all(finding.passed for finding in shapes):
        yield from _leakage_findings(frames["train"], contract)


def schema(contract: Contract) -> DataFrameSchema:
    """The contract's inputs and its label as a pandera schema."""
    fields = (*contract.input, tables.target_field(contract))
    return DataFrameSchema({field.name: _column(field) for field in fields}, coerce=True)


def _column(field: Field) -> Column:
    rules = []
    if field.min is not None:
        rules.append(Rule.ge(field.min))
    if field.max is not None:
        rules.append(Rule.le(field.max))
    if field.allowed is not None:
        rules.append(Rule.isin(list(field.allowed)))
    return Column(_DTYPES[field.type], checks=rules, nullable=field.nullable)


def _column_findings(frames: Frames, contract: Contract) -> Iterator[Finding]:
    expected = set(tables.columns(contract))
    for part, frame in frames.items():
        missing, extra = expected - set(frame.columns), set(frame.columns) - expected
        wrong = [f"misses {name}" for name in sorted(missing)]
        wrong += [f"has the unknown column {name}" for name in sorted(extra)]
        yield _finding(f"columns of {part}", wrong, f"{len(expected)} columns")
        enough = len(frame) >= MIN_ROWS[part]
        few = [] if enough else [f"{len(frame)} rows, needed: {MIN_ROWS[part]}"]
        yield _finding(f"rows of {part}", few, f"{len(frame)} rows")


def _schema_findings(frames: Frames, contract: Contract) -> Iterator[Finding]:
    rules = schema(contract)
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


def _row_findings(frames: Frames) -> Iterator[Finding]:
    keys = {part: _hour_keys(frame) for part, frame in frames.items()}
    for part, key in keys.items():
        twice = sorted(set(key[key.duplicated()]))
        yield _finding(f"duplicates in {part}", _hours(twice), "every hour once")
    parts = list(keys)
    for number, one in enumerate(parts):
        for other in parts[number + 1 :]:
            shared = sorted(set(keys[one]) & set(keys[other]))
            yield _finding(f"overlap of {one} and {other}", _hours(shared), "no hour in both")


def _missing_findings(frames: Frames, contract: Contract) -> Iterator[Finding]:
    nullable = [field.name for field in contract.input if field.nullable]
    for part, frame in frames.items():
        shares = frame[nullable].isna().mean().fillna(0.0)
        wrong = [
            f"{name} is missing in {share:.1%} of the rows, allowed: {MAX_MISSING_SHARE:.0%}"
            for name, share in shares.items()
            if share > MAX_MISSING_SHARE
        ]
        worst = max(shares, default=0.0)
        yield _finding(f"missing values in {part}", wrong, f"at most {worst:.1%} of a column")


def _leakage_findings(train: pd.DataFrame, contract: Contract) -> Iterator[Finding]:
    inputs = train[list(contract.input_names)]
    for name, wrong in leakage.suspicions(inputs, train[contract.target].astype(float)):
        yield _finding(f"leakage: {name}", wrong, "the label is not given away")


def _hour_keys(frame: pd.DataFrame) -> pd.Series:
    text = frame[["date", "hour"]].astype("string").fillna("unknown")
    return text["date"] + " " + text["hour"]


def _hours(keys: list[str]) -> list[str]:
    return [f"{len(keys)} hours ({', '.join(keys[:SHOWN_CASES])})"] if keys else []


def _finding(name: str, wrong: list[str], right: str) -> Finding:
    return Finding(name=name, passed=not wrong, detail="; ".join(wrong) or right)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file; run preprocess first") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise DataError(f"{path}: is no CSV: {error}") from error


def _write(path: Path, findings: list[Finding]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    passed = all(finding.passed for finding in findings)
    report = {"passed": passed, "checks": [asdict(finding) for finding in findings]}
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-dir", type=Path, default=Path("/opt/ml/processing/input"))
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output/report"))
    return parser.parse_args()


if __name__ == "__main__":
    job.run("validate_data", main)
