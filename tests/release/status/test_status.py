from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mlops.registry import ModelVersion
from mlops.release import Live, Registered, StageStatus

REGISTERED = Registered(statuses={3: "Approved", 2: "Approved", 1: "Rejected"})
GOOD = StageStatus(
    stage="staging",
    pinned=3,
    before=StageStatus(stage="dev", pinned=3),
    live=Live(version=3, endpoint_status="InService"),
    registered=REGISTERED,
)


def test_a_stage_that_runs_the_newest_approved_version_differs_in_nothing() -> None:
    assert GOOD.differences == []


def test_a_stage_without_a_release_differs_in_nothing_while_nothing_is_there() -> None:
    assert StageStatus(stage="dev", pinned=None, live=Live()).differences == []
    assert StageStatus(stage="dev", pinned=None).differences == []


@pytest.mark.parametrize(
    ("pinned", "live", "expected"),
    [
        (3, Live(), ["3 is pinned and no endpoint is there: not deployed yet"]),
        (
            3,
            Live(version=2, endpoint_status="InService"),
            ["2 runs instead of 3: not deployed yet, or rolled back"],
        ),
        (
            3,
            Live(version=2, endpoint_status="Updating"),
            [
                "2 runs instead of 3: not deployed yet, or rolled back",
                "the endpoint is Updating",
            ],
        ),
        (3, Live(version=3, endpoint_status="Failed"), ["the endpoint is Failed"]),
        (
            None,
            Live(version=2, endpoint_status="InService"),
            ["2 runs and nothing is pinned: its stack was not removed yet"],
        ),
        (3, Live(unknown="not you"), ["what it runs is unknown: not you"]),
        (
            3,
            Live(unknown="runs something", endpoint_status="InService"),
            ["what it runs is unknown: runs something"],
        ),
    ],
)
def test_what_runs_is_compared_with_what_is_pinned(
    pinned: int | None, live: Live, expected: list[str]
) -> None:
    assert StageStatus(stage="dev", pinned=pinned, live=live).differences == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({3: "Rejected"}, ["3 is pinned and Rejected"]),
        ({3: "PendingManualApproval"}, [
            "3 is pinned and PendingManualApproval", "3 waits for a decision",
        ]),
        ({2: "Approved"}, ["3 is pinned and not in the registry"]),
        ({}, ["3 is pinned and not in the registry"]),
        ({3: "Approved", 4: "Approved"}, ["4 is approved and not pinned"]),
        ({3: "Approved", 4: "Approved", 5: "PendingManualApproval"}, [
            "4 is approved and not pinned", "5 waits for a decision",
        ]),
        ({3: "Approved", 4: "Rejected"}, []),
    ],
)  # fmt: skip
def test_what_is_pinned_is_compared_with_the_registry(
    statuses: dict[int, str], expected: list[str]
) -> None:
    status = replace(GOOD, registered=Registered(statuses=statuses))

    assert status.differences == expected


def test_an_approved_version_waits_for_its_first_release() -> None:
    status = StageStatus(stage="dev", pinned=None, registered=REGISTERED)

    assert status.differences == ["3 is approved and not pinned"]


def test_a_stage_is_compared_with_the_one_before() -> None:
    status = replace(GOOD, before=StageStatus(stage="dev", pinned=4))

    assert status.differences == ["dev has 4"]
    assert replace(GOOD, before=StageStatus(stage="dev", pinned=None)).differences == []


def test_the_registrys_view_is_made_of_its_versions() -> None:
    versions = [
        ModelVersion(
            group="g", number=n, arn="", status=status, created=datetime(2026, 1, 1, tzinfo=UTC)
        )
        for n, status in ((3, "PendingManualApproval"), (2, "Approved"), (1, "Approved"))
    ]

    found = Registered.of(versions)

    assert (found.newest, found.approved) == (3, 2)
    assert (Registered().newest, Registered().approved) == (None, None)


def test_what_a_person_should_know_about_the_newest_approval_stands_beside_it() -> None:
    registered = replace(REGISTERED, remarks={3: "nobody recorded who started its training"})

    found = replace(GOOD, pinned=2, registered=registered).differences

    assert "3: nobody recorded who started its training" in found
