"""Whatever cannot be read, on whichever side of a record, a window is never quiet about it."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlops.container.monitoring import Baseline, Settings, baseline_files
from mlops.container.monitoring.__main__ import main
from mlops.container.monitoring.jobs import write_files

Line = Callable[..., bytes]
Table = dict[str, list[Any]]
ROWS = 800
QUIET, ALARM, INCONCLUSIVE, NOTHING = 0, 3, 4, 5


@dataclass(kw_only=True)
class Window:
    """Captured lines and label lines of a day; `judge` runs the job on them."""

    folder: Path
    captures: list[bytes] = field(default_factory=list)
    labels: list[bytes] = field(default_factory=list)
    job: dict[str, Any] = field(default_factory=dict)

    def judge(self) -> int:
        for name, lines in (("captures", self.captures), ("truth", self.labels)):
            (self.folder / name).mkdir()
            (self.folder / name / "lines.jsonl").write_bytes(b"".join(lines))
        job = {"outcome": {"prediction": "demand"}} | self.job
        (self.folder / "job.json").write_text(json.dumps(job))
        options = {
            "contract": "contract.json", "baseline": "baseline", "captures": "captures",
            "truth": "truth", "settings": "job.json", "output": "output",
        }  # fmt: skip
        given = [
            part for name, path in options.items() for part in (f"--{name}", self.folder / path)
        ]
        return main(["analyse", *map(str, given)])

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "output/report.json").read_text())
        return found

    def reasons(self, name: str) -> str:
        (found,) = (check for check in self.report()["checks"] if check["name"] == name)
        return "; ".join(found["reasons"])


@pytest.fixture
def window(
    tmp_path: Path,
    contract: dict[str, Any],
    baseline: Baseline,
    table: Callable[..., Table],
    capture: Line,
) -> Window:
    """A day that is quiet in every check: as learned, answered, labelled."""
    content = contract | {"problem": {"type": "regression"}}
    (tmp_path / "contract.json").write_text(json.dumps(content))
    write_files(tmp_path / "baseline", dict(_files(baseline, table(5000, 11))))
    rows = _rows(table(ROWS, 2))
    return Window(
        folder=tmp_path,
        captures=[
            capture(_inputs(row), {"demand": row["demand"]}, event=f"e{n}")
            for n, row in enumerate(rows)
        ],
        labels=[_label(f"e{n}", row["demand"]) for n, row in enumerate(rows)],
    )


def _files(baseline: Baseline, columns: Table) -> Iterator[tuple[str, str]]:
    yield from baseline_files(baseline.schema, columns, Settings()).items()


def _rows(columns: Table) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _inputs(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "demand"}


def _label(key: str, value: Any, encoding: str = "CSV") -> bytes:
    data = {"data": value if isinstance(value, list) else str(value), "encoding": encoding}
    content = {"groundTruthData": data, "eventMetadata": {"eventId": key}, "eventVersion": "0"}
    return json.dumps(content).encode() + b"\n"


def _with_output(line: bytes, output: dict[str, Any] | None) -> bytes:
    content = json.loads(line)
    sides = content["captureData"]
    del sides["endpointOutput"]
    content["captureData"] = sides | ({} if output is None else {"endpointOutput": output})
    return json.dumps(content).encode() + b"\n"


def _answer(data: str, kind: str = "application/json", encoding: str = "JSON") -> dict[str, Any]:
    return {"observedContentType": kind, "mode": "OUTPUT", "data": data, "encoding": encoding}


def _by_caller(line: bytes, place: int) -> bytes:
    content = json.loads(line)
    content["eventMetadata"]["inferenceId"] = f"order-{place}"
    return json.dumps(content).encode() + b"\n"


def _repr(line: bytes) -> bytes:
    return repr(json.loads(line)).encode() + b"\n"


def _base64(line: bytes) -> bytes:
    content = json.loads(line)
    data = content["groundTruthData"]
    data |= {"data": base64.b64encode(data["data"].encode()).decode(), "encoding": "BASE64"}
    return json.dumps(content).encode() + b"\n"


Break = Callable[[bytes, int], bytes]
CAPTURES: dict[str, Break] = {
    "the line is cut": lambda line, _: line[:40] + b"\n",
    "the answer is XML": lambda line, _: _with_output(line, _answer("<x/>", "application/xml")),
    "the answer is plain text": lambda line, _: _with_output(line, _answer("81", "text/plain")),
    "the answer has other names": lambda line, _: _with_output(line, _answer('{"score": 81}')),
    "the answer has other rows": lambda line, _: _with_output(line, _answer("[81, 82]")),
    "the answer is not a base64": lambda line, _: _with_output(
        line, _answer("?", encoding="BASE64")
    ),
    "the answer is not captured": lambda line, _: _with_output(line, None),
    "callers name their requests": _by_caller,
}
LABELS: dict[str, Break] = {
    "Python's own words": lambda line, _: _repr(line),
    "base64": lambda line, _: _base64(line),
    "no key": lambda _line, _place: b'{"groundTruthData": {"data": "1", "encoding": "CSV"}}\n',
    "no number": lambda _, place: _label(f"e{place}", "many"),
    "another number of labels": lambda _, place: _label(f"e{place}", [1, 2], "JSON"),
    "another key": lambda _, place: _label(f"order-{place}", 80),
}


def test_a_day_that_can_be_read_is_quiet(window: Window) -> None:
    assert window.judge() == QUIET


@pytest.mark.parametrize("share", [0.75, 1.0], ids=["most", "all"])
@pytest.mark.parametrize("breaks", CAPTURES.values(), ids=CAPTURES)
def test_captures_that_cannot_be_read_are_never_a_pass(
    window: Window, breaks: Break, share: float
) -> None:
    broken = round(share * ROWS)
    window.captures[:broken] = [breaks(line, n) for n, line in enumerate(window.captures[:broken])]

    assert window.judge() == INCONCLUSIVE
    assert window.reasons("reading")


@pytest.mark.parametrize("share", [0.75, 1.0], ids=["most", "all"])
@pytest.mark.parametrize("breaks", LABELS.values(), ids=LABELS)
def test_labels_that_cannot_be_used_are_never_a_pass(
    window: Window, breaks: Break, share: float
) -> None:
    broken = round(share * ROWS)
    window.labels[:broken] = [breaks(line, n) for n, line in enumerate(window.labels[:broken])]

    assert window.judge() == INCONCLUSIVE
    assert "label" in window.reasons("reading")


def test_one_array_of_all_labels_is_no_line_of_any(window: Window) -> None:
    window.labels = [b"[" + b", ".join(line.strip() for line in window.labels) + b"]"]

    assert window.judge() == INCONCLUSIVE
    assert window.reasons("reading") == "1 of 1 label lines are unreadable"


def test_labels_that_have_not_come_yet_are_no_fault_of_reading(window: Window) -> None:
    window.labels = window.labels[:300]

    assert window.judge() == QUIET


def test_of_sampled_requests_as_many_labels_join_as_were_captured(window: Window) -> None:
    window.captures = window.captures[:400]
    window.labels += [_label(f"f{n}", 80) for n in range(3200)]
    window.job = {"captured_share": 0.1, "settings": {"minimum_rows": 300}}

    assert window.judge() == QUIET


def test_refusals_are_answers_that_hold_no_prediction(window: Window, capture: Line) -> None:
    window.captures += [capture(answer={"error": "hour is 99"}, event=f"r{n}") for n in range(60)]

    window.judge()

    assert window.reasons("reading") == ""
    assert window.report()["traffic"]["reasons"] == {"request refused by the server": 60}


def test_lines_that_cannot_be_read_are_not_nothing(
    window: Window, capsys: pytest.CaptureFixture[str]
) -> None:
    window.captures, window.labels = [b"{]\n"] * 20 + [b'{"cut'], []

    assert window.judge() == INCONCLUSIVE
    assert (
        "traffic: inconclusive; no request: 21 captured lines cannot be read (line is not JSON: "
        "20, line cut off: 1)" in capsys.readouterr().out
    )
    assert window.report()["traffic"]["captured_lines"] == 21


@pytest.mark.parametrize(
    ("inference_ids", "reason", "captured"),
    [
        ([], "no request: nothing was captured", 0),
        (["mlops-probe-1", "mlops-probe-2"],
         "no request: every captured line is left out (probe: 2)", 2),
    ],
)  # fmt: skip
def test_a_day_without_callers_says_what_it_has_instead(
    window: Window, capture: Line, inference_ids: list[str], reason: str, captured: int
) -> None:
    window.captures = [capture(inference_id=id_, event=id_) for id_ in inference_ids]
    window.labels = []

    assert window.judge() == NOTHING
    assert window.reasons("traffic") == reason
    assert window.report()["traffic"]["captured_lines"] == captured


@pytest.mark.parametrize(
    ("requests", "code"), [(8, INCONCLUSIVE), (99, INCONCLUSIVE), (100, ALARM)]
)
def test_a_few_requests_start_no_training(window: Window, requests: int, code: int) -> None:
    window.captures, window.labels = [*map(_hot, window.captures[:requests])], []

    assert window.judge() == code
    assert "PSI" in window.reasons("inputs")


def test_who_takes_fewer_rows_for_evidence_is_told_of_their_drift(window: Window) -> None:
    window.captures, window.labels = [*map(_hot, window.captures[:60])], []
    window.job = {"settings": {"minimum_rows": 50}}

    assert window.judge() == ALARM


def _hot(line: bytes) -> bytes:
    """The same request on a day as hot as the contract allows."""
    content = json.loads(line)
    asked = content["captureData"]["endpointInput"]
    asked["data"] = json.dumps(json.loads(asked["data"]) | {"temperature": 29.5})
    return json.dumps(content).encode() + b"\n"
