import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import StageSpec
from mlops.registry import RegistryError
from mlops.release import Checkout, Move, Recorded, RecordFiles, ReleaseError, ReleasesFile
from mlops.release.automation.assessment import Assessor

MODEL = "bike-demand"


@pytest.fixture
def assessor(host: Any, rehearsed: Any) -> Callable[..., Assessor]:
    """Looks at bike-demand, whose dev runs 3 and whose staging runs 2, both on approval."""
    host.release("dev: 3, staging: 2")

    def made(**changes: Any) -> Assessor:
        settings: dict[str, Any] = {
            "file": ReleasesFile.read(host.desk, model=None),
            "commits": Checkout(root=host.desk).commits(),
            "client": rehearsed.client,
            "records": RecordFiles(folder=rehearsed.folder / "records"),
            "rejects": True,
        }
        return Assessor(**(settings | changes))

    return made


def test_every_stage_gets_a_decision_and_every_move_its_reason(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved", "Approved", "Approved", "Approved")

    found = assessor().assess(MODEL)

    assert [one.stage for one in found.decisions] == ["dev", "staging", "prod"]
    assert [(one.step.move.stage, one.why) for one in found.moves] == [
        (stage, "4 is approved: read card 4") for stage in ("dev", "staging", "prod")
    ]
    assert (found.notes, found.problems) == ((), ())


def test_a_version_that_its_own_starter_approved_moves_no_pin(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    alice = "arn:aws:sts::222222222222:assumed-role/DataScience/alice"
    rehearsed.register("Approved", "Approved", "Approved", "Approved")
    path = rehearsed.folder / "registry" / "mlops-bike-demand" / "4.json"
    version = json.loads(path.read_text())
    version["CustomerMetadataProperties"] = {"started_by": alice}
    version["LastModifiedBy"] = {"IamIdentity": {"Arn": alice}}
    path.write_text(json.dumps(version))

    found = assessor().assess(MODEL)

    moved = {one.step.move.stage: one.step.move.version for one in found.moves}
    assert moved == {"staging": 3, "prod": 3}
    dev = found.decisions[0]
    assert dev.held[0].startswith(f"4 is held: approved by {alice}, who started its training")


def test_a_version_that_is_rejected_now_counts_as_rejected_at_once(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved", "Approved", "Approved")
    rehearsed.record("dev", 3)

    found = assessor().assess(MODEL)

    assert rehearsed.status(3)[0] == "Rejected"
    dev = found.moves[0].step.move
    assert dev == Move(model=MODEL, stage="dev", before=3, version=2)
    assert found.moves[0].why.startswith("3 was rolled back: version 3 failed in dev at")


def test_without_leave_to_reject_the_same_is_told(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved", "Approved", "Approved")
    rehearsed.record("dev", 3)

    told = assessor(rejects=False).assess(MODEL)

    assert rehearsed.status(3)[0] == "Approved"
    assert told == assessor().assess(MODEL)


def test_a_version_that_is_gone_has_no_reason(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved")

    found = assessor().assess(MODEL)

    assert [one.why for one in found.moves] == [
        "3 is unknown to the registry", "2 is unknown to the registry",
        "1 is approved: read card 1",
    ]  # fmt: skip


def test_a_registry_that_does_not_answer_moves_nothing(assessor: Callable[..., Assessor]) -> None:
    found = assessor().assess(MODEL)

    assert (found.decisions, found.moves) == ((), ())
    (problem,) = found.problems
    assert problem.startswith("bike-demand: mlops-bike-demand: ")


def test_an_unread_record_is_told_beside_everything_else(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    class Closed:
        def read(self, stage: StageSpec, model: str) -> Recorded:
            if stage.name == "prod":
                raise ReleaseError("no way into prod")
            return Recorded()

    rehearsed.register("Approved", "Approved", "Approved", "Approved")

    found = assessor(records=Closed()).assess(MODEL)

    assert found.problems == ("no way into prod",)
    assert [one.step.move.stage for one in found.moves] == ["dev", "staging"]


def test_a_rejection_that_the_registry_refuses_moves_nothing(
    rehearsed: Any, assessor: Callable[..., Assessor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RegistryError("not you (AccessDeniedException)")

    rehearsed.register("Approved", "Approved", "Approved", "Approved")
    rehearsed.record("dev", 3)
    monkeypatch.setattr("mlops.release.automation.failures.reject", refused)

    found = assessor().assess(MODEL)

    assert found.moves == ()
    assert found.problems == ("bike-demand: not you (AccessDeniedException)",)


def test_a_contract_that_cannot_be_read_leaves_blame_unproven_and_everything_where_it_is(
    host: Any, rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved", "Approved", "Approved")
    rehearsed.record("dev", 3)
    (host.desk / "model_code/bike_demand/model.yaml").write_text("nobody reads this")

    found = assessor().assess(MODEL)

    assert found.moves == ()
    (problem,) = found.problems
    assert problem.startswith(
        "the records of dev blame a version of bike-demand, and its contract cannot be read: "
        "model_code/bike_demand/model.yaml"
    )


def test_a_canary_needs_as_much_traffic_as_the_stage_asks_for_and_never_more_than_enough(
    host: Any, rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    path = host.desk / "config/stages.yaml"
    canary = "    canary: {minimum_invocations: 30}\n    promotion:"
    path.write_text(path.read_text().replace("    promotion:", canary, 1))
    rehearsed.register("Approved", "Approved", "Approved")

    rehearsed.record("dev", 3, canary_invocations=29)
    assert "fewer than the 30 that blame needs" in assessor().assess(MODEL).problems[0]
    rehearsed.record("dev", 3, canary_invocations=30)
    assert assessor().assess(MODEL).problems == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outcome": "healthy", "cause": None, "red_alarms": (), "live_version": 3}, ()),
        (
            {"outcome": "inconclusive", "cause": "unknown", "reasons": ("no traffic", "late")},
            (
                (
                    "bike-demand: 3 was inconclusive in dev, and the cause is unknown; nothing "
                    "follows by itself: no traffic; late"
                ),
            ),
        ),
        (
            {"cause": "infrastructure", "reasons": ()},
            (
                (
                    "bike-demand: 3 was unhealthy in dev, and the cause is infrastructure; nothing "
                    "follows by itself: no reason was given"
                ),
            ),
        ),
    ],
)
def test_what_blames_nobody_is_told_and_moves_nothing(
    rehearsed: Any, assessor: Callable[..., Assessor], changes: dict[str, Any], said: tuple[str]
) -> None:
    rehearsed.register("Approved", "Approved", "Approved")
    rehearsed.record("dev", 3, **changes)

    found = assessor().assess(MODEL)

    assert found.notes == said
    assert [one.step.move.stage for one in found.moves] == ["staging", "prod"]
    assert rehearsed.status(3)[0] == "Approved"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Rejected", ()),
        (
            "Pending",
            ("bike-demand: 3 failed in dev and is PendingManualApproval: decide about it",),
        ),
    ],
)
def test_only_an_approved_version_is_rejected(
    rehearsed: Any, assessor: Callable[..., Assessor], status: str, said: tuple[str]
) -> None:
    rehearsed.register("Approved", "Approved", status)
    rehearsed.record("dev", 3)
    before = rehearsed.status(3)

    found = assessor().assess(MODEL)

    assert found.notes == said
    assert rehearsed.status(3) == before


def test_a_version_that_is_gone_is_not_rejected(
    rehearsed: Any, assessor: Callable[..., Assessor]
) -> None:
    rehearsed.register("Approved", "Approved")
    rehearsed.record("dev", 3)

    found = assessor().assess(MODEL)

    assert (found.notes, found.problems) == ((), ())
    assert found.moves[0].why == "3 is unknown to the registry"
