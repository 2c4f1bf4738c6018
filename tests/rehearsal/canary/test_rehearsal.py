"""Whole rehearsals with a tiny model: real processes, real HTTP, minutes within seconds."""

import contextlib
import io
import itertools
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlops.rehearsal.canary import rehearsal as rehearsal_module
from mlops.rehearsal.canary.kept import Kept
from mlops.rehearsal.errors import RehearsalError
from mlops.rollout import State

FACTS = Path("/proc")
FAST = 300.0


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that run in or below a folder."""
    found = []
    for process in FACTS.glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            home = str((process / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in command or home.startswith(str(folder)):
            found.append(command)
    return found


def test_a_good_version_is_promoted_and_nobody_notices(site) -> None:
    result = site.deploy("none")

    assert result.as_expected, result.objections
    assert (result.blue, result.green) == ("1", "2")
    assert (result.harm.lost, result.drained) == (0, True)
    # How late answers are is the machine's; nothing else of them may be wrong.
    assert result.harm.harmed == result.harm.late
    assert result.canary_invocations >= 50
    assert result.notes == ()
    assert processes_of(site.root) == []


def test_failing_requests_roll_back_by_the_error_alarm(site) -> None:
    result = site.deploy("5xx")

    assert (result.observed, result.as_expected) == ("rolled back", True), result
    assert any("server-errors" in name for name in result.alarms)
    assert 0 < result.harm.harmed - result.harm.late < 0.2 * result.harm.requests
    assert 60 <= (result.detect_seconds or 0) <= 420


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        pytest.param("wrong-answers-inverted", "rolled back", marks=pytest.mark.full),
        pytest.param("no-traffic", "inconclusive", marks=pytest.mark.full),
        pytest.param("latency", "rolled back", marks=pytest.mark.full),
        pytest.param("crash", "rolled back", marks=pytest.mark.full),
        ("cut-answers", "rolled back"),
        pytest.param("leak", "rolled back", marks=pytest.mark.full),
        pytest.param("ping-fails", "failed to start", marks=pytest.mark.full),
        pytest.param("wrong-answers-scrambled", "rolled back", marks=pytest.mark.full),
        pytest.param("wrong-answers-stale-scaler", "rolled back", marks=pytest.mark.full),
        pytest.param("empty-answers", "rolled back", marks=pytest.mark.full),
        pytest.param("mistyped-answers", "rolled back", marks=pytest.mark.full),
        pytest.param("schema-change", "rolled back", marks=pytest.mark.full),
        pytest.param("alarm-red", "rolled back", marks=pytest.mark.full),
        pytest.param("slow-start", "promoted", marks=pytest.mark.full),
        pytest.param("burst", "promoted", marks=pytest.mark.full),
        pytest.param("sick-blue", "promoted", marks=pytest.mark.full),
        pytest.param("identical", "promoted", marks=pytest.mark.full),
    ],
)
def test_a_fault_ends_as_the_committed_file_says(site, fault: str, ending: str) -> None:
    # A process takes its time to come back, and ten times the traffic needs ten times the machine.
    scale = {"crash": 100.0, "leak": 100.0, "burst": 30.0}.get(fault, 300.0)

    result = site.deploy(fault, scale=scale)

    assert (result.observed, result.objections) == (ending, ())
    assert result.harm.lost == 0
    assert processes_of(site.root) == []


def raise_threshold(site: Any) -> None:
    site.properties("ServerErrors")["Threshold"] = 0.4


def watch_another_metric(site: Any) -> None:
    site.properties("ServerErrors")["MetricName"] = "Invocation4XXErrors"


def shift_less(site: Any) -> None:
    site.routing["CanarySize"]["Value"] = 1


def ask_for_more(site: Any) -> None:
    site.properties("Check")["MinimumInvocations"] = 300


def ask_for_more_and_wait_longer(site: Any) -> None:
    ask_for_more(site)
    site.routing["WaitIntervalInSeconds"] = 1200


@pytest.mark.parametrize(
    ("edit", "fault", "ending"),
    [
        (raise_threshold, "5xx", "promoted"),
        pytest.param(watch_another_metric, "5xx", "promoted", marks=pytest.mark.full),
        (shift_less, "none", "inconclusive"),
        pytest.param(ask_for_more, "none", "inconclusive", marks=pytest.mark.full),
        pytest.param(ask_for_more_and_wait_longer, "none", "promoted", marks=pytest.mark.full),
    ],
)
def test_an_edit_of_the_template_changes_the_verdict(
    site, edit: Callable[[Any], None], fault: str, ending: str
) -> None:
    edit(site)

    assert site.deploy(fault).observed == ending


def test_an_alarm_on_the_models_own_metric_is_said_to_be_silent_here(site) -> None:
    site.properties("Latency").update(Namespace="Bikes/Serving", MetricName="Fallbacks")

    result = site.deploy("5xx")

    assert result.observed == "rolled back"
    assert "watches a metric of the model's own" in result.notes[0]


def test_a_wait_shorter_than_the_alarm_is_named_and_nothing_is_rehearsed(site) -> None:
    site.routing["WaitIntervalInSeconds"] = 60

    with pytest.raises(RehearsalError, match="bake_minutes: shorter than the alarm needs"):
        site.rehearse()

    assert not site.workspace.folder.joinpath("reports").exists()


@pytest.mark.full
def test_an_alarm_on_the_whole_endpoint_lets_a_sick_old_fleet_block_the_release(site) -> None:
    dimensions = site.properties("ServerErrors")["Dimensions"]
    dimensions[:] = [one for one in dimensions if one["Name"] != "EndpointConfigName"]

    result = site.deploy("sick-blue")

    assert (result.expected, result.observed) == ("rolled back", "rolled back")


@pytest.mark.full
def test_without_a_prober_wrong_answers_pass_and_the_rehearsal_fails(site) -> None:
    del site.properties("Prober")["Environment"]["Variables"]["PROBES_PER_MINUTE"]

    result = site.deploy("wrong-answers-inverted")

    assert (result.observed, result.as_expected) == ("promoted", False)
    assert result.objections == ("promoted instead of rolled back",)


def test_a_candidate_that_ends_at_its_start_says_why(site) -> None:
    site.register(slope=4.0, environment={"REFUSES_TO_START": "1"})

    result = site.deploy("none")

    assert result.observed == "failed to start"
    assert "no licence for this model" in " ".join(event.text for event in result.events)
    assert result.harm.lost == 0


def test_a_machine_that_is_late_makes_the_deployment_invalid(site, monkeypatch) -> None:
    monkeypatch.setattr("mlops.rehearsal.canary.machine.LAG_LIMIT_MS", 0.0)

    (result,) = site.rehearse(fault="alarm-red").deployments

    assert (result.observed, result.as_expected) == ("invalid", False)


@pytest.mark.full
def test_a_version_that_only_our_own_header_names_is_said_to_be_hidden_on_aws(site) -> None:
    site.register(slope=4.0, environment={"ONLY_OWN_HEADER": "1"})

    result = site.deploy("wrong-answers-inverted")

    assert result.objections == ("promoted instead of rolled back",)
    assert "answers name no version where InvokeEndpoint hands it on" in result.notes[0]


@pytest.mark.full
def test_the_only_version_can_be_deployed_over_itself(site) -> None:
    result = site.deploy("wrong-answers-inverted", candidate=1)

    assert (result.blue, result.green, result.observed) == ("1", "1-again", "rolled back")


def test_what_is_not_there_is_named_with_what_is(site) -> None:
    with pytest.raises(
        RehearsalError, match="--candidate 9: there is no such version; allowed: 1, 2"
    ):
        site.rehearse(candidate=9)
    with pytest.raises(RehearsalError, match="--stage test: there is no such stage; allowed: dev"):
        site.rehearse(stage="test")
    with pytest.raises(
        RehearsalError, match="--fault flood: there is no such fault; allowed: none"
    ):
        site.rehearse(fault="flood")
    with pytest.raises(
        RehearsalError, match=r"has no endpoint mlops-dev-tiny; remedy: .*--stage prod, or pin one"
    ):
        site.rehearse(stage="dev")


def test_a_model_that_only_an_earlier_stage_pins_is_rehearsed_there(site) -> None:
    (site.root / "config" / "releases.yaml").write_text("releases: {tiny: {dev: 1}}\n")

    with pytest.raises(RehearsalError, match="has no endpoint mlops-dev-tiny"):
        site.rehearse()


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_version_that_no_stage_would_be_given_is_refused_unless_it_is_named(
    site, status: str
) -> None:
    site.register(slope=3, status=status)
    said = io.StringIO()

    with pytest.raises(RehearsalError, match=rf"tiny 3: is {status}, .*allowed: 1, 2; remedy: a"):
        site.rehearse()
    site.rehearse(candidate=3, console=Console(file=said, width=200))

    assert f"mind: version 3 is {status}; `mlops release pin` refuses it" in said.getvalue()


def test_a_rejected_version_that_is_still_pinned_is_told(site) -> None:
    site.decide(1, "Rejected")
    said = io.StringIO()

    site.rehearse(console=Console(file=said, width=200))

    assert "mind: version 1 is Rejected" in said.getvalue()


def test_a_registry_without_versions_says_how_to_get_one(site) -> None:
    for file in site.workspace.registry.glob("*/[0-9]*.json"):
        file.unlink()

    with pytest.raises(RehearsalError, match="remedy: mlops rehearse pipeline tiny --approve"):
        site.rehearse()


PROGRAM = """
import io, json, sys
from pathlib import Path
from rich.console import Console
from mlops.rehearsal.canary import Wishes, rehearse_canary
root, wishes = Path(sys.argv[1]), Wishes(**json.loads(sys.argv[2]))
try:
    rehearsal = rehearse_canary(root, "tiny", assembly=root / "cdk.out", wishes=wishes,
                                console=Console(file=io.StringIO()), python=Path(sys.executable))
