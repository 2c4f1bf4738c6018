"""The baseline as two files in Model Monitor's schema, with what our own engine needs beside it.

Existing tools read what they know (Developer Guide, "Schema for Statistics", "Schema for
Constraints"); our part stands under a key of its own, so one pair of files serves both.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from .baseline import SCHEMA, Baseline, Reference, reference_from
from .bias import MeasuredRates, rates_from_json
from .bins import NumberBins
from .columns import Values
from .errors import MonitoringError
from .faults import checked
from .schema import Field, Schema
from .settings import Settings
from .sketch import kll

STATISTICS: Final = "statistics.json"
CONSTRAINTS: Final = "constraints.json"
OURS: Final = "mlops"
_INFERRED: Final = {"integer": "Integral", "number": "Fractional"}
_MONITORING_CONFIG: Final = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 0.1,
    "domain_content_threshold": 0.1,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "ChiSquared",
    },
}
"""What Model Monitor itself would go by; our engine reads its own settings."""


def baseline_files(
    schema: Schema,
    columns: Mapping[str, Values],
    settings: Settings,
    *,
    answered_within: Values | None = None,
    rates: MeasuredRates | None = None,
) -> dict[str, str]:
    """The text of both files, by file name; equal data gives equal bytes.

    `answered_within` is the field that makes strata, for the rows of the answers; `rates` are those
    of the groups among them.

    Raises:
        MonitoringError: the data does not fit the schema.
    """
    baseline = Baseline.of(
        schema,
        columns,
        within=settings.compare_within,
        answered_within=answered_within,
        rates=rates,
    )
    rows = max(reference.rows for reference in baseline.references.values())
    statistics = {
        "version": 0,
        "dataset": {"item_count": rows},
        "features": [
            _statistics(field, baseline.references[field.name], columns[field.name])
            for field in baseline.fields
        ],
        OURS: baseline.to_json(),
    }
    constraints = {
        "version": 0,
        "features": [
            _constraints(field, baseline.references[field.name]) for field in baseline.fields
        ],
        "monitoring_config": _MONITORING_CONFIG,
        OURS: settings.to_json(),
    }
    return {STATISTICS: _text(statistics), CONSTRAINTS: _text(constraints)}


def read_baseline(path: Path, schema: Schema) -> Baseline:
    """The baseline in a statistics.json, for the same contract.

    Raises:
        MonitoringError: it cannot be read, was made by something else or for another contract.
    """
    content = _ours(path)
    try:
        _refuse_another_version(path, content["schema"])
        entries = {entry["name"]: entry for entry in content["fields"]}
        _refuse_another_contract(path, entries, schema)
        fields = [f for f in (*schema.fields, schema.label) if f.name in entries]
        references = {field.name: reference_from(entries[field.name], field) for field in fields}
        rates = rates_from_json(content.get("rates", ()))
    except MonitoringError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error
    return Baseline(schema=schema, references=references, rates=rates)


def read_settings(path: Path) -> Settings:
    """The settings in a constraints.json.

    Raises:
        MonitoringError: it cannot be read, or a setting is not one.
    """
    return Settings.read(_ours(path), source=str(path))


def _ours(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
        ours = content[OURS]
    except OSError as error:
        raise MonitoringError(
            f"{path}: cannot be read ({error.strerror}); remedy: make the baseline"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(ours, dict):
        raise _damaged(path, TypeError(f"{OURS} is not an object"))
    return ours


def _damaged(path: Path, error: Exception) -> MonitoringError:
    return MonitoringError(
        f"{path}: is not a baseline of this platform ({type(error).__name__}: {error}); allowed: a "
        f"file with the key {OURS!r} as it was written; remedy: make the baseline again"
    )


def _refuse_another_version(path: Path, version: object) -> None:
    if version != SCHEMA:
        raise MonitoringError(
            f"{path}: {OURS}.schema is {version!r}; allowed: {SCHEMA}; remedy: make the baseline "
            "again with this version"
        )


def _refuse_another_contract(
    path: Path, entries: Mapping[str, Mapping[str, Any]], schema: Schema
) -> None:
    kinds = {field.name: field.type for field in (*schema.fields, schema.label)}
    strange = [name for name, entry in entries.items() if kinds.get(name) != entry["type"]]
    absent = [field.name for field in schema.input if field.name not in entries]
    if strange or absent:
        raise MonitoringError(
            f"{path}: was made for another contract ({', '.join(sorted(strange + absent))}); "
            "allowed: the contract's fields with their types; remedy: make the baseline again"
        )


def _statistics(field: Field, reference: Reference, values: Values) -> dict[str, Any]:
    common = {
        "num_present": reference.rows - reference.missing,
        "num_missing": reference.missing,
    }
    named = {"name": field.name, "inferred_type": _INFERRED.get(field.type, "String")}
    if field.is_numeric:
        return named | {"numerical_statistics": _numerical(field, reference, values, common)}
    return named | {"string_statistics": _categorical(reference, common)}


def _numerical(
    field: Field, reference: Reference, values: Values, common: Mapping[str, int]
) -> dict[str, Any]:
    moments = reference.moments
    return {
        "common": common,
        "mean": moments.mean,
        "sum": moments.mean * moments.count,
        "std_dev": moments.deviation,
        "min": moments.low,
        "max": moments.high,
        "distribution": {"kll": kll(checked(field, values, absent=0).numbers)},
    }


def _categorical(reference: Reference, common: Mapping[str, int]) -> dict[str, Any]:
    buckets = [{"value": value, "count": count} for value, count in _categories(reference).items()]
    return {
        "common": common,
        "distinct_count": len(buckets),
        "distribution": {"categorical": {"buckets": buckets}},
    }


def _categories(reference: Reference) -> dict[str, int]:
    bins = reference.frame.bins
    assert not isinstance(bins, NumberBins)
    return dict(zip(bins.categories, map(int, reference.counts), strict=False))


def _constraints(field: Field, reference: Reference) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": field.name,
        "inferred_type": _INFERRED.get(field.type, "String"),
        "completeness": float(np.round(1 - reference.missing / reference.rows, 6)),
    }
    if field.is_numeric:
        return entry | {"num_constraints": {"is_non_negative": reference.moments.low >= 0}}
    return entry | {"string_constraints": {"domains": list(_categories(reference))}}


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
