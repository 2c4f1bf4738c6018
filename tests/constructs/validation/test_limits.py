from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import limits

Details = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("section", "limit"), [("Resources", 500), ("Outputs", 200), ("Parameters", 200)]
)
def test_one_entry_more_than_the_limit_is_found(section: str, limit: int, details: Details) -> None:
    def template(count: int) -> dict[str, Any]:
        return {section: {f"Entry{number}": {"Type": "T"} for number in range(count)}}

    assert details(limits.templates_hold_their_entries, template(limit)) == []
    assert details(limits.templates_hold_their_entries, template(limit + 1)) == [
        f"{limit + 1} {section.lower()}, allowed: {limit}"
    ]


def test_the_file_is_measured_and_not_what_it_says() -> None:
    assert limits.oversize(b" " * 1_000_000) is None
    assert limits.oversize(b" " * 1_000_001) == (
        "the template has 1,000,001 bytes, allowed: 1,000,000"
    )
