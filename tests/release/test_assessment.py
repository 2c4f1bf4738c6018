from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import StageSpec
from mlops.registry import RegistryError
from mlops.release import Move, RecordFiles, ReleaseError, ReleasesFile
from mlops.release.assessment import Assessor
from mlops.rollout.record import ReleaseRecord

MODEL = "bike-demand"


@pytest.fixture
def assessor(host: Any, rehearsed: Any) -> Callable[..., Assessor]:
    """Looks at bike-demand, whose dev runs 3 and whose staging runs 2, both on approval."""
    pins = "releases: {bike-demand: {dev: 3, staging: 2}}\n"
    (host.desk / "config/releases.yaml").write_text(pins)

    def made(**changes: Any) -> Assessor:
        settings: dict[str, Any] = {
            "file": ReleasesFile.read(host.desk, model=None),
            "commits": [],
            "client": rehearsed.client,
            "records": RecordFiles(folder=rehearsed.folder / "records"),
            "condemns": True,
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

    told = assessor(condemns=False).assess(MODEL)

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
        def read(self, stage: StageSpec, model: str) -> ReleaseRecord | None:
            if stage.name == "prod":
                raise ReleaseError("no way into prod")
            return None

    rehearsed.register("Approved", "Approved", "Approved", "Approved")

    found = assessor(records=Closed()).assess(MODEL)

    assert found.problems == ("no way into prod",)
    assert len(found.moves) == 3


def test_a_rejection_that_the_registry_refuses_moves_nothing(
    rehearsed: Any, assessor: Callable[..., Assessor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RegistryError("not you (AccessDeniedException)")

    rehearsed.register("Approved", "Approved", "Approved", "Approved")
    rehearsed.record("dev", 3)
    monkeypatch.setattr("mlops.release.condemned.reject", refused)

    found = assessor().assess(MODEL)

    assert found.moves == ()
    assert found.problems == ("bike-demand: not you (AccessDeniedException)",)
