"""What a record achieves that somebody forged, and what a true one may achieve at most.

Whoever can write the parameter of a stage can write anything there. Each forgery lacks one piece of
what the deployed functions need before they blame a version.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.contract import Platform, StageSpec
from mlops.registry import SageMakerClient
from mlops.release import Commit, ReleaseError, ReleasesFile
from mlops.release.automation.assessment import Assessment, Assessor
from mlops.release.automation.automation import Automation, Report
from mlops.release.git.git import Git
from mlops.release.status.records import Recorded, RecordFiles, recorded
from mlops.release.status.sources import LocalSources
from mlops.rollout.fleets import Fleets
from tests.release.conftest import CONTRACT, FLEETS, PACKAGES, STAGES_OF_THE_HOST, failed

HOUR = timedelta(hours=1)
PROD = "mlops-prod-bike-demand"
NEVER_PINNED = 3

FORGERIES: Mapping[str, Mapping[str, Any]] = {
    "no alarm was red": {"red_alarms": ()},
    "the canary had no traffic": {"canary_invocations": 0},
    "nobody counted the canary's traffic": {"canary_invocations": None},
    "the canary had too little traffic": {"canary_invocations": 99},
    "nobody knows what serves": {"live_version": None},
    "the version itself serves": {"live_version": 2},
    "both fleets failed alike": {"fleets": Fleets(old=FLEETS.new, new=FLEETS.new)},
    "nobody knows how the old fleet did": {"fleets": None},
    "SageMaker names infrastructure": {"reasons": ("SageMaker says: InsufficientCapacity",)},
    "another stage's alarm": {
        "red_alarms": ("mlops-dev-bike-demand-rollback-model-errors-0123456789ab",)
    },
    "another release's alarm": {"red_alarms": (f"{PROD}-rollback-model-errors-ba9876543210",)},
    "an alarm that rolls nothing back": {"red_alarms": (f"{PROD}-drift-0123456789ab",)},
    "a red alarm beside a foreign one": {
        "red_alarms": (f"{PROD}-rollback-model-errors-0123456789ab", "somebody-else")
    },
    "no release": {"release": "", "red_alarms": (f"{PROD}-rollback-model-errors-",)},
    "no deployment": {"deployment": ""},
    "another stage's endpoint": {"endpoint": "mlops-dev-bike-demand"},
    "another version's package": {"package": f"{PACKAGES}/1"},
    "another account's package": {"package": f"{PACKAGES}/2".replace("222222222222", "9" * 12)},
    "another model's package": {"package": f"{PACKAGES}/2".replace("bike-demand", "churn")},
    "a time in the future": {"time": (datetime.now(UTC) + HOUR).isoformat()},
    "the last year of the calendar": {"time": "9999-12-31T23:59:59+00:00"},
    "the last moment of the calendar": {"time": "9999-12-31T23:59:59.999999-23:59"},
    "a time before the version was pinned": {"time": "2026-01-01T12:00:00+00:00"},
    "the first moment of the calendar": {"time": "0001-01-01T00:00:00+23:59"},
}


@pytest.fixture
def automation(host: Any, rehearsed: Any, unattended_git: Git) -> Automation:
    """The automation over stages that all run version 2, which was approved."""
    rehearsed.register("Approved", "Approved")
    rehearsed.register("Pending", model="churn")
    host.release("dev: 2, staging: 2, prod: 2", "Everywhere\n\nRelease-Automation: approved")
    return Automation(
        remote=host.remote,
        git=unattended_git,
        sources=LocalSources(folder=rehearsed.folder),
        sleep=lambda _: None,
    )


def pins(host: Any) -> str:
    """What the delivered branch pins, by stage."""
    text: str = host.show("config/releases.yaml")
    return text.partition("bike-demand: {")[2].partition("}")[0]


def notes(report: Report, stage: str) -> str:
    """What people are notified about bike-demand in a stage."""
    found = (one for one in report.decisions if (one.model, one.stage) == ("bike-demand", stage))
    one = next(found)
    return "; ".join((*one.held, *one.notes))


@pytest.fixture
def assessed(tmp_path: Path, rehearsed: Any) -> Callable[[Any], Assessment]:
    """Looks at bike-demand, which all stages run in version 2, beside records of one's own."""
    rehearsed.register("Approved", "Approved")
    content = "releases:\n  bike-demand: {dev: 2, staging: 2, prod: 2}\n"
    for name, text in {
        "config/stages.yaml": STAGES_OF_THE_HOST,
        "config/releases.yaml": content,
        "model_code/bike_demand/model.yaml": CONTRACT.read_text("utf-8"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    pinned = Commit(
        id="0" * 40, when=datetime.now(UTC) - HOUR, who="Ada", message="Everywhere", content=content
    )

    def look(records: Any) -> Assessment:
        return Assessor(
            file=ReleasesFile.read(tmp_path, model=None),
            commits=[pinned],
            client=rehearsed.client,
            records=records,
            rejects=True,
        ).assess("bike-demand")

    return look


@pytest.mark.parametrize("lacks", FORGERIES)
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_forged_record_moves_nothing_and_is_reported(
    rehearsed: Any, assessed: Callable[[Any], Assessment], stage: str, lacks: str
) -> None:
    changes = FORGERIES[lacks]
    if stage == "dev":
        changes = {key: _in_dev(value) for key, value in changes.items()}
    rehearsed.record(stage, 2, **changes)

    found = assessed(RecordFiles(folder=rehearsed.folder / "records"))

    assert found.moves == ()
    assert rehearsed.status(2)[0] == "Approved"
    assert len(found.problems) == 1
    said = f"/mlops/{stage}/bike-demand/release-record: is not believed: "
    assert found.problems[0].startswith(said)


def test_the_record_that_the_forgeries_are_made_of_is_believed(
    rehearsed: Any, assessed: Callable[[Any], Assessment]
) -> None:
    rehearsed.record("prod", 2)

    found = assessed(RecordFiles(folder=rehearsed.folder / "records"))

    assert [one.step.move.subject for one in found.moves] == [
        "Release: bike-demand 1 in prod (was 2)"
    ]
    assert found.problems == ()


def _in_dev(value: Any) -> Any:
    """The same forgery of the other stage."""
    if isinstance(value, tuple):
        return tuple(map(_in_dev, value))
    swapped = {"mlops-prod-": "mlops-dev-", "mlops-dev-": "mlops-prod-"}
    if isinstance(value, str):
        return next((value.replace(a, b) for a, b in swapped.items() if a in value), value)
    return value


def test_a_version_that_was_never_pinned_there_cannot_have_failed_there(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.client.create_model_package(ModelPackageGroupName="mlops-bike-demand")
    rehearsed.decide(NEVER_PINNED, "Approved", "better")
    host.release("dev: 3, staging: 3, prod: 2", "Two\n\nRelease-Automation: approved")
    rehearsed.record("prod", NEVER_PINNED)

    report = automation.run()

    assert pins(host) == "dev: 3, staging: 3, prod: 3"
    assert any("no commit had pinned version 3 there" in one for one in report.problems)


def test_a_forged_record_is_reported_until_the_stage_writes_its_next_one(
    rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("prod", 2, red_alarms=())
    rehearsed.record("prod", 2, outcome="healthy", cause=None, red_alarms=(), live_version=2)

    assert automation.run().problems == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
TEXTS = st.one_of(
    st.dictionaries(st.sampled_from(sorted(json.loads(failed("prod", 2).to_json()))), ANYTHING).map(
        lambda changes: json.dumps(json.loads(failed("prod", 2).to_json()) | changes)
    ),
    st.text(max_size=200),
    st.sampled_from(["[" * 4000, '{"a":' * 4000, "NaN", '{"schema": 1e999}', "\ud800"]),
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(text=TEXTS)
def test_whatever_a_parameter_holds_ends_in_words(
    assessed: Callable[[Any], Assessment], text: str
) -> None:
    """The stages' parameter is the one thing here that another account writes."""
    found = assessed(Fixed(text))

    assert [one.stage for one in found.decisions] == ["dev", "staging", "prod"]
    assert len(found.problems) <= 1


class Fixed:
    """Prod's parameter with one value; the other stages have none."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, stage: StageSpec, model: str) -> Recorded:
        if (stage.name, model) != ("prod", "bike-demand"):
            return Recorded()
        return recorded([self.text], "/mlops/prod/bike-demand/release-record", stage, model)


@dataclass(frozen=True, kw_only=True)
class Said:
    """The registry of rehearsals, beside records of another kind."""

    local: LocalSources
    said: Any

    def registry(self, platform: Platform) -> SageMakerClient:
        return self.local.registry(platform)

    def records(self, platform: Platform) -> Any:
        return self.said


def test_a_stage_moves_its_own_pin_back_and_no_other(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    for stage in ("dev", "staging"):
        healthy(rehearsed, stage, 2)
    record = rehearsed.record("prod", 2)

    report = automation.run()

    assert report.problems == ()
    assert pins(host) == "dev: 2, staging: 2, prod: 1"
    assert rehearsed.status(2)[0] == "Approved"
    assert (
        f"bike-demand 1 in prod (was 2): 2 was rolled back: version 2 failed in prod at "
        f"{record.time}: its canary answered 250 requests; red alarms: "
        "mlops-prod-bike-demand-rollback-model-errors-0123456789ab"
    ) in host.log(what="%b")
    assert automation.run().done == ()


def test_a_stage_holds_its_version_in_the_stages_after_it(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    healthy(rehearsed, "dev", 2)
    rehearsed.record("staging", 2)

    report = automation.run()

    assert pins(host) == "dev: 2, staging: 1, prod: 1"
    assert rehearsed.status(2)[0] == "Approved"
    assert "2 was rolled back in staging and never ran here" in host.log(what="%B")[3]
    again = automation.run()
    assert again.done == ()
    assert "2 is approved and held: rolled back in staging at" in notes(again, "prod")
    assert report.notes[0].startswith("bike-demand: held in staging and in every stage after it")


def test_a_stage_never_moves_one_in_which_the_version_runs(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    for stage in ("dev", "prod"):
        healthy(rehearsed, stage, 2)
    rehearsed.record("staging", 2)

    report = automation.run()

    assert pins(host) == "dev: 2, staging: 1, prod: 2"
    assert "2 is pinned here and was rolled back in staging at" in notes(report, "prod")


def test_what_failed_stays_out_when_the_stages_next_deployment_is_healthy(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    healthy(rehearsed, "dev", 2)
    rehearsed.record("staging", 2)
    automation.run()

    healthy(rehearsed, "staging", 1)
    report = automation.run()

    assert report.done == ()
    assert pins(host) == "dev: 2, staging: 1, prod: 1"


def test_a_later_approval_lifts_the_hold_everywhere(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("staging", 2)
    automation.run()

    rehearsed.decide(2, "Approved", "the caller was wrong, not the model")
    report = automation.run()

    assert pins(host) == "dev: 2, staging: 2, prod: 2"
    assert any("people have the last word" in note for note in report.notes)


def test_the_same_deployment_told_again_does_not_beat_an_approval(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("staging", 2)
    automation.run()
    rehearsed.decide(2, "Approved", "the caller was wrong, not the model")

    rehearsed.record("staging", 2)
    automation.run()

    assert pins(host) == "dev: 2, staging: 2, prod: 2"


def test_a_new_deployment_that_fails_is_new_evidence(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("staging", 2)
    rehearsed.decide(2, "Approved", "the caller was wrong, not the model")

    rehearsed.record("staging", 2, deployment="EndpointConfig-another")
    automation.run()

    assert pins(host) == "dev: 2, staging: 1, prod: 1"


def test_a_later_success_of_the_same_version_lifts_the_hold(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("staging", 2)

    healthy(rehearsed, "staging", 2, deployment="EndpointConfig-another")
    automation.run()

    assert pins(host) == "dev: 2, staging: 2, prod: 2"


def test_a_person_who_pins_a_held_version_is_final_in_that_stage_alone(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.record("staging", 2)
    automation.run()
    assert pins(host) == "dev: 2, staging: 1, prod: 1"

    time.sleep(1)  # git knows whole seconds only
    host.release("dev: 2, staging: 1, prod: 2", "We need it in prod")
    automation.run()

    assert pins(host) == "dev: 2, staging: 1, prod: 2"


def test_the_stage_that_trains_rejects_in_its_own_registry(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    record = rehearsed.record("dev", 2)

    report = automation.run()

    status, reason = rehearsed.status(2)
    assert status == "Rejected"
    assert reason is not None
    assert reason.startswith(f"version 2 failed in dev at {record.time}")
    assert report.notes == (f"bike-demand: rejected: {reason}",)
    assert pins(host) == "dev: 1, staging: 1, prod: 1"


def test_a_stage_that_cannot_be_asked_keeps_its_pin_and_those_after_it(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.client.create_model_package(ModelPackageGroupName="mlops-bike-demand")
    rehearsed.decide(3, "Approved", "better")
    local = LocalSources(folder=rehearsed.folder)
    sources = Said(local=local, said=Closed(rehearsed, "staging"))

    report = replace(automation, sources=sources).run()

    assert pins(host) == "dev: 3, staging: 2, prod: 2"
    assert report.problems == ("no way into staging",)
    assert "nothing moves here while the release records of staging" in notes(report, "prod")


class Closed:
    """The records of rehearsals, of which one stage's cannot be reached."""

    def __init__(self, rehearsed: Any, stage: str) -> None:
        self.files = RecordFiles(folder=rehearsed.folder / "records")
        self.stage = stage

    def read(self, stage: StageSpec, model: str) -> Recorded:
        if stage.name == self.stage:
            raise ReleaseError(f"no way into {stage.name}")
        return self.files.read(stage, model)


def healthy(rehearsed: Any, stage: str, number: int, **changes: Any) -> None:
    """A stage's deployment of a version succeeds."""
    good = {"outcome": "healthy", "cause": None, "red_alarms": (), "fleets": None}
    rehearsed.record(stage, number, live_version=number, **(good | changes))
