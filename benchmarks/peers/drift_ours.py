"""Our engine on the windows of drift_windows.py; runs in the environment of the monitoring lock."""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import drift_households as people
import drift_windows as source
import numpy as np

from mlops.container.monitoring import Baseline, Schema, Settings, lines_of, observe
from mlops.container.monitoring.drift import FieldDrift, judge_drift
from mlops.container.monitoring.field_summary import FieldSummary
from mlops.container.monitoring.schema import LABEL
from mlops.container.monitoring.verdicts import Verdict, worst

NAMES = (*source.INPUTS, *source.OUTPUTS, LABEL)
Judged = list[FieldDrift]
HALVES = 20


class Engine:
    """Judges tables; the baseline's summary is made once per baseline."""

    def __init__(self, schema: Schema, settings: Settings, names: Sequence[str] = NAMES) -> None:
        self.schema, self._settings, self._names = schema, settings, names
        self._baseline: Baseline | None = None

    def learn(self, table: source.Table) -> None:
        """Take a baseline."""
        columns = {name: table[name].tolist() for name in self._names}
        self._baseline = Baseline.of(self.schema, columns, within=self._settings.compare_within)

    def judge(self, window: source.Table, requests: Any = None) -> Judged:
        """A window's fields, judged."""
        assert self._baseline is not None
        rows = len(window[self._names[0]])
        asked = np.arange(rows) if requests is None else requests
        fields = {
            name: FieldSummary.of(frame, window[name].tolist(), asked)
            for name, frame in self._baseline.frames.items()
        }
        return judge_drift(self._baseline, fields, self._settings)


def alarms(judged: Judged) -> set[str]:
    """The fields that alarm."""
    return {field.name for field in judged if field.verdict is Verdict.ALARM}


def significant(judged: Judged, rate: float) -> bool:
    """Whether any aspect is significant, whatever its size."""
    return any(finding.q_value <= rate for field in judged for finding in field.findings)