except KeyboardInterrupt:
    sys.exit(130)
print(rehearsal.deployments[0].observed, rehearsal.report)
"""


def program(site: Any, **wishes: Any) -> list[str]:
    """A rehearsal as a program of its own."""
    return [sys.executable, "-c", PROGRAM, str(site.root), json.dumps(wishes)]


@pytest.mark.full
def test_two_rehearsals_at_once_do_not_disturb_each_other(site) -> None:
    """Two programs, as two people start them: one whose machine is late repeats itself slower."""
    site.assembly()
    programs = [
        subprocess.Popen(program(site, fault=fault), stdout=subprocess.PIPE, text=True)
        for fault in ("5xx", "alarm-red")
    ]

    said = [one.communicate(timeout=300)[0].strip() for one in programs]
    endings, reports = zip(*(line.rsplit(" ", 1) for line in said), strict=True)

    assert endings == ("rolled back", "rolled back")
    assert len({Path(report) for report in reports if (Path(report) / "index.html").exists()}) == 2
    assert processes_of(site.root) == []


def test_the_record_holds_what_the_table_shows(site) -> None:
    rehearsal = site.rehearse(fault="alarm-red")
    record = json.loads((rehearsal.report / "canary.json").read_text())

    assert [one["observed"] for one in record["deployments"]] == ["rolled back"]
    assert record["deployments"][0]["changes"][0]["state"] == State.ALARM


def _interruptible() -> None:
    """A shell starts background jobs, and a test run among them, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("seconds", "number"),
    [
        (1.0, signal.SIGINT),
        (2.5, signal.SIGTERM),
        pytest.param(0.7, signal.SIGTERM, marks=pytest.mark.full),
        pytest.param(1.3, signal.SIGINT, marks=pytest.mark.full),
        pytest.param(4.0, signal.SIGINT, marks=pytest.mark.full),
    ],
)
def test_a_stop_at_any_moment_leaves_no_process_and_no_report(
    site, seconds: float, number: signal.Signals
) -> None:
    site.assembly()
    rehearsal = subprocess.Popen(
        program(site, scale=60.0),
        preexec_fn=_interruptible,  # noqa: PLW1509  # no thread runs yet
    )
    time.sleep(seconds)

    rehearsal.send_signal(number)
    code = rehearsal.wait(timeout=60)

    assert code in (130, -number)  # before the program listens, the signal itself ends it
    assert processes_of(site.root) == []
    assert list(site.workspace.folder.glob("reports/*")) == []


