"""Both jobs as they run: as a module of the platform, and packed under another name."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.container.monitoring import Baseline, Schema, read_baseline, read_settings
from mlops.container.monitoring.__main__ import main
from mlops.rollout.content import content_of_folder

ROOT = Path(__file__).resolve().parents[3]
Line = Callable[..., bytes]
Table = dict[str, list[Any]]
INPUTS = ("temperature", "hour", "weekday", "holiday")
OUTPUTS = {"report.json", "report.html", "metrics.json", "constraint_violations.json"}


class Desk:
    """A folder with a contract and a baseline, where windows are put and judged."""

    def __init__(
        self, folder: Path, contract: dict[str, Any], table: Callable[..., Table], capture: Line
    ) -> None:
        self.folder, self._table, self._capture = folder, table, capture
        self.known = contract
        self.contract = self.file("contract.json", contract | {"problem": {"type": "regression"}})
        self.output = folder / "output"
        learned, held_out = table(5000, 11), table(3000, 12)
        self.rows("train.csv", learned, INPUTS)
        self.rows("predictions.csv", held_out, ("demand",))

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    def rows(self, name: str, columns: Table, names: tuple[str, ...]) -> None:
        with (self.folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(zip(*(map(_cell, columns[name]) for name in names), strict=True))

    def learn(self, *options: object) -> int:
        return _run(
            "baseline", "--contract", self.contract, "--training", self.folder / "train.csv",
            "--predictions", self.folder / "predictions.csv",
            "--output", self.folder / "baseline", *options,
        )  # fmt: skip

    def captured(self, rows: int, *, labels: bool = False, **columns: Any) -> None:
        drawn = self._table(rows, 2, **columns)
        folder = self.folder / "captures/bikes/AllTraffic/2026/11/02/10"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "one.jsonl").write_bytes(
            b"".join(
                self._capture(
                    {name: drawn[name][n] for name in INPUTS},
                    {"demand": drawn["demand"][n]},
                    event=f"e{n}",
                )
                for n in range(rows)
            )
        )
        (self.folder / "truth").mkdir()
        if labels:
            self.relabel(1, drawn)

    def relabel(self, factor: float, drawn: Table, add: float = 0) -> None:
        (self.folder / "truth/labels.jsonl").write_text(
            "".join(
                _label(f"e{n}", factor * demand + add) for n, demand in enumerate(drawn["demand"])
            )
        )

    def table(self, rows: int) -> Table:
        """What was captured unless a test says otherwise."""
        return self._table(rows, 2)

    def judge(self, *options: object) -> int:
        return _run(
            "analyse", "--contract", self.contract, "--baseline", self.folder / "baseline",
            "--captures", self.folder / "captures", "--output", self.output, *options,
        )  # fmt: skip

    def written(self, name: str) -> Any:
        return json.loads((self.output / name).read_text())


def _run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _label(key: str, value: float) -> str:
    content = {
        "groundTruthData": {"data": str(value), "encoding": "CSV"},
        "eventMetadata": {"eventId": key},
    }
    return json.dumps(content) + "\n"


@pytest.fixture
def desk(
    tmp_path: Path, contract: dict[str, Any], table: Callable[..., Table], capture: Line
) -> Desk:
    found = Desk(tmp_path, contract, table, capture)
    assert found.learn() == 0
    return found


def test_a_baseline_of_files_is_that_of_the_columns(
    desk: Desk, schema: Schema, table: Callable[..., Table]
) -> None:
    learned, held_out = table(5000, 11), table(3000, 12)

    found = read_baseline(desk.folder / "baseline/statistics.json", schema)

    assert (
        found.to_json() == Baseline.of(schema, learned | {"demand": held_out["demand"]}).to_json()
    )


def test_a_baseline_keeps_the_settings(desk: Desk) -> None:
    assert desk.learn("--settings", desk.file("settings.json", {"psi": 0.2})) == 0

    assert read_settings(desk.folder / "baseline/constraints.json").psi == 0.2


def test_a_window_like_the_baseline_is_quiet(desk: Desk) -> None:
    desk.captured(800)

    assert desk.judge() == 0
    assert {path.name for path in desk.output.iterdir()} == OUTPUTS
    assert desk.written("report.json")["verdict"] == "quiet"


def test_the_registered_baseline_is_the_only_one_that_judges(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.captured(800)
    digest = content_of_folder(desk.folder / "baseline").digest
    job = desk.file("job.json", {"baseline_sha256": digest})
    assert desk.judge("--settings", job) == 0
    constraints = desk.folder / "baseline/constraints.json"
    constraints.write_text(constraints.read_text() + " ")
    (desk.output / "report.json").unlink()

    assert desk.judge("--settings", job) == 2

    assert f"{digest} was registered: the baseline was replaced" in capsys.readouterr().err
    assert not (desk.output / "report.json").exists()


def test_a_baseline_digest_is_text(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.judge("--settings", desk.file("job.json", {"baseline_sha256": 7})) == 2

    assert "baseline_sha256" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "code"), [((), 3), (("--report-only",), 0)])
def test_an_alarm_has_its_exit_code_unless_a_job_must_succeed(
    desk: Desk, options: tuple[str, ...], code: int
) -> None:
    desk.captured(800, temperature=[30.0] * 800)

    assert desk.judge(*options) == code
    assert desk.written("report.json")["verdict"] == "alarm"


def test_too_little_has_an_exit_code_of_its_own(desk: Desk) -> None:
    desk.captured(50)

    assert desk.judge() == 4


@pytest.mark.parametrize("span", [(), ("--start", "2026-11-03", "--end", "2026-11-04")])
def test_nothing_captured_is_told_and_reported(desk: Desk, span: tuple[str, ...]) -> None:
    desk.captured(800 if span else 0)

    assert desk.judge(*span) == 5
    assert desk.written("report.json")["verdict"] == "inconclusive"
    (requests,) = [m for m in desk.written("metrics.json") if m["name"] == "Requests"]
    assert requests["value"] == 0


def test_a_window_holds_its_start_and_not_its_end(desk: Desk) -> None:
    desk.captured(800)

    assert desk.judge("--start", "2026-11-02T10:15", "--end", "2026-11-02T11:15+01:00") == 2
    assert desk.judge("--start", "2026-11-02T10:15", "--end", "2026-11-02T10:16") == 0
    assert desk.judge("--start", "2026-11-02T10:00", "--end", "2026-11-02T10:15") == 5
    assert desk.written("report.json")["about"] == {
        "from": "2026-11-02T10:00:00+00:00",
        "to": "2026-11-02T10:15:00+00:00",
    }


def test_labels_are_judged_by_the_jobs_outcome_and_limits(desk: Desk) -> None:
    desk.captured(800)
    desk.relabel(1, desk.table(800), add=40)
    job = desk.file(
        "job.json",
        {
            "about": {"model": "bikes"},
            "dimensions": {"Model": "bikes"},
            "outcome": {"prediction": "demand"},
            "settings": {"limits": [{"metric": "rmse", "comparison": "at_most", "threshold": 30}]},
        },
    )

    assert desk.judge("--settings", job, "--truth", desk.folder / "truth") == 3
    metrics = desk.written("metrics.json")
    (rmse,) = [m for m in metrics if m["dimensions"].get("Metric") == "rmse"]
    assert rmse["value"] == pytest.approx(40)
    assert all(metric["dimensions"]["Model"] == "bikes" for metric in metrics)
    assert {frozenset(metric) for metric in metrics} == {
        frozenset({"name", "unit", "value", "dimensions"})
    }


def test_an_outcome_that_moved_is_told_apart_from_its_season(
    desk: Desk, table: Callable[..., Table]
) -> None:
    """Demand follows the hour; the window holds two hours, and its labels rose by a half."""
    year, window = (_seasonal(table, *drawn) for drawn in ((24_000, 1, 24), (800, 2, 2)))
    desk.rows("train.csv", year | {"cnt": year["demand"]}, (*INPUTS, "cnt"))
    desk.rows("predictions.csv", year, ("hour", "demand"))
    within = desk.file("settings.json", {"compare_within": "hour"})
    desk.file("contract.json", desk.known | {"problem": {"type": "regression", "target": "cnt"}})
    assert desk.learn("--settings", within) == 0
    job = desk.file("job.json", {"outcome": {"prediction": "demand"}})
    options = ("--settings", job, "--truth", desk.folder / "truth")

    desk.captured(800, labels=True, **window)
    assert desk.judge(*options) == 0
    desk.relabel(1.5, window)
    assert desk.judge(*options) == 3

    checks = {check["name"]: check["verdict"] for check in desk.written("report.json")["checks"]}
    assert checks["labels"] == "alarm"
    assert {verdict for name, verdict in checks.items() if name != "labels"} == {"quiet"}
    assert "true outcome" in (desk.output / "report.html").read_text()


def _seasonal(table: Callable[..., Table], rows: int, seed: int, hours: int) -> Table:
    drawn = table(rows, seed)
    drawn["hour"] = [hour % hours for hour in drawn["hour"]]
    drawn["demand"] = [
        value + 30 * hour for value, hour in zip(drawn["demand"], drawn["hour"], strict=True)
    ]
    return drawn


def test_no_label_yet_is_inconclusive(desk: Desk) -> None:
    desk.captured(800)
    job = desk.file("job.json", {"outcome": {"prediction": "demand"}})

    assert desk.judge("--settings", job, "--truth", desk.folder / "truth") == 4


def test_labels_that_come_twice_or_broken_make_no_capture_unreadable(desk: Desk) -> None:
    desk.captured(800, labels=True)
    labels = desk.folder / "truth/labels.jsonl"
    labels.write_text(labels.read_text() * 2)
    (desk.folder / "truth/more.jsonl").write_bytes(b"\x1f\x8b no gzip")
    job = desk.file("job.json", {"outcome": {"prediction": "demand"}})

    assert desk.judge("--settings", job, "--truth", desk.folder / "truth") == 0
    assert desk.written("report.json")["traffic"]["reasons"] == {
        "label delivered again, the same": 800,
        "label file: compressed file broken": 1,
    }


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--truth", "{}/truth"), "add the key outcome"),
        (("--captures", "{}/nowhere"), "nowhere: is not a folder"),
        (("--baseline", "{}/nowhere"), "nowhere/statistics.json: cannot be read"),
        (("--start", "2026-11-02"), "both --start and --end"),
        (("--settings", "{}/train.csv"), "train.csv: is not JSON"),
    ],
)
def test_an_unusable_input_is_one_line_and_nothing_is_written(
    desk: Desk, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], named: str
) -> None:
    desk.captured(800)

    assert desk.judge(*(option.format(desk.folder) for option in options)) == 2
    told = capsys.readouterr().err
    assert named in told
    assert told.count("\n") == 1
    assert not desk.output.exists()


def test_a_column_that_is_missing_makes_no_baseline(
    desk: Desk, table: Callable[..., Table], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.rows("train.csv", table(10), ("hour",))

    assert desk.learn() == 2
    assert "no column temperature, weekday, holiday" in capsys.readouterr().err


def test_it_runs_flat_in_an_archive_under_another_name(desk: Desk, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(ROOT / "mlops/container/monitoring", archive / "drift")
    shutil.copytree(ROOT / "mlops/container/jobs", archive / "jobs")
    shutil.copy(ROOT / "mlops/sheet.py", archive / "sheet.py")
    shutil.copy(ROOT / "mlops/rollout/content.py", archive / "content.py")
    desk.captured(800, temperature=[30.0] * 800)
    command = [
        sys.executable, "-m", "drift", "analyse", "--contract", desk.contract,
        "--baseline", desk.folder / "baseline", "--captures", desk.folder / "captures",
        "--output", desk.output,
    ]  # fmt: skip

    done = subprocess.run(command, cwd=archive, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("alarm: 800 requests, 800 rows\n")
    assert "Drift" in (desk.output / "report.html").read_text()


HIRING = {
    "problem": {"type": "binary-classification", "target": "hired"},
    "schema": {
        "input": [{"name": "sex", "type": "string", "allowed": ["f", "m"]}],
        "output": [{"name": "hired", "type": "boolean"}],
    },
}


class Hiring:
    """A version that was released with a known gap: of a hundred it hires 20 f and 80 m."""

    def __init__(self, folder: Path, capture: Line) -> None:
        self.folder, self._capture = folder, capture
        for name, content in (
            ("contract", HIRING),
            ("settings", {"groups": ["sex"], "minimum_rows": 50, "minimum_labels": 1}),
            ("outcome", {"prediction": "hired"}),
            ("job", {"outcome": {"prediction": "hired"}}),
        ):
            (folder / f"{name}.json").write_text(json.dumps(content))
        self.rows("train.csv", ["sex", "hired"])
        self.rows("predictions.csv", ["sex", "hired", "label"])

    def rows(self, name: str, columns: list[str]) -> None:
        known = {"label": "true"}
        lines = [known | {"sex": sex, "hired": str(hired).lower()} for sex, hired in said(20, 80)]
        with (self.folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(lines)

    def learn(self) -> int:
        return _run(
            "baseline", "--contract", self.folder / "contract.json",
            "--training", self.folder / "train.csv",
            "--predictions", self.folder / "predictions.csv",
            "--settings", self.folder / "settings.json",
            "--outcome", self.folder / "outcome.json", "--output", self.folder / "baseline",
        )  # fmt: skip

    def bias(self, women: int, men: int) -> Any:
        """What is said of a window in which so many of a hundred are hired."""
        for name in ("captures", "truth"):
            (self.folder / name).mkdir(exist_ok=True)
        window = list(enumerate(said(women, men)))
        (self.folder / "captures/one.jsonl").write_bytes(
            b"".join(
                self._capture({"sex": sex}, {"hired": hired}, event=f"e{n}")
                for n, (sex, hired) in window
            )
        )
        (self.folder / "truth/one.jsonl").write_text("".join(_label(f"e{n}", 1) for n, _ in window))
        _run(
            "analyse", "--contract", self.folder / "contract.json",
            "--baseline", self.folder / "baseline", "--captures", self.folder / "captures",
            "--truth", self.folder / "truth", "--settings", self.folder / "job.json",
            "--output", self.folder / "output",
        )  # fmt: skip
        report = json.loads((self.folder / "output/report.json").read_text())
        return next(check for check in report["checks"] if check["name"] == "bias")


def said(women: int, men: int) -> list[tuple[str, bool]]:
    people = [("f", n < women) for n in range(100)] + [("m", n < men) for n in range(100)]
    return people * 10


@pytest.fixture
def hiring(tmp_path: Path, capture: Line) -> Hiring:
    return Hiring(tmp_path, capture)


def test_a_gap_is_judged_beside_that_of_the_version_that_was_released(hiring: Hiring) -> None:
    assert hiring.learn() == 0

    assert hiring.bias(20, 80)["verdict"] == "quiet"
    wider = hiring.bias(5, 95)
    assert wider["verdict"] == "alarm"
    assert "sex f: demographic parity differs by -90.0%, wider by +30.0%" in wider["reasons"][0]
    assert "than -60.0% at release" in wider["reasons"][0]
    metrics = json.loads((hiring.folder / "output/metrics.json").read_text())
    found = {m["name"]: m["value"] for m in metrics if "Measure" in m["dimensions"]}
    assert found == pytest.approx({"WidestGap": 0.9, "WidenedGap": 0.3})
    assert "-60.0%" in (hiring.folder / "output/report.html").read_text()


def test_a_baseline_without_labels_takes_every_gap_for_news(hiring: Hiring) -> None:
    (hiring.folder / "outcome.json").unlink()
    hiring.rows("predictions.csv", ["sex", "hired"])
    assert _run(
        "baseline", "--contract", hiring.folder / "contract.json",
        "--training", hiring.folder / "train.csv",
        "--predictions", hiring.folder / "predictions.csv",
        "--settings", hiring.folder / "settings.json", "--output", hiring.folder / "baseline",
    ) == 0  # fmt: skip

    assert "wider by +60.0%" in hiring.bias(20, 80)["reasons"][0]


def test_an_outcome_needs_the_groups_and_the_labels(
    hiring: Hiring, capsys: pytest.CaptureFixture[str]
) -> None:
    hiring.rows("predictions.csv", ["hired"])

    assert hiring.learn() == 2
    assert "predictions.csv: has no column sex, label; allowed: " in capsys.readouterr().err
    assert not (hiring.folder / "baseline").exists()