def false_alarms(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """How many undisturbed windows alarm, by size, and how many would without an effect size."""
    found = {}
    for rows in given.sizes:
        counted = Counter[str]()
        for judged in _judged(engine, source.pairs(table, rows, given.windows, given.seed)):
            counted["alarm"] += bool(alarms(judged))
            counted["significant"] += significant(judged, Settings().false_discovery_rate)
            counted["psi"] += any(
                f.comparison.shape is not None and f.comparison.shape.raw_psi > Settings().psi
                for f in judged
            )
        found[rows] = dict(counted)
    return found


def detections(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """How many changed windows alarm in the changed field, by change and size."""
    found = []
    for change in source.changes(table):
        shares = {}
        index = []
        for rows in given.sizes:
            hits = 0
            for judged in _judged(
                engine, source.pairs(table, rows, given.changed, given.seed + 1, change)
            ):
                by_name = {field.name: field for field in judged}
                hits += change.field in alarms(judged)
                shape = by_name[change.field].comparison.shape
                index.append(shape.psi if shape else 0.0)
            shares[rows] = hits / given.changed
        found.append({"name": change.name, "psi": float(np.median(index)), "detected": shares})
    return found


def batches(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """Undisturbed windows of requests that hold a whole day each, with and without the requests."""
    days = [np.flatnonzero(table["date"] == day) for day in sorted(set(table["date"]))]
    found = {}
    for requests in given.requests:
        draw = np.random.default_rng([given.seed + 2, requests])
        counted = Counter[str]()
        for number in range(given.batched):
            if number % source.WINDOWS_PER_BASELINE == 0:
                engine.learn(source.sample(table, source.BASELINE_ROWS, draw))
            chosen = [days[day] for day in draw.integers(0, len(days), requests)]
            window = {name: column[np.concatenate(chosen)] for name, column in table.items()}
            asked = np.repeat(np.arange(requests), [len(day) for day in chosen])
            counted["with"] += bool(alarms(engine.judge(window, asked)))
            counted["without"] += bool(alarms(engine.judge(window)))
        found[requests] = dict(counted)
    return found


def seasons(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """Windows of consecutive days of the same year: what a calendar does to a yearly baseline."""
    draw = np.random.default_rng(given.seed + 3)
    engine.learn(source.sample(table, source.BASELINE_ROWS, draw))
    first, last = min(table["date"]), max(table["date"])
    found = {}
    for days in (7, 30, 90, 180, 365):
        starts = range(first, max(first + 1, last - days + 2), 15)
        fields = Counter[str]()
        for start in starts:
            inside = (table["date"] >= start) & (table["date"] < start + days)
            window = {name: column[inside] for name, column in table.items()}
            fields.update(alarms(engine.judge(window)))
        found[days] = {"windows": len(starts), "fields": dict(fields.most_common())}
    return found


def months(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """Calendar months of 2012 beside 2011, and of one half of 2011 beside the other half."""
    ways = {
        "whole year": Settings(),
        "same month": Settings(compare_within="month"),
        "same month, weather ignored": Settings(compare_within="month", ignored=source.WEATHER),
    }
    later = source.population(2012)
    found = {}
    for name, settings in ways.items():
        judge = Engine(engine.schema, settings)
        judge.learn(table)
        found[f"2012, {name}"] = _counted(
            judge.judge(source.subset(later, later["month"] == month)) for month in range(1, 13)
        )
        found[f"half of 2011, {name}"] = _counted(_halves(judge, table, given.seed + 5))
    return found


def _halves(judge: Engine, table: source.Table, seed: int) -> Iterator[Judged]:
    """Months of a random half of the hours, beside the other half: the seasons without a change."""
    draw = np.random.default_rng(seed)
    for _ in range(HALVES):
        chosen = draw.random(len(table["hour"])) < 1 / 2
        judge.learn(source.subset(table, ~chosen))
        for month in range(1, 13):
            yield judge.judge(source.subset(table, chosen & (table["month"] == month)))


def spans(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """Consecutive days as the contract of bike demand would have them compared.

    Of 2012 beside 2011, and of one half of 2011's hours beside the other half.
    """
    settings = Settings(
        compare_within="month", ignored=(*source.WEATHER, "day", "weekday", "holiday")
    )
    judge = Engine(engine.schema, settings)
    draw = np.random.default_rng(given.seed + 7)
    later = source.population(2012)
    found: dict[str, dict[int, Any]] = {"half of 2011": {}, "2012": {}}
    for days in (1, 7, 14, 30):
        quiet = list[Judged]()
        for _ in range(HALVES // 4):
            chosen = draw.random(len(table["hour"])) < 1 / 2
            judge.learn(source.subset(table, ~chosen))
            quiet += _slices(judge, source.subset(table, chosen), days)
        found["half of 2011"][days] = _counted(quiet)
        judge.learn(table)
        found["2012"][days] = _counted(_slices(judge, later, days))
    return found


def _slices(judge: Engine, table: source.Table, days: int) -> Iterator[Judged]:
    """Windows of so many days, each half a window or three days after the one before."""
    first, last = min(table["date"]), max(table["date"])
    for start in range(first, last - days + 2, max(3, days // 2)):
        yield judge.judge(
            source.subset(table, (table["date"] >= start) & (table["date"] < start + days))
        )


def _counted(windows: Iterable[Judged]) -> Any:
    fields, alarming, total = Counter[str](), 0, 0
    for judged in windows:
        fields.update(alarms(judged))
        alarming += bool(alarms(judged))
        total += 1
    return {"windows": total, "alarming": alarming, "fields": dict(fields.most_common())}


def households(_: Engine, __: source.Table, given: argparse.Namespace) -> Any:
    """Households of 2016 to 2018 beside 2015: nothing but the code of the oldest changes."""
    table = people.people()
    engine = Engine(people.SCHEMA, Settings(), people.NAMES)
    engine.learn(people.of_year(table, "2015"))
    draw = np.random.default_rng(given.seed + 6)
    found: dict[str, dict[int, Any]] = {}
    for year in ("2016", "2017", "2018"):
        homes = people.Homes(people.of_year(table, year))
        found[year] = {}
        for size in given.sizes:
            drawn = (homes.draw(size, draw) for _ in range(given.windows))
            judged = (engine.judge(window, asked) for window, asked in drawn)
            found[year][size] = _verdicts(judged)
    return found


def _verdicts(windows: Iterable[Judged]) -> Any:
    verdicts, fields = Counter[str](), Counter[str]()
    for judged in windows:
        verdicts[worst(field.verdict for field in judged).value] += 1
        fields.update(alarms(judged))
    return {"verdicts": dict(verdicts), "fields": dict(fields)}


def next_year(engine: Engine, table: source.Table, given: argparse.Namespace) -> Any:
    """2012 beside 2011: which fields alarm, and by how much."""
    draw = np.random.default_rng(given.seed + 4)
    engine.learn(source.sample(table, source.BASELINE_ROWS, draw))
    judged = engine.judge(source.sample(source.population(2012), 5000, draw))
    return [
        {
            "name": field.name,
            "psi": field.comparison.shape.psi if field.comparison.shape else 0.0,
            "alarm": field.verdict is Verdict.ALARM,
        }
        for field in judged
    ]


def throughput(engine: Engine, given: argparse.Namespace) -> Any:
    """Seconds and peak memory of one pass over a file of captures."""
    table = source.population()
    engine.learn(table)
    assert engine._baseline is not None  # noqa: SLF001  # the benchmark looks inside its own class
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: Counter[str] = Counter()
    began = time.process_time()
    observation = observe(lines_of([given.file], counts), engine._baseline, counts=counts)  # noqa: SLF001
    return {
        "bytes": given.file.stat().st_size,
        "rows": observation.summary.rows,
        "seconds": time.process_time() - began,
        "megabytes_before": before / 1024,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _judged(
    engine: Engine, windows: Iterator[tuple[source.Table, source.Table, bool]]
) -> Iterator[Judged]:
    for baseline, window, is_new in windows:
        if is_new:
            engine.learn(baseline)
        yield engine.judge(window)


PARTS = {
    "false_alarms": false_alarms,
    "detections": detections,
    "batches": batches,
    "seasons": seasons,
    "next_year": next_year,
    "months": months,
    "spans": spans,
    "households": households,
}


def main() -> None:
    """Run one part and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "throughput", "fingerprint"])
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[])
    parser.add_argument("--requests", type=int, nargs="+", default=[])
    for name in ("windows", "changed", "batched", "seed"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    engine = Engine(Schema.read(json.loads(given.contract.read_text())), Settings())
    if given.part == "throughput":
        found = throughput(engine, given)
    elif given.part == "fingerprint":
        found = source.fingerprint(source.population(), given.sizes[0], given.windows, given.seed)
    else:
        found = PARTS[given.part](engine, source.population(), given)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
