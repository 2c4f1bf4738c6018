"""How much of a window could be read: its lines, its answers and its labels.

What cannot be read on one side of a record decides like a line that cannot be read at all: beyond a
tolerated share the rest is not a fair sample, and silence about it would pass for good news.
"""

from collections.abc import Iterator, Mapping

from .capture import ANSWER_LOST, DUPLICATE, LEFT_OUT, NO_ANSWER, PROBE, REFUSED
from .intervals import wilson
from .labels import ABOUT_LABELS, Labels
from .settings import Settings
from .truth import Coverage
from .window_summary import WindowSummary


def lost_lines(reasons: Mapping[str, int]) -> int:
    """Captured lines that should have given a record and did not."""
    return sum(_lost(reasons).values())


def captured_lines(summary: WindowSummary) -> int:
    """Lines that were captured in the window, whatever could be made of them."""
    left_out = summary.reasons.get(PROBE, 0) + summary.reasons.get(DUPLICATE, 0)
    return summary.requests + lost_lines(summary.reasons) + left_out


def no_request(summary: WindowSummary) -> str:
    """Why a window holds none, in words."""
    lost = _lost(summary.reasons)
    if lost:
        return f"no request: {sum(lost.values())} captured lines cannot be read ({_counted(lost)})"
    left_out = {name: summary.reasons[name] for name in LEFT_OUT if summary.reasons.get(name)}
    if left_out:
        return f"no request: every captured line is left out ({_counted(left_out)})"
    return "no request: nothing was captured"


def unread(summary: WindowSummary, settings: Settings) -> Iterator[str]:
    """What stands against a window's lines and answers."""
    lost = lost_lines(summary.reasons)
    lines, requests = lost + summary.requests, summary.requests
    if _is_beyond_doubt(lost, lines, settings.unreadable_tolerance):
        yield f"{lost} of {lines} lines are unreadable: the rest is not a fair sample"
    if _is_beyond_doubt(summary.lost_answers, requests, settings.unreadable_tolerance):
        yield (
            f"{summary.lost_answers} of {requests} answers are missing or unreadable: the rest is "
            "not a fair sample"
        )
    if summary.counted_twice:
        yield f"{summary.counted_twice} events lie in two parts of the window and count twice"


def unread_labels(
    labels: Labels, coverage: Coverage, settings: Settings, *, captured_share: float
) -> Iterator[str]:
    """What stands against a window's labels; those that have not come yet are not a reason."""
    tolerance = settings.unreadable_tolerance
    if _is_beyond_doubt(labels.lost_lines, labels.lines, tolerance):
        yield f"{labels.lost_lines} of {labels.lines} label lines are unreadable"
    if _is_beyond_doubt(labels.lost_values, labels.values, tolerance):
        yield f"{labels.lost_values} of {labels.values} label values are none of the outcome's"
    if _is_beyond_doubt(coverage.misfits, coverage.matched, tolerance):
        yield (
            f"{coverage.misfits} of {coverage.matched} labelled requests have another number of "
            "labels than rows"
        )
    delivered = coverage.matched + coverage.unmatched
    least = captured_share * (1 - settings.unjoined_tolerance)
    if coverage.requests and delivered and wilson(coverage.matched, delivered).high < least:
        yield (
            f"{coverage.unmatched} of {delivered} labels join no request of the window: their "
            "eventId must be the caller's inference id, or SageMaker's event id where the caller "
            "gave none"
        )


def _lost(reasons: Mapping[str, int]) -> dict[str, int]:
    return {
        reason: count
        for reason, count in reasons.items()
        if count
        and reason not in (*LEFT_OUT, NO_ANSWER, REFUSED)
        and not reason.startswith((ANSWER_LOST, ABOUT_LABELS))
    }


def _is_beyond_doubt(lost: int, of: int, tolerance: float) -> bool:
    return of > 0 and wilson(lost, of).low > tolerance


def _counted(reasons: Mapping[str, int]) -> str:
    ordered = sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{reason}: {count}" for reason, count in ordered)