@pytest.fixture
def without_files() -> Iterator[Callable[[int], None]]:
    """Leaves this process only so many further files, until the test's end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def limit(further: int) -> None:
        used = {int(one.name) for one in Path("/proc/self/fd").iterdir()}
        free = (number for number in itertools.count() if number not in used)
        most = next(itertools.islice(free, further, None))
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("further", [6, 12, 20])
def test_a_machine_without_files_makes_the_deployment_invalid_and_ends(
    site, without_files, further: int, capfd
) -> None:
    """Wherever the last file is missing: at a start, at a connection, at an accept."""
    site.assembly()
    without_files(further)

    rehearsal = site.rehearse(fault="none", scale=60.0)

    (result,) = rehearsal.deployments
    assert (result.observed, len(result.objections)) == ("invalid", 1)
    assert "Too many open files" in result.objections[0]
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_has_finished_is_reported_and_kept_whatever_follows(site, monkeypatch) -> None:
    monkeypatch.setattr(
        "mlops.rehearsal.canary.rehearsal._wanted", lambda _: ("alarm-red", "no-traffic", "none")
    )
    played = rehearsal_module.played
    begun = []

    def ended_at_the_second(stage, fault, expectation, console):
        begun.append(fault.name)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return played(stage, fault, expectation, console)

    monkeypatch.setattr(rehearsal_module, "played", ended_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        site.rehearse(fault="all")
    (report,) = site.workspace.folder.glob("reports/*/canary.json")
    first = [one["fault"] for one in json.loads(report.read_text())["deployments"]]

    rehearsal = site.rehearse(fault="all", resume=True)

    assert first == ["alarm-red"]
    assert begun == ["alarm-red", "no-traffic", "no-traffic", "none"]
    assert [one.fault for one in rehearsal.deployments] == ["alarm-red", "no-traffic", "none"]
    assert rehearsal.deployments[0].events, "a kept deployment is whole"


def test_what_was_kept_of_another_template_is_not_taken(site, monkeypatch) -> None:
    monkeypatch.setattr("mlops.rehearsal.canary.rehearsal._wanted", lambda _: ("alarm-red",))
    monkeypatch.setattr(Kept, "clear", lambda _: None)
    site.rehearse(scale=FAST)
    begun = []
    monkeypatch.setattr(rehearsal_module, "played", lambda _, fault, *__: begun.append(fault.name))
    site.properties("ServerErrors")["Threshold"] = 0.3

    with contextlib.suppress(AttributeError):
        site.rehearse(resume=True)

    assert begun == ["alarm-red"]


def test_several_deployments_say_beforehand_how_long_they_take(site, monkeypatch) -> None:
    names = ("alarm-red", "no-traffic")
    monkeypatch.setattr("mlops.rehearsal.canary.rehearsal._wanted", lambda _: names)
    said = io.StringIO()

    site.rehearse(console=Console(file=said, width=200))
    lines = said.getvalue().splitlines()

    (at,) = (number for number, line in enumerate(lines) if "2 deployments take about" in line)
    starts = [number for number, line in enumerate(lines) if " starts: " in line]
    ends = [next(n for n, line in enumerate(lines) if f" {name}:" in line) for name in names]
    assert at < starts[0] < ends[0] < starts[1] < ends[1]
