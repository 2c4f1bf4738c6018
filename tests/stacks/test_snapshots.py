"""Every stack of every stage as a reviewer sees it change."""

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

STACKS = (
    "Delivery",
    "dev/Foundation",
    "dev/Registry",
    "dev/bike-demand-Training",
    "dev/bike-demand-Serving",
    "dev/bike-demand-ReleaseCheck",
    "dev/bike-demand-Monitoring",
    "dev/Checks",
    "dev/Overview",
    "staging/Foundation",
    "staging/bike-demand-Serving",
    "staging/bike-demand-ReleaseCheck",
    "staging/bike-demand-Monitoring",
    "staging/Checks",
    "staging/Overview",
    "prod/Foundation",
    "prod/bike-demand-Serving",
    "prod/bike-demand-ReleaseCheck",
    "prod/bike-demand-Monitoring",
    "prod/Checks",
    "prod/Overview",
)


def test_every_stack_has_a_snapshot(templates: dict[str, Any]) -> None:
    assert sorted(templates) == sorted(STACKS)


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.replace("/", "-"))
def test_a_change_of_this_stack_is_seen_in_review(
    templates: dict[str, Any],
    snapshot_json: SnapshotAssertion,
    reviewable: Callable[[dict[str, Any]], dict[str, Any]],
    path: str,
) -> None:
    assert reviewable(templates[path]) == snapshot_json
