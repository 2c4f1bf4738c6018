"""What is registered was served by its own server first, and answered the contract's examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.container.jobs import serving
from mlops.container.jobs.archive import Archive
from mlops.container.jobs.job import JobError

INFERENCE = """
import json
def model_fn(model_dir):
    return len
def input_fn(body, content_type):
    return json.loads(body) if content_type == "application/json" else [{"text": body}]
def predict_fn(rows, model):
    return [{"length": model(row["text"])} for row in rows]
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""


@pytest.fixture
def asked(tmp_path: Path, packed_contract: Any, version: Any) -> Any:
    """Serve a version and ask it the examples; the number of answers."""

    def ask(**changed: Any) -> int:
        tolerance = changed.pop("tolerance", 0.0)
        contract = replace(packed_contract, absolute_tolerance=tolerance)
        archive = Archive.unpack(version("candidate", **changed), tmp_path / "unpacked")
        return serving.answer_examples(archive, contract, tmp_path)

    return ask


def test_the_archives_own_server_answers_every_example(asked: Any, tmp_path: Path) -> None:
    assert asked() == 2
    assert (tmp_path / "unpacked" / "served").is_file()


def test_the_archive_is_started_as_the_image_starts_it(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack = Archive.unpack

    def replaced(*places: Path) -> Archive:
        """Somebody changes a file after the archive was read."""
        archive = unpack(*places)
        (archive.folder / "code/contract.json").write_text("{}")
        return archive

    monkeypatch.setattr(Archive, "unpack", replaced)

    with pytest.raises(JobError, match="refused to start"):
        asked()

    assert not (tmp_path / "unpacked" / "served").exists()


def test_what_the_model_prints_hides_no_port(asked: Any) -> None:
    said = "import sys\nsys.stdout.write('{loading \"all\"} 10 %'); sys.stdout.flush()\n"

    assert asked(code=said + INFERENCE) == 2


def test_an_answer_may_move_by_the_contracts_tolerance(asked: Any) -> None:
    assert asked(extra=1, tolerance=1.0) == 2


def broken(server: str, old: str, new: str) -> str:
    assert old in server
    return server.replace(old, new)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"extra": 1},
            "the served archive answers example batch: answer[0].length: 5 instead of 4",
        ),
        ({"server": None}, "the archive holds no code/serve.py"),
        ({"server": "raise SystemExit('no such library')"}, "at its start: no such library"),
        ({"code": "import nothing_of_the_kind"}, "at its start: ModuleNotFoundError"),
    ],
)
def test_what_does_not_serve_as_promised_ends_the_job(
    asked: Any, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(JobError) as caught:
        asked(**changes)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("201 - 1", "500", "example batch: HTTP 500: ["),
        ("answer.encode()", "b'<html>'", "example batch: is not application/json: <html>"),
        (
            "self.wfile.write(answer.encode())",
            "raise SystemExit",
            "example batch: is not application/json: ",
        ),
    ],
)  # fmt: skip
def test_an_answer_that_no_caller_could_read_ends_the_job(
    asked: Any, served_by: str, old: str, new: str, told: str
) -> None:
    with pytest.raises(JobError) as caught:
        asked(server=broken(served_by, old, new))

    assert told in str(caught.value)


def test_a_server_that_calls_its_answers_something_else_is_not_registered(
    asked: Any, served_by: str
) -> None:
    mistyped = broken(
        served_by, '"Content-Type", "application/json"', '"Content-Type", "text/html"'
    )

    with pytest.raises(JobError, match="is text/html instead of application/json"):
        asked(server=mistyped)


def test_a_server_that_is_never_healthy_is_given_up(
    asked: Any, served_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "START_TIMEOUT_SECONDS", 1.0)

    with pytest.raises(JobError, match="was not healthy after 1 s"):
        asked(server=broken(served_by, "send_response(200)", "send_response(503)"))
