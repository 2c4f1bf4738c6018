import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlops.container.monitoring import Baseline, WindowSummary, merged, observe
from mlops.container.monitoring.window_summary import summary_of

Table = dict[str, list[Any]]
INPUTS = ("temperature", "hour", "weekday", "holiday")


def _lines(table: Table, capture: Callable[..., bytes], event: str = "e") -> list[bytes]:
    """Requests of one to three rows."""
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    sizes = np.random.default_rng(5).integers(1, 4, len(rows))
    lines, start = [], 0
    for number, size in enumerate(sizes):
        chosen = rows[start : start + size]
        start += int(size)
        if chosen:
            lines.append(
                capture(
                    [{name: row[name] for name in INPUTS} for row in chosen],
                    [{"demand": row["demand"]} for row in chosen],
                    event=f"{event}{number}",
                    time=f"2026-11-02T{number % 24:02}:00:00Z",
                )
            )
    return lines


def _told(summary: WindowSummary) -> str:
    """Everything that does not depend on the order of floating-point sums."""
    fields = {
        name: [
            field.counts.tolist(), field.groups.squares.tolist(), field.presence.counts.tolist(),
            field.faults.null, field.unseen.counts, round(field.moments.mean, 9),
            round(field.moments.squares, 6),
        ]
        for name, field in summary.fields.items()
    }  # fmt: skip
    plain = [summary.requests, summary.rows, summary.answered_rows, dict(summary.extra),
             dict(summary.reasons), str(summary.first), str(summary.last),
             summary.events.tolist()]  # fmt: skip
    return json.dumps([plain, fields], sort_keys=True)


@pytest.mark.parametrize("batch_rows", [1, 7, 50, 10_000])
def test_a_window_is_the_same_however_it_is_batched(
    baseline: Baseline,
    table: Callable[..., Table],
    capture: Callable[..., bytes],
    batch_rows: int,
) -> None:
    lines = _lines(table(300), capture)

    whole = observe(lines, baseline).summary
    batched = observe(lines, baseline, batch_rows=batch_rows).summary

    assert _told(batched) == _told(whole)
    assert whole.rows == 300


def test_parts_merge_to_the_whole_in_any_order(
    baseline: Baseline, table: Callable[..., Table], capture: Callable[..., bytes]
) -> None:
    lines = [*_lines(table(300), capture), b"{\n"]
    parts = [observe(lines[start::4], baseline).summary for start in range(4)]

    one = merged(parts)
    other = parts[3].merged(parts[1]).merged(parts[0].merged(parts[2]))

    assert _told(one) == _told(other) == _told(observe(lines, baseline).summary)
    assert one.counted_twice == 0


def test_an_event_in_two_parts_is_told_and_one_in_two_files_of_a_part_is_left_out(
    baseline: Baseline, capture: Callable[..., bytes]
) -> None:
    line = capture(event="same")

    within = observe([line, line], baseline).summary
    across = merged([observe([line], baseline).summary, observe([line], baseline).summary])

    assert (within.requests, within.counted_twice) == (1, 0)
    assert (across.requests, across.counted_twice) == (2, 1)
    assert within.reasons == {"duplicate": 1}


def test_a_window_without_lines_knows_its_fields(baseline: Baseline) -> None:
    summary = observe([], baseline).summary

    assert summary.requests == summary.rows == 0
    assert summary.fields["temperature"].groups.rows == 0
    assert _told(summary.merged(WindowSummary())) == _told(summary)


def test_requests_without_answers_count_for_the_request_alone(
    baseline: Baseline, capture: Callable[..., bytes]
) -> None:
    lines = [capture(event="a"), capture(event="b", sides={"endpointOutput": None})]

    summary = observe(lines, baseline).summary

    assert (summary.rows, summary.answered_rows) == (2, 1)
    assert summary.fields["demand"].faults.rows == 1
    assert summary.fields["hour"].faults.rows == 2


def test_columns_that_the_contract_does_not_know_are_counted(baseline: Baseline) -> None:
    summary = summary_of([], baseline.schema, baseline.frames)
    one = WindowSummary(extra={f"x{n:03}": 1 for n in range(100)})
    other = WindowSummary(extra={"x000": 2, "a": 5})

    assert summary.merged(one).extra["x001"] == 1
    assert one.merged(other).extra["x000"] == 3
    assert "x099" not in one.merged(other).extra
