"""One pass over captured traffic: counts, labelled rows and rates, in bounded memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .arrays import Ints
from .baseline import Baseline
from .bias import Groups, Rates, merged_rates
from .capture import Record, Window, records
from .columns import BATCH_ROWS, batches
from .duplicates import SeenEvents
from .field_summary import FieldSummary
from .labels import Labels
from .outcome import Outcome
from .schema import LABEL, Schema
from .sources import Counts
from .truth import Join, Scored
from .window_summary import WindowSummary, summary_of


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What labelled rows are judged by."""

    labels: Labels
    outcome: Outcome
    groups: Groups = field(default_factory=Groups)
    within: str = ""
    """The field of the request that makes strata."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that a window is judged by."""

    summary: WindowSummary
    scored: Scored | None = None
    labelled_mix: Ints | None = None
    """Labelled rows by stratum, where strata are asked for."""
    predicted: Rates = field(default_factory=dict)
    """How often the positive class was predicted, by group; over all answered rows."""


def observe(
    lines: Iterable[bytes],
    baseline: Baseline,
    *,
    counts: Counts | None = None,
    window: Window | None = None,
    truth: Truth | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Observation:
    """Read captured lines once.

    Args:
        lines: Of capture files, as `lines_of` gives them.
        baseline: Whose fields and bins are counted.
        counts: The counts that `lines_of` adds to; what is lost here is added as well.
        window: Inference times outside are left out. Without one everything counts.
        truth: Labels to join; without them nothing is scored.
        batch_rows: Rows that are held at a time.
    """
    counts = Counter() if counts is None else counts
    seen = SeenEvents()
    reader = _Reader(baseline, truth)
    for batch in batches(
        records(lines, baseline.schema, counts, window=window), seen, counts, rows=batch_rows
    ):
        reader.take(batch)
    observation = reader.observation()
    summary = replace(
        observation.summary,
        events=seen.all(),
        reasons={reason: count for reason, count in sorted(counts.items()) if count},
    )
    return replace(observation, summary=summary)


class _Reader:
    """Adds batches up."""

    def __init__(self, baseline: Baseline, truth: Truth | None) -> None:
        # Fields that cannot be compared are not counted: the answer's, if the baseline has none.
        self._schema = Schema(
            input=baseline.schema.input,
            output=tuple(f for f in baseline.schema.output if f.name in baseline.references),
        )
        self._frames, self._truth = baseline.frames, truth
        self._join = None
        if truth is not None:
            kept = {*truth.groups.values, truth.within} - {""}
            self._join = Join(truth.labels, truth.outcome, sorted(kept))
        self.summary = summary_of([], self._schema, self._frames)
        self._predicted: Rates = {}

    def take(self, batch: list[Record]) -> None:
        """One more batch."""
        self.summary = self.summary.merged(summary_of(batch, self._schema, self._frames))
        if self._join is not None and self._truth is not None:
            self._join.add(batch)
            rates = self._truth.groups.predicted(batch, self._truth.outcome)
            self._predicted = merged_rates(self._predicted, rates)

    def observation(self) -> Observation:
        """Everything added up."""
        if self._join is None or self._truth is None:
            return Observation(summary=self.summary)
        scored = self._join.scored()
        labels = {}
        if LABEL in self._frames:
            frame = self._frames[LABEL]
            labels[LABEL] = FieldSummary.of(frame, scored.truth.tolist(), scored.requests)
        return Observation(
            summary=replace(self.summary, fields={**self.summary.fields, **labels}),
            scored=scored,
            labelled_mix=self._mix(scored, self._truth.within),
            predicted=self._predicted,
        )

    def _mix(self, scored: Scored, within: str) -> Ints | None:
        if not within:
            return None
        frame = self._frames[within]
        values = [
            None if text is None else frame.field.parse(text) for text in scored.groups[within]
        ]
        return FieldSummary.of(frame, values, scored.requests).counts
