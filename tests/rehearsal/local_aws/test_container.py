import io
import json
import signal
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.local_aws.container import Job, JobError, Sandbox, failure_reason
from mlops.rehearsal.local_aws.processes import Command, Ending, Processes
from mlops.rehearsal.local_aws.storage import LocalS3, StorageError


@pytest.fixture
def storage(tmp_path: Path) -> LocalS3:
    storage = LocalS3(tmp_path / "s3")
    (tmp_path / "rows.csv").write_text("1")
    storage.put(tmp_path / "rows.csv", "s3://bucket/data/rows.csv")
    return storage


def job(storage: LocalS3, kind: str, arguments: dict[str, Any]) -> Job:
    home = storage.folder.parent
    sandbox = Sandbox(folder=home / "container", python=Path(sys.executable))
    return Job(
        name="job-1",
        kind=kind,
        arguments=arguments,
        sandbox=sandbox,
        storage=storage,
        log=home / "log.txt",
    )


def processing(script: str, mode: str = "EndOfJob", timeout: int = 20) -> dict[str, Any]:
    return {
        "AppSpecification": {
            "ContainerEntrypoint": ["python3", "-c", script],
            "ContainerArguments": ["/opt/ml/processing/input/data", "/opt/ml/processing/output"],
        },
        "ProcessingInputs": [
            {"S3Input": {"S3Uri": "s3://bucket/data", "LocalPath": "/opt/ml/processing/input/data"}}
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://bucket/out",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": mode,
                    },
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": timeout},
        "Environment": {"PLACE": "/opt/ml/processing"},
    }


COPY = """
import pathlib, shutil, sys
shutil.copy(pathlib.Path(sys.argv[1]) / "rows.csv", pathlib.Path(sys.argv[2]) / "copy.csv")
"""


def test_a_processing_job_finds_its_inputs_and_its_outputs_are_kept(storage: LocalS3) -> None:
    properties = job(storage, "Processing", processing(COPY)).run(Processes())

    assert storage.read_text("s3://bucket/out/copy.csv") == "1"
    assert properties["ProcessingJobStatus"] == "Completed"


@pytest.mark.parametrize(("mode", "kept"), [("Continuous", True), ("EndOfJob", False)])
def test_a_failed_job_keeps_its_continuous_outputs_only(
    storage: LocalS3, mode: str, kept: bool
) -> None:
    with pytest.raises(JobError, match=r"AlgorithmError: see its log \(exit code 3\)"):
        job(storage, "Processing", processing(f"{COPY}\nsys.exit(3)", mode)).run(Processes())

    assert storage.exists("s3://bucket/out/copy.csv") is kept


def test_a_job_cannot_change_its_input_in_s3(storage: LocalS3) -> None:
    script = "import pathlib, sys; pathlib.Path(sys.argv[1], 'rows.csv').write_text('2')"
    job(storage, "Processing", processing(script)).run(Processes())

    assert storage.read_text("s3://bucket/data/rows.csv") == "1"


def test_a_missing_input_fails_before_anything_starts(storage: LocalS3) -> None:
    arguments = processing(COPY)
    arguments["ProcessingInputs"][0]["S3Input"]["S3Uri"] = "s3://bucket/gone"

    with pytest.raises(StorageError, match="there is no object at s3://bucket/gone"):
        job(storage, "Processing", arguments).run(Processes())


def test_an_entry_point_that_does_not_exist_is_named(storage: LocalS3) -> None:
    arguments = processing(COPY)
    arguments["AppSpecification"]["ContainerEntrypoint"] = ["/no/such/program"]

    with pytest.raises(JobError, match=r"cannot be started.*/no/such/program"):
        job(storage, "Processing", arguments).run(Processes())


def test_a_training_job_gets_hyper_parameters_as_text_and_leaves_an_archive(
    storage: LocalS3,
) -> None:
    script = """
import json, pathlib, sys
given = json.loads(pathlib.Path(sys.argv[1], "input/config/hyperparameters.json").read_text())
assert pathlib.Path(sys.argv[1], "input/data/train/rows.csv").read_text() == "1"
pathlib.Path(sys.argv[1], "model/given.json").write_text(json.dumps(given))
"""
    arguments = {
        "AlgorithmSpecification": {
            "ContainerEntrypoint": ["python3", "-c", script],
            "ContainerArguments": ["/opt/ml"],
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/data/rows.csv"}},
            }
        ],
        "HyperParameters": {"depth": 6, "rate": 0.5},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
    }

    properties = job(storage, "Training", arguments).run(Processes())

    uri = "s3://bucket/models/job-1/output/model.tar.gz"
    assert properties["ModelArtifacts"]["S3ModelArtifacts"] == uri
    with tarfile.open(fileobj=io.BytesIO(storage.path(uri).read_bytes())) as archive:
        given = archive.extractfile("given.json")
        assert given is not None
        assert json.load(given) == {"depth": "6", "rate": "0.5"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "{box}/opt/ml"),
        ("--dir=/opt/ml/model", "--dir={box}/opt/ml/model"),
        ("tar xzf /opt/ml/a/*.gz -C /tmp/code", "tar xzf {box}/opt/ml/a/*.gz -C {box}/tmp/code"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("/opt/mlflow /tmpdir /data/tmp/x", "/opt/mlflow /tmpdir /data/tmp/x"),
    ],
)
def test_only_the_containers_own_paths_are_rewritten(text: str, expected: str) -> None:
    sandbox = Sandbox(folder=Path("/box"), python=Path("/env/bin/python"))

    assert sandbox.rewritten(text) == expected.format(box="/box")


@pytest.mark.parametrize(
    ("ending", "message", "expected"),
    [
        (Ending(exit_code=0), "ignored", None),
        (Ending(exit_code=1), "bad rows", "AlgorithmError: bad rows (exit code 1)"),
        (Ending(exit_code=-15, timed_out=True), "", "exceeded MaxRuntimeInSeconds (5 s)"),
        (
            Ending(exit_code=-9),
            "",
            "killed by signal 9 (SIGKILL); often too little memory",
        ),
        (Ending(exit_code=139), "", "killed by signal 11 (SIGSEGV)"),
        (Ending(exit_code=-9, stopped=True), "", "stopped with the rehearsal"),
    ],
)
def test_every_way_to_fail_reads_differently(
    ending: Ending, message: str, expected: str | None
) -> None:
    assert failure_reason(ending, limit=5, message=message) == expected


def test_what_a_job_leaves_running_ends_with_it(storage: LocalS3, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(child.pid)"
    )

    job(storage, "Processing", processing(script)).run(Processes())

    child = Path("/proc", (tmp_path / "log.txt").read_text().strip(), "stat")
    # A killed process takes a moment to be gone.
    deadline = time.monotonic() + 60
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)


def is_alive(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_ignores_the_polite_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops.rehearsal.local_aws.processes.GRACE_SECONDS", 0.2)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    command = Command(arguments=[sys.executable, "-c", script], environment={}, folder=tmp_path)

    with (tmp_path / "log").open("wb") as log:
        ending = Processes().run(command, log=log, timeout_seconds=0.4)

    assert ending.timed_out
    assert ending.exit_code == -signal.SIGKILL


def test_nothing_starts_after_the_stop(tmp_path: Path) -> None:
    processes = Processes()
    processes.stop()
    command = Command(arguments=["/bin/true"], environment={}, folder=tmp_path)

    with (tmp_path / "log").open("wb") as log, pytest.raises(InterruptedError):
        processes.run(command, log=log, timeout_seconds=1)
