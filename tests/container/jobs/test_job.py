from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.container.jobs import job

PLATFORM = Path(job.__file__).parents[1]


def ended(tmp_path, body: str) -> tuple[int, dict[str, object], str]:
    """Run a job in a process of its own: exit code, last log line, failure message."""
    message = tmp_path / "output/message"
    program = f"from jobs import job\ndef main(log):\n    {body}\njob.run('probe', main)\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(PLATFORM), "SM_OUTPUT_MESSAGE_FILE": str(message)},
    )
    text = message.read_text() if message.exists() else ""
    return done.returncode, json.loads(done.stderr.splitlines()[-1]), text


def test_a_job_that_works_ends_with_0_and_leaves_no_message(tmp_path):
    assert ended(tmp_path, "log.info('done', extra={'rows': 3})") == (
        0,
        {"level": "INFO", "job": "probe", "event": "done", "rows": 3},
        "",
    )


@pytest.mark.parametrize(
    ("error", "code"), [("job.DataError", 3), ("job.JobError", 1), ("PermissionError", 1)]
)
def test_a_foreseen_failure_is_one_line_and_a_message(tmp_path, error, code):
    found, line, message = ended(tmp_path, f"raise {error}('the reason')")

    assert (found, line["reason"], message) == (code, "the reason", "the reason")


def test_a_defect_is_logged_with_its_traceback_on_one_line_and_ends_with_1(tmp_path):
    code, line, message = ended(tmp_path, "1 / 0")

    assert code == 1
    assert message == "defect in probe: ZeroDivisionError: division by zero"
    assert "Traceback" in str(line["traceback"])


def archive(tmp_path: Path, name: str, *lines: str) -> str:
    """The reason of a failure in an archive with a script and a module of the model's."""
    folder = tmp_path / "archive"
    shutil.copytree(PLATFORM / "jobs", folder / "jobs")
    (folder / "features.py").write_text("def of(row):\n    return row['missing']\n")
    script = ["from jobs import job, tables", "def main(log):", *lines, "job.run('train', main)"]
    (folder / name).write_text("\n".join(script))
    message = tmp_path / "message"
    subprocess.run(
        [sys.executable, "-m", name.removesuffix(".py").replace("/", ".")],
        cwd=folder,
        check=False,
        capture_output=True,
        env={"SM_OUTPUT_MESSAGE_FILE": str(message)},
    )
    return message.read_text()


def test_an_error_in_the_models_code_is_told_with_its_line(tmp_path):
    reason = archive(tmp_path, "train.py", "    import features", "    features.of({})")

    assert reason == "features.py, line 2, in of: KeyError: 'missing'"


def test_an_error_that_the_models_call_of_ours_made_names_both(tmp_path):
    reason = archive(tmp_path, "train.py", "    tables.write_part(None, None, [])")

    assert reason.startswith("train.py, line 3, in main called jobs/tables.py, line ")
    assert reason.endswith("AttributeError: 'NoneType' object has no attribute 'mkdir'")


def test_an_error_of_ours_alone_is_our_defect(tmp_path):
    reason = archive(tmp_path, "jobs/broken.py", "    return tables._cell.gone")

    assert reason.startswith("defect in jobs/broken.py, line 3, in main: AttributeError")


def test_the_message_is_cut_where_sagemaker_cuts_it(tmp_path):
    _, _, message = ended(tmp_path, "raise job.JobError('x' * 5000)")

    assert len(message) == job.MESSAGE_CHARACTERS


def test_a_message_that_cannot_be_written_changes_nothing(tmp_path):
    (tmp_path / "output").write_text("a file where the folder should be")

    assert ended(tmp_path, "raise job.JobError('the reason')")[0] == 1


def test_processing_and_training_jobs_find_the_reason_where_sagemaker_looks(tmp_path, monkeypatch):
    places = [tmp_path / "message", tmp_path / "failure"]
    monkeypatch.delenv("SM_OUTPUT_MESSAGE_FILE", raising=False)
    monkeypatch.setattr(job, "REASON_FILES", tuple(map(str, places)))

    job._leave_message("the reason")

    assert [place.read_text() for place in places] == ["the reason"] * 2
