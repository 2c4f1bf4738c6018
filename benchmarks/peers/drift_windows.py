"""Windows of bike demand with and without an injected change: the same ones for every engine.

All rows of 2011 are the population. Baselines and windows are drawn from it with replacement, so
that without an injection nothing drifts, and whoever alarms then is wrong.
"""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "model_code/bike_demand/data/hours.csv.gz"
BASELINE_ROWS = 6000
YEAR = 2011
WINDOWS_PER_BASELINE = 50
Column = np.ndarray[Any, Any]
Table = dict[str, Column]
INPUTS = (
    "month", "day", "hour", "weekday", "holiday", "weather", "temperature", "feels_like",
    "humidity", "windspeed",
)  # fmt: skip
OUTPUTS = ("demand", "demand_low", "demand_high")
WEATHER = ("weather", "temperature", "feels_like", "humidity", "windspeed")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of known size in one field."""

    name: str
    field: str
    make: Callable[[Table, np.random.Generator], Column]


def population(year: int = YEAR) -> Table:
    """The contract's fields of a year, with a plain prediction for each hour."""
    with gzip.open(DATA) as packed:
        rows = [r for r in csv.DictReader(io.TextIOWrapper(packed)) if r["dteday"][:4] == str(year)]
    found: dict[str, list[Any]] = {name: [] for name in (*INPUTS, "label", "date")}
    for row in rows:
        day = date.fromisoformat(row["dteday"])
        found["date"].append(day.toordinal())
        found["month"].append(day.month)
        found["day"].append(day.day)
        found["hour"].append(_hour(row["hr"]))
        found["weekday"].append(day.strftime("%a"))
        found["holiday"].append(row["holiday"] == "Yes")
        found["weather"].append(row["weathersit"] or None)
        for name, column in zip(
            ("temperature", "feels_like", "humidity", "windspeed"),
            ("temp", "atemp", "hum", "windspeed"),
            strict=True,
        ):
            found[name].append(float(row[column]))
        found["label"].append(float(row["cnt"]))
    table = {name: np.array(values, dtype=object) for name, values in found.items()}
    learned = table if year == YEAR else population()
    return table | _with_interval(np.maximum(_features(table) @ _weights(learned), 0.0))


def _hour(text: str) -> int:
    return int(text[:-2]) % 12 + 12 * (text[-2:] == "pm")


def _weights(table: Table) -> Column:
    """Least squares on hour and weather: a stand-in that needs no model library."""
    rentals = table["label"].astype(float)
    return np.linalg.lstsq(_features(table), rentals, rcond=None)[0]


def _features(table: Table) -> Column:
    hours = table["hour"].astype(int)
    return np.column_stack(
        [
            np.ones(len(hours)),
            table["temperature"].astype(float),
            table["humidity"].astype(float),
            *(hours == hour for hour in range(23)),
        ]
    )


def _with_interval(demand: Column) -> Table:
    demand = np.round(demand, 2)
    width = np.round(4.5 * np.sqrt(demand + 1), 2)
    return {
        "demand": demand.astype(object),
        "demand_low": np.maximum(demand - width, 0.0).astype(object),
        "demand_high": (demand + width).astype(object),
    }


def subset(table: Table, rows: Column) -> Table:
    """Some rows of a table."""
    return {name: column[rows] for name, column in table.items()}


def sample(table: Table, rows: int, draw: np.random.Generator) -> Table:
    """Independent rows of a table."""
    chosen = draw.integers(0, len(table["hour"]), rows)
    return {name: column[chosen] for name, column in table.items()}


def pairs(
    table: Table, rows: int, windows: int, seed: int, change: Change | None = None
) -> Iterator[tuple[Table, Table, bool]]:
    """A baseline with a window, and whether the baseline is a new one."""
    draw = np.random.default_rng([seed, rows])
    baseline: Table = {}
    for number in range(windows):
        is_new = number % WINDOWS_PER_BASELINE == 0
        if is_new:
            baseline = sample(table, BASELINE_ROWS, draw)
        window = sample(table, rows, draw)
        if change is not None:
            window |= _changed(window, change, draw)
        yield baseline, window, is_new


def _changed(window: Table, change: Change, draw: np.random.Generator) -> Table:
    column = change.make(window, draw)
    if change.field == "demand":
        return _with_interval(column.astype(float))
    return {change.field: column}


def fingerprint(table: Table, rows: int, windows: int, seed: int) -> str:
    """Hash of windows, by which two processes see that they judge the same ones."""
    digest = hashlib.sha256()
    for _, window, _ in pairs(table, rows, windows, seed):
        digest.update(json.dumps([list(window[n]) for n in (*INPUTS, *OUTPUTS)]).encode())
    return digest.hexdigest()[:16]


def shifted(deviations: float, table: Table) -> Change:
    """Every temperature higher."""
    by = deviations * float(table["temperature"].astype(float).std())
    return Change(
        name=f"temperature +{deviations:g} sd",
        field="temperature",
        make=lambda window, _: window["temperature"] + by,
    )


def scaled(factor: float, table: Table) -> Change:
    """Temperatures farther from their mean."""
    mean = float(table["temperature"].astype(float).mean())
    return Change(
        name=f"temperature spread x {factor:g}",
        field="temperature",
        make=lambda window, _: mean + factor * (window["temperature"] - mean),
    )


def mixed(share: float) -> Change:
    """Clear hours that turn into mist."""
    return _some(f"{share:.0%} of Clear is Mist", "weather", share, "Mist", only="Clear")


def missing(share: float) -> Change:
    """Humidity that is no longer sent."""
    return _some(f"{share:.0%} of humidity null", "humidity", share, None)


def unseen(share: float) -> Change:
    """A weather that nobody heard of."""
    return _some(f"{share:.0%} of weather is Snow", "weather", share, "Snow")


def _some(name: str, field: str, share: float, value: object, only: object = None) -> Change:
    def make(window: Table, draw: np.random.Generator) -> Column:
        column = window[field].copy()
        chosen = draw.random(len(column)) < share
        column[chosen & ((column == only) | (only is None))] = value
        return column

    return Change(name=name, field=field, make=make)


def fahrenheit(share: float) -> Change:
    """Temperatures in another unit, from some of the callers."""

    def make(window: Table, draw: np.random.Generator) -> Column:
        chosen = draw.random(len(window["temperature"])) < share
        return np.where(chosen, window["temperature"] * 1.8 + 32, window["temperature"])

    return Change(name=f"{share:.0%} in Fahrenheit", field="temperature", make=make)


def predicted(factor: float) -> Change:
    """A model that answers higher."""
    return Change(
        name=f"predictions x {factor:g}",
        field="demand",
        make=lambda window, _: window["demand"] * factor,
    )


def changes(table: Table) -> list[Change]:
    """Every change that is injected, small ones first."""
    return [
        *(shifted(deviations, table) for deviations in (0.1, 0.25, 0.5, 1.0)),
        *(scaled(factor, table) for factor in (1.1, 1.25, 1.5)),
        *(mixed(share) for share in (0.1, 0.2, 0.3)),
        *(missing(share) for share in (0.02, 0.05, 0.1)),
        *(unseen(share) for share in (0.01, 0.02, 0.05)),
        *(fahrenheit(share) for share in (0.02, 0.1, 1.0)),
        *(predicted(factor) for factor in (1.1, 1.25, 1.5)),
    ]
