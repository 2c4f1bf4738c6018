import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mlops.pipeline.contract_check import STEP_TYPES
from mlops.registry import VersionContent, list_versions, local_client, show
from mlops.rehearsal.pipeline.graph import RUN, GraphError
from mlops.rehearsal.pipeline.parameters import ParameterError
from mlops.rollout.content import content_of_archive, digest_of_file

DEFINITIONS = Path(__file__).resolve().parents[2] / "pipeline" / "definitions"
GROUP = "mlops-tiny"
EXITS_WITH_REASON = """
import os, pathlib, sys
pathlib.Path(os.environ["SM_OUTPUT_MESSAGE_FILE"]).write_text("the data is wrong")
sys.exit(1)
"""
HANGS_WITH_A_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path({place!r}).write_text(str(child.pid))
time.sleep(60)
"""


def statuses(execution: Any) -> dict[str, str]:
    return {step.name: step.status for step in execution.steps}


def failure_of(execution: Any, name: str) -> str:
    return str({step.name: step.failure for step in execution.steps}[name])


def is_running(pid: int) -> bool:
    """Whether a process still runs after the moment that a killed one takes to be gone."""
    stat = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.01)
    return True


def test_a_good_model_is_registered_served_and_reported(
    checkout: Any, successful_steps: tuple[str, ...]
) -> None:
    execution = checkout.rehearse()

    assert execution.failure is None
    assert {name for name, status in statuses(execution).items() if status == "Succeeded"} == set(
        successful_steps
    )
    assert statuses(execution)["GateFailed"] == "NotExecuted"
    assert (execution.version.number, execution.version.status) == (1, "PendingManualApproval")
    assert execution.replay.succeeded
    assert execution.replay.recorded[0].answer == [{"y": 6.0}]
    assert (execution.report / "index.html").is_file()
    stored = json.loads((execution.report / "execution.json").read_text())
    assert stored["metrics"][0] == {"name": "r2", "value": 1.0, "low": 0.9, "high": 1.05}
    assert str(execution.report / "index.html") in checkout.output.getvalue()


def test_a_version_is_registered_with_the_content_that_it_was_judged_by(checkout: Any) -> None:
    execution = checkout.rehearse()

    storage = checkout.workspace.storage
    client = local_client(checkout.workspace.registry, account="222222222222", region="eu-west-1")
    package = client.describe_model_package(ModelPackageName=execution.version.arn)
    found = VersionContent.of(package)
    (container,) = package["InferenceSpecification"]["Containers"]
    with storage.path(container["ModelDataUrl"]).open("rb") as archive:
        assert found.archive == content_of_archive(archive).digest
    answers = package["CustomerMetadataProperties"]["answers_uri"]
    assert found.answers == digest_of_file(storage.path(answers))
    assert container["Image"].endswith(f"/mlops/tiny@sha256:{found.image}")


def test_a_second_run_reuses_the_jobs_and_meets_the_approved_version(checkout: Any) -> None:
    first = checkout.rehearse(approve=True)
    second = checkout.rehearse()

    assert first.version.status == "Approved"
    # The approved version is an argument of the evaluation, so it must run again.
    assert second.reused == ("Preprocess", "ValidateData", "Train")
    assert second.evaluation["approved"]["version"] == 1
    assert second.version.number == 2
    reasons = {step.reused_from for step in second.steps if step.reused_from}
    assert reasons == {first.id}
    client = local_client(checkout.workspace.registry)
    lineage = show(client, GROUP, 2, read=checkout.workspace.storage.read_text)
    assert lineage.execution.endswith(f":pipeline/mlops-tiny-training/execution/{second.id}")
    assert lineage.commit == "unrecorded"
    assert lineage.metrics[0].value == 1.0


def test_a_version_tells_who_started_it_and_what_it_read_and_no_parameter_does(
    checkout: Any,
) -> None:
    execution = checkout.rehearse()

    package = local_client(checkout.workspace.registry).describe_model_package(
        ModelPackageName=execution.version.arn
    )
    metadata = package["CustomerMetadataProperties"]
    (data,) = checkout.workspace.storage.path(execution.parameters["DataUri"]).parent.iterdir()
    assert metadata["data_version"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert (metadata["started_by"], metadata["trigger"]) == ("unrecorded", "unrecorded")
    assert {"Commit", "Trigger", "TriggerEvidence"}.isdisjoint(execution.parameters)


def test_without_the_cache_everything_runs_again(checkout: Any) -> None:
    checkout.rehearse()

    assert checkout.rehearse(use_cache=False).reused == ()


def test_changed_data_runs_everything_again(checkout: Any) -> None:
    checkout.rehearse()
    checkout.record_data("x,y\n5,10\n")

    assert checkout.rehearse().reused == ()


def test_changed_code_runs_everything_again(checkout: Any) -> None:
    checkout.rehearse()
    checkout.script("train", (checkout.model / "train.py").read_text() + "# changed\n")

    assert checkout.rehearse().reused == ()


def test_a_failing_gate_says_why_and_registers_nothing(checkout: Any) -> None:
    execution = checkout.rehearse(Slope="3")

    assert execution.status == "Failed"
    assert execution.failure == "GateFailed: quality gate failed: r2 is 0"
    assert statuses(execution)["Register"] == "NotExecuted"
    assert [gate.passed for gate in execution.gates] == [False]
    assert list_versions(local_client(checkout.workspace.registry), GROUP) == []
    assert "GateFailed" in (execution.report / "index.html").read_text()


def test_a_script_that_exits_1_fails_its_step_with_its_own_reason(checkout: Any) -> None:
    checkout.script("train", EXITS_WITH_REASON)

    execution = checkout.rehearse()

    assert failure_of(execution, "Train") == "AlgorithmError: the data is wrong (exit code 1)"
    assert statuses(execution)["Evaluate"] == "NotExecuted"
    assert statuses(execution)["Gate"] == "NotExecuted"


def test_a_script_without_a_reason_shows_what_it_printed_last(checkout: Any) -> None:
    checkout.script("train", "def fit(rows):\n    return rows['missing']\n\nfit({})\n")

    execution = checkout.rehearse()

    said = checkout.output.getvalue()
    log = checkout.workspace.execution(execution.id) / "Train" / "log.txt"
    assert f"  Train: {log} ends with" in said
    assert "    KeyError: 'missing'" in said
    assert log.is_file()


def test_an_archive_that_is_not_served_shows_where_its_log_is(checkout: Any) -> None:
    checkout.script("server", "raise SystemExit('no server today')")

    execution = checkout.rehearse()

    log = checkout.workspace.execution(execution.id) / "Serving" / "log.txt"
    assert f"  Serving: {log} ends with" in checkout.output.getvalue()
    assert "    no server today" in checkout.output.getvalue()


def test_a_killed_script_names_the_signal(checkout: Any) -> None:
    checkout.script("train", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    execution = checkout.rehearse()

    assert failure_of(execution, "Train").startswith("killed by signal 9 (SIGKILL)")


def test_a_script_past_its_timeout_dies_with_its_children(checkout: Any, tmp_path: Path) -> None:
    place = tmp_path / "child"
    checkout.script("train", HANGS_WITH_A_CHILD.format(place=str(place)))
    checkout.step("Train")["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 1

    execution = checkout.rehearse()

    assert failure_of(execution, "Train") == "exceeded MaxRuntimeInSeconds (1 s)"
    assert not is_running(int(place.read_text()))


def test_a_failure_is_never_reused(checkout: Any) -> None:
    flag = checkout.root / "broken"
    original = (checkout.model / "train.py").read_text()
    guard = f"import pathlib, sys\nif pathlib.Path({str(flag)!r}).exists(): sys.exit(1)\n"
    checkout.script("train", guard + original)
    flag.touch()
    failed = checkout.rehearse()
    flag.unlink()

    again = checkout.rehearse()

    assert statuses(failed)["Train"] == "Failed"
    assert again.reused == ("Preprocess", "ValidateData")
    assert again.succeeded


@pytest.mark.parametrize(
    ("file", "ended"),
    [
        ("negated", {"Ask": "Succeeded", "Yes": "Failed", "No": "NotExecuted"}),
        ("compares-dates", {"Ask": "Succeeded", "Yes": "Failed", "No": "NotExecuted"}),
        ("no-else", {"Ask": "Succeeded"}),
        ("no-parameters-key", {"End": "Failed"}),
    ],
)
def test_a_definition_that_sagemaker_takes_is_executed(
    checkout: Any, file: str, ended: dict[str, str]
) -> None:
    checkout.definition = json.loads((DEFINITIONS / f"{file}.json").read_text())

    assert statuses(checkout.rehearse()) == ended


def test_an_execution_with_a_step_that_waited_in_vain_is_no_success(checkout: Any) -> None:
    choice = json.loads((DEFINITIONS / "no-else.json").read_text())
    call = {"Type": "Lambda", "FunctionArn": "arn", "Arguments": {}}
    choice["Steps"][0]["Arguments"]["ElseSteps"] = [{**call, "Name": "Other"}]
    choice["Steps"].append({**call, "Name": "No", "DependsOn": ["Other"]})
    checkout.definition = choice

    execution = checkout.rehearse()

    assert statuses(execution) == {"Ask": "Succeeded", "Other": "NotExecuted", "No": "NotExecuted"}
    assert execution.status == "Failed"
    assert execution.failure == "No: never ran, for it waits for Other, which did not run"


@pytest.mark.parametrize(
    "step",
    [
        {"Type": "Callback", "SqsQueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q"},
        {"Type": "Model", "Arguments": {"ExecutionRoleArn": "arn:aws:iam::111111111111:role/r"}},
        *({"Type": kind} for kind in sorted({*STEP_TYPES} - {*RUN, "Callback", "Model"})),
    ],
    ids=lambda step: step["Type"],
)
def test_what_sagemaker_takes_and_no_rehearsal_runs_is_refused_in_one_sentence(
    checkout: Any, step: dict[str, Any]
) -> None:
    checkout.definition = {"Steps": [{"Name": "Ask", "Arguments": {}, **step}]}

    with pytest.raises(
        GraphError, match=f"Ask is a {step['Type']} step, which a rehearsal does not"
    ):
        checkout.rehearse()


def test_an_unknown_parameter_is_refused_with_those_that_exist(checkout: Any) -> None:
    with pytest.raises(ParameterError, match="Slop: the pipeline has no such parameter; allowed: "):
        checkout.rehearse(Slop="3")


def test_a_server_that_answers_otherwise_fails_the_rehearsal(checkout: Any) -> None:
    server = (checkout.model / "server.py").read_text()
    checkout.script("server", server.replace("slope * body", "1.001 * slope * body"))

    execution = checkout.rehearse(approve=True)

    assert execution.status == "Failed"
    assert "three: answer[0].y: 6.006 instead of 6" in execution.failure
    # What does not answer as recorded is not approved, even when that was asked for.
    assert execution.version.status == "PendingManualApproval"


def test_an_archive_without_its_server_fails_the_rehearsal(checkout: Any) -> None:
    (checkout.model / "server.py").unlink()

    execution = checkout.rehearse()

    assert "holds no code/serve.py" in execution.failure


def test_a_job_sees_neither_credentials_nor_the_persons_home(checkout: Any) -> None:
    checkout.script(
        "validate_data",
        "import json, os; print(json.dumps(dict(os.environ, cwd=os.getcwd())))",
    )

    execution = checkout.rehearse()

    step = next(step for step in execution.steps if step.name == "ValidateData")
    seen = json.loads(step.log.read_text())
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} & seen.keys()
    assert seen["HOME"].startswith(str(checkout.workspace.folder))
    assert seen["cwd"].startswith(str(checkout.workspace.folder))
    assert seen["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_no_interpreter_finds_compiled_files_forbidden(checkout: Any) -> None:
    checkout.script(
        "validate_data", "import os, sys; sys.exit('PYTHONDONTWRITEBYTECODE' in os.environ)"
    )

    assert checkout.rehearse().succeeded


def _interruptible() -> None:
    """A shell starts background jobs, and a test run among them, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "script"),
    [(signal.SIGINT, "train"), (signal.SIGTERM, "train"), (signal.SIGINT, "server")],
)
def test_an_interrupted_rehearsal_leaves_no_process_and_no_half_written_file(
    checkout: Any, tmp_path: Path, number: signal.Signals, script: str
) -> None:
    place = tmp_path / "child"
    checkout.script(script, HANGS_WITH_A_CHILD.format(place=str(place)))
    checkout.synthesize()
    program = f"""
import sys
from pathlib import Path
from rich.console import Console
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
root = Path({str(checkout.root)!r})
try:
    rehearse_pipeline(root, "tiny", assembly=root / "cdk.out", parameters={{}}, use_cache=False,
                      approve=False, console=Console(), python=Path(sys.executable))
except KeyboardInterrupt:
    sys.exit(130)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        preexec_fn=_interruptible,  # noqa: PLW1509  # no thread runs yet
    )
    deadline = time.monotonic() + 60
    while not (place.exists() and place.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    code = process.wait(timeout=60)

    assert code == 130
    assert not is_running(int(place.read_text()))
    leftovers = [
        path
        for path in checkout.workspace.folder.rglob("*")
        if path.name.startswith((".writing-", ".uploading-"))
    ]
    assert leftovers == []
    assert not (checkout.workspace.folder / "reports").exists()


def test_two_rehearsals_at_once_register_two_versions(checkout: Any) -> None:
    checkout.synthesize()
    first = os.fork()
    if first == 0:
        os._exit(0 if checkout.rehearse_synthesized().succeeded else 1)
    here = checkout.rehearse_synthesized()
    _, status = os.waitpid(first, 0)

    assert status == 0
    assert here.succeeded
    versions = list_versions(local_client(checkout.workspace.registry), GROUP)
    assert sorted(version.number for version in versions) == [1, 2]
    assert len(list((checkout.workspace.folder / "reports").iterdir())) == 2
