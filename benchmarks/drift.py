"""How often the drift engine cries wolf, what it catches, and what reading captures costs.

Windows are drawn from the rows of one year of bike demand, so that nothing drifts unless a change
of known size is injected; frouros judges the same windows. Every figure of
docs/concepts/drift.md is printed here, and seeds make it the same at every run.
"""

import argparse
import json
import math
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops.contract import load_platform
from mlops.pipeline import contract_json
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benchmarks/peers"
SIZES = (100, 200, 500, 1000, 2000, 5000)
HOUSEHOLDS = ROOT / "model_code/employment/data/people.csv.gz"
HOMES = (100, 250, 500, 1000, 5000)
REQUESTS = (10, 30, 100, 300)
LINES = 20_000
HOLIDAYS = 0.03
SHOWN_SIZES = 5
Arguments = Sequence[object]


class Worker:
    """A script of ours or of the peer, in the environment of its lock."""

    def __init__(self, script: str, lock: str) -> None:
        self._script = PEERS / script
        home = Workspace.of(ROOT).environments
        self._python = ModelEnvironment(lock=ROOT / "requirements" / lock, home=home).ensure(print)

    def run(self, part: str, *arguments: object) -> Any:
        """What a part prints, as data."""
        command = [str(self._python), "-W", "ignore", str(self._script), part]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=3000, help="undisturbed windows per size")
    parser.add_argument("--changed", type=int, default=100, help="windows per change and size")
    parser.add_argument("--peer-windows", type=int, default=300)
    parser.add_argument("--homes-windows", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts; all unless given")
    parser.add_argument("--seed", type=int, default=2011)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract = folder / "contract.json"
        contract.write_text(_contract())
        ours = Worker("drift_ours.py", "monitoring.txt")
        common = ("--contract", contract, "--seed", given.seed)
        for part, measure in PARTS.items():
            if not given.only or part in given.only:
                measure(ours, common, given)


def _contract() -> str:
    platform = load_platform(ROOT, model="bike-demand")
    spec = platform.model("bike-demand")
    return contract_json(spec, ROOT / "model_code" / spec.folder)


def _print_false_alarms(ours: Worker, common: Arguments, given: argparse.Namespace) -> None:
    sizes = ("--sizes", *SIZES)
    found = ours.run("false_alarms", *common, *sizes, "--windows", given.windows)
    peer = Worker("drift_frouros.py", "bench-drift.txt")
    seed = ("--seed", given.seed)
    fewer = ("--sizes", *SIZES[:SHOWN_SIZES], *seed, "--windows", given.peer_windows)
    few = ("--sizes", SIZES[0], *seed, "--windows", 20)
    same = peer.run("fingerprint", *few) == ours.run("fingerprint", *common, *few[:2], *few[4:])
    theirs = peer.run("false_alarms", *fewer)
    print(f"\nFalse alarms per 1,000 undisturbed windows, {given.windows} windows per size")
    print(f"(frouros: {given.peer_windows} windows; the same windows: {'yes' if same else 'NO'})")
    print(f"{'rows':>6}{'alarms':>8}{'at most':>9}{'any p':>8}{'PSI>0.1':>9}", end="")
    print(f"{'frouros p<5%':>14}{'Bonferroni':>12}{'PSI>0.1':>9}")
    for rows in SIZES:
        counts = found[str(rows)]
        line = f"{rows:>6}{_per_thousand(counts['alarm'], given.windows):>8}"
        line += f"{1000 * _upper(counts['alarm'], given.windows):>9.1f}"
        line += f"{_per_thousand(counts['significant'], given.windows):>8}"
        line += f"{_per_thousand(counts['psi'], given.windows):>9}"
        other = theirs.get(str(rows))
        if other:
            shares = [_per_thousand(other[k], given.peer_windows) for k in other]
            line += f"{shares[0]:>14}{shares[1]:>12}{shares[2]:>9}"
        print(line)


def _print_batches(ours: Worker, common: Arguments, given: argparse.Namespace) -> None:
    windows = given.windows // 3
    found = ours.run("batches", *common, "--requests", *REQUESTS, "--batched", windows)
    print(f"\nFalse alarms per 1,000 windows of requests that hold one day each, {windows} windows")
    print(f"{'requests':>9}{'alarms':>8}{'rows taken for independent':>28}")
    for requests in REQUESTS:
        counts = found[str(requests)]
        line = f"{requests:>9}{_per_thousand(counts['with'], windows):>8}"
        print(f"{line}{_per_thousand(counts['without'], windows):>28}")


def _print_detections(ours: Worker, common: Arguments, given: argparse.Namespace) -> None:
    found = ours.run("detections", *common, "--sizes", *SIZES, "--changed", given.changed)
    print(f"\nWindows with a change in which its field alarms, {given.changed} per cell")
    print(f"{'change':<26}{'PSI':>7}", *(f"{rows:>6}" for rows in SIZES))
    for change in found:
        shares = (f"{change['detected'][str(rows)]:>6.0%}" for rows in SIZES)
        print(f"{change['name']:<26}{change['psi']:>7.2f}", *shares)


def _print_calendar(ours: Worker, common: Arguments, _: argparse.Namespace) -> None:
    print(
        "\nConsecutive days of 2011 beside the whole year: share of windows in which a field alarms"
    )
    for days, found in ours.run("seasons", *common).items():
        shares = [
            f"{name} {count / found['windows']:.0%}" for name, count in found["fields"].items()
        ]
        print(f"{days:>4} days: {', '.join(shares) or 'none'}")
    print("\n5,000 rows of 2012 beside 2011")
    for field in ours.run("next_year", *common):
        print(f"{field['name']:<14}{field['psi']:>7.3f}  {'alarm' if field['alarm'] else ''}")


def _print_months(ours: Worker, common: Arguments, _: argparse.Namespace) -> None:
    print("\nCalendar months beside 2011, compared with")
    for name, found in ours.run("months", *common).items():
        fields = ", ".join(f"{field} {count}" for field, count in found["fields"].items())
        line = f"{name:<42}{found['alarming']:>4} of {found['windows']:<4} alarm"
        print(f"{line}  {fields or ''}".rstrip())


def _print_spans(ours: Worker, common: Arguments, _: argparse.Namespace) -> None:
    print("\nThe same for consecutive days: same month, weather and parts of the date ignored")
    for name, by_days in ours.run("spans", *common).items():
        for days, found in by_days.items():
            fields = ", ".join(f"{field} {count}" for field, count in found["fields"].items())
            line = f"{name}, {days} days"
            print(f"{line:<42}{found['alarming']:>4} of {found['windows']:<4} alarm  {fields}")


def _print_households(ours: Worker, common: Arguments, given: argparse.Namespace) -> None:
    if not HOUSEHOLDS.exists():
        print(f"\n{HOUSEHOLDS.relative_to(ROOT)} is not there: no households")
        return
    sizes = ("--sizes", *HOMES, "--windows", given.homes_windows)
    print(f"\nHouseholds beside those of 2015, {given.homes_windows} windows each")
    print(f"{'year':<6}{'homes':>6}{'alarm':>7}{'inconclusive':>14}{'quiet':>7}")
    for year, found in ours.run("households", *common, *sizes).items():
        for homes, counts in found.items():
            shown = [counts["verdicts"].get(v, 0) for v in ("alarm", "inconclusive", "quiet")]
            line = f"{year:<6}{homes:>6}{shown[0]:>7}{shown[1]:>14}{shown[2]:>7}"
            print(line, ", ".join(counts["fields"]))


def _print_throughput(ours: Worker, common: Arguments, _: argparse.Namespace) -> None:
    print("\nReading captures, one core")
    print(
        f"{'lines':>8}{'MB':>7}{'rows/s':>9}{'GB/minute':>11}{'peak MB':>9}{'of it libraries':>17}"
    )
    with tempfile.TemporaryDirectory() as name:
        for lines in (LINES, 10 * LINES):
            file = Path(name) / f"{lines}.jsonl"
            _write_captures(file, lines)
            found = ours.run("throughput", *common, "--file", file)
            size, seconds = found["bytes"], found["seconds"]
            line = f"{lines:>8}{size / 1e6:>7.0f}{found['rows'] / seconds:>9.0f}"
            line += f"{size / seconds * 60 / 1e9:>11.2f}{found['megabytes']:>9.0f}"
            print(f"{line}{found['megabytes_before']:>17.0f}")


def _write_captures(file: Path, lines: int) -> None:
    """Requests of one row, most in JSON, some in CSV, as an endpoint would capture them."""
    draw = random.Random(7)  # noqa: S311  # traffic, not secrets
    with file.open("w", encoding="utf-8") as out:
        for number in range(lines):
            out.write(json.dumps(_capture(draw, number)) + "\n")


def _capture(draw: random.Random, number: int) -> Mapping[str, Any]:
    row = {
        "month": draw.randint(1, 12), "day": draw.randint(1, 28), "hour": draw.randint(0, 23),
        "weekday": draw.choice(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        "holiday": draw.random() < HOLIDAYS, "weather": draw.choice(["Clear", "Mist", None]),
        "temperature": round(draw.gauss(15, 8), 2), "feels_like": round(draw.gauss(15, 9), 2),
        "humidity": round(draw.uniform(20, 100), 1), "windspeed": round(draw.uniform(0, 40), 1),
    }  # fmt: skip
    demand = draw.gammavariate(2, 80)
    width = 4.5 * math.sqrt(demand + 1)
    answer = {
        "demand": round(demand, 2), "demand_low": round(max(0.0, demand - width), 2),
        "demand_high": round(demand + width, 2),
    }  # fmt: skip
    is_csv = number % 5 == 0
    asked = _csv(row) if is_csv else json.dumps(row)
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv" if is_csv else "application/json",
                "mode": "INPUT", "data": asked, "encoding": "CSV" if is_csv else "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json", "mode": "OUTPUT",
                "data": json.dumps(answer), "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": f"{draw.getrandbits(128):032x}",
            "inferenceTime": f"2026-11-02T{number % 24:02}:15:00Z",
        },
        "eventVersion": "0",
    }  # fmt: skip


def _csv(row: Mapping[str, Any]) -> str:
    cells = ("" if value is None else str(value) for value in row.values())
    return f"{','.join(row)}\n{','.join(cells)}\n"


def _per_thousand(count: int, windows: int) -> str:
    return f"{1000 * count / windows:.1f}"


def _upper(count: int, windows: int) -> float:
    """Upper end of Wilson's interval."""
    z, share = 1.959963984540054, count / windows
    centre = share + z**2 / (2 * windows)
    half = z * math.sqrt(share * (1 - share) / windows + z**2 / (4 * windows**2))
    return (centre + half) / (1 + z**2 / windows)


PARTS: dict[str, Callable[[Worker, Arguments, argparse.Namespace], None]] = {
    "false-alarms": _print_false_alarms,
    "batches": _print_batches,
    "detections": _print_detections,
    "calendar": _print_calendar,
    "months": _print_months,
    "spans": _print_spans,
    "households": _print_households,
    "throughput": _print_throughput,
}


if __name__ == "__main__":
    main()
