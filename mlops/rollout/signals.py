"""What rolls a release back: the one list that the alarms on AWS and the rehearsal both read.

Signals on the new fleet carry the new endpoint config's name as a dimension, so they see the canary
alone. A signal on the whole endpoint sees the canary diluted by the old fleet, and a sick old fleet
makes it block the very release that would heal it. No release has one; `scope` is there to draw how
little it would catch.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from mlops.metrics import WRONG_ANSWERS
from mlops.rollout.alarm import Alarm, Comparison, MissingData
from mlops.rollout.metric_math import Formula, Term
from mlops.rollout.policy import AlarmWindow

Scope = Literal["new-fleet", "endpoint"]
MetricUnit = Literal["None", "Microseconds"]

INVOCATION_METRICS: Final = "AWS/SageMaker"
WRONG_ANSWER_RATIO: Final = 0.05
"""Share of wrong answers above which the prober's alarm rolls back.

A version's own answers have no noise, so any share would do for them. A probe without an answer
counts as well, and a lost one in a minute of many must not decide: above one in twenty, it does in
a minute of few, and then only with a second one within the alarm's window.
"""
_MICROSECONDS_PER_MILLISECOND: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A metric, and from where on it rolls a release back.

    The unit explains the threshold; an alarm must not repeat it, because CloudWatch drops data of
    any other unit without a word.
    """

    key: str
    metric: str
    statistic: str
    threshold: float
    unit: MetricUnit
    window: AlarmWindow
    scope: Scope = "new-fleet"
    namespace: str = INVOCATION_METRICS
    formula: Formula | None = None
    """How the data points are computed, where the metric alone does not tell."""

    @property
    def counts_probes(self) -> bool:
        """Whether its data points are of the prober's requests alone."""
        return self.namespace == WRONG_ANSWERS.namespace

    @property
    def alarm(self) -> Alarm:
        """The alarm in CloudWatch's terms; silence is left to the release check.

        It judges every percentile: a p99 alarm that waits for 1000 samples sleeps through a thin
        canary.
        """
        return Alarm(
            evaluation_periods=self.window.evaluation_periods,
            datapoints_to_alarm=self.window.datapoints_to_alarm,
            period_seconds=self.window.period_seconds,
            threshold=self.threshold,
            statistic=self.statistic,
            comparison=Comparison.GREATER,
            missing_data=MissingData.NOT_BREACHING,
        )


def rollback_signals(
    *,
    error_ratio: float,
    model_error_ratio: float,
    latency_p99_ms: float,
    window: AlarmWindow,
) -> tuple[Signal, ...]:
    """The signals of one release on the requests of its own fleet.

    Raises:
        ValueError: a threshold that no data point can exceed, or that every one does.
    """
    return (
        _ratio("server-errors", "Invocation5XXErrors", error_ratio, window),
        replace(
            _ratio("model-errors", "InvocationModelErrors", model_error_ratio, window),
            formula=_MODEL_ERRORS,
        ),
        _latency(latency_p99_ms, window),
    )


def wrong_answers(window: AlarmWindow) -> Signal:
    """Probes that the new fleet answers otherwise than its version did when it was evaluated."""
    return Signal(
        key="wrong-answers",
        metric=WRONG_ANSWERS.name,
        statistic="Average",
        threshold=WRONG_ANSWER_RATIO,
        unit="None",
        window=window,
        namespace=WRONG_ANSWERS.namespace,
    )


def refusals(*, client_error_ratio: float, window: AlarmWindow) -> Signal:
    """Requests that the new fleet refuses (4xx) beyond the old one's share.

    Callers' mistakes meet both fleets alike and are not the fault of the new version; one that
    refuses what the old one takes is at fault. The difference counts where it is more than chance
    makes of two fleets that refuse alike (three standard errors, without a root: metric math has
    none). Where one fleet has all the traffic there is nothing to compare.

    Raises:
        ValueError: the ratio is none that a difference of shares can exceed.
    """
    signal = _ratio("client-errors", "Invocation4XXErrors", client_error_ratio, window)
    return replace(signal, formula=_refusals_formula(client_error_ratio))


def _refusals_formula(threshold: float) -> Formula:
    return Formula(
        steps=(
            ("old_requests", "all_requests - requests"),
            ("excess", "refused / requests - (all_refused - refused) / old_requests"),
            ("share", "all_refused / all_requests"),
            ("variance", "share * (1 - share) * (1 / requests + 1 / old_requests)"),
            ("beyond", f"excess - {threshold:g}"),
            ("result", "IF(beyond > 0 AND beyond * beyond > 9 * variance, excess, 0)"),
        ),
        terms=(
            Term(id="refused", metric="Invocation4XXErrors", statistic="Sum"),
            Term(id="requests", metric="Invocations", statistic="Sum"),
            Term(id="all_refused", metric="Invocation4XXErrors", statistic="Sum", scope="endpoint"),
            Term(id="all_requests", metric="Invocations", statistic="Sum", scope="endpoint"),
        ),
    )


_MODEL_ERRORS: Final = Formula(
    # InvocationModelErrors counts every answer that is not 2xx. Should it leave the 4xx out, as
    # Invocation5XXErrors does, there is nothing to subtract.
    steps=(("result", "IF(failed >= refused, failed - refused, failed)"),),
    terms=(
        Term(id="failed", metric="InvocationModelErrors", statistic="Average"),
        Term(id="refused", metric="Invocation4XXErrors", statistic="Average"),
    ),
)


def microseconds(milliseconds: float) -> float:
    """SageMaker reports latency in microseconds; people write milliseconds."""
    return milliseconds * _MICROSECONDS_PER_MILLISECOND


def _ratio(key: str, metric: str, threshold: float, window: AlarmWindow) -> Signal:
    # Each request reports 0 or 1, so the average is a ratio and never exceeds 1.
    if not 0 <= threshold < 1:
        raise ValueError(f"{key}: a ratio of {threshold:g} never fires; use 0 to less than 1")
    return Signal(
        key=key,
        metric=metric,
        statistic="Average",
        threshold=threshold,
        unit="None",
        window=window,
    )


def _latency(milliseconds: float, window: AlarmWindow) -> Signal:
    if milliseconds <= 0:
        raise ValueError(f"latency: every request exceeds {milliseconds:g} ms; use more than 0")
    return Signal(
        key="latency",
        metric="ModelLatency",
        statistic="p99",
        threshold=microseconds(milliseconds),
        unit="Microseconds",
        window=window,
    )
