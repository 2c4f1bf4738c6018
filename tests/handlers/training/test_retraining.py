"""However many events ask, in whatever order: one training at a time, and not too many."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_handlers.training.retraining import (
    LOOK_BACK,
    Execution,
    Held,
    Limits,
    Rule,
    Start,
    Trigger,
    decide,
    reaches_back,
)

NOW = datetime(2026, 11, 28, 2, 15, tzinfo=UTC)
WEEK = timedelta(days=7)
LIMITS = Limits(cooldown=WEEK, budget_per_month=2)
PIPELINE = "acme-churn-training"


def execution(
    began: datetime, *, name: str = "automatic-drift-x", status: str = "Succeeded"
) -> Execution:
    return Execution(began=began, status=status, name=name)


def decided(
    history: Sequence[Execution],
    *,
    trigger: Trigger = Trigger.DRIFT,
    now: datetime = NOW,
    limits: Limits = LIMITS,
) -> Start | Held:
    return decide(trigger, history, now=now, limits=limits, pipeline=PIPELINE)


def started(decision: Start | Held) -> Start:
    assert isinstance(decision, Start), decision
    return decision


def held(decision: Start | Held) -> Held:
    assert isinstance(decision, Held), decision
    return decision


def test_a_model_that_was_never_trained_by_itself_is_trained() -> None:
    start = started(decided([execution(NOW - timedelta(hours=1), name="a person's")]))

    assert start.name == "automatic-drift-20261128T021500Z"
    assert 32 <= len(start.token) <= 128


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
@pytest.mark.parametrize("name", ["", "by-hand", "automatic-data-x"])
@pytest.mark.parametrize("trigger", list(Trigger))
def test_an_execution_under_way_holds_every_trigger_whoever_started_it(
    trigger: Trigger, name: str, status: str
) -> None:
    running = execution(NOW - timedelta(days=20), name=name, status=status)
    ended = execution(NOW - timedelta(days=10), name="by-hand")

    decision = held(decided([ended, running], trigger=trigger))

    assert decision.rule is Rule.LOCK
    assert decision.reason == f"the execution that began at 2026-11-08 02:15:00 UTC is {status}"


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
def test_an_execution_that_ended_locks_nothing(status: str) -> None:
    started(decided([execution(NOW - WEEK, status=status)]))


@pytest.mark.parametrize("status", ["Succeeded", "Failed"])
@pytest.mark.parametrize("name", ["automatic-drift-x", "automatic-data-x", "automatic-schedule-x"])
def test_the_cooldown_ends_on_the_second_and_counts_failures_and_schedules(
    name: str, status: str
) -> None:
    last = execution(NOW - WEEK, name=name, status=status)

    decision = held(decided([last], now=NOW - timedelta(seconds=1)))

    assert decision.rule is Rule.COOLDOWN
    assert decision.reason.endswith("the next one may begin at 2026-11-28 02:15:00 UTC")
    started(decided([last], now=NOW))


def test_a_training_by_hand_begins_no_cooldown() -> None:
    started(decided([execution(NOW - timedelta(minutes=1), name="by-hand")]))


def november(*days: int, name: str = "automatic-drift-x") -> list[Execution]:
    return [execution(datetime(2026, 11, day, tzinfo=UTC), name=name) for day in days]


def test_the_budget_is_a_calendar_months() -> None:
    spent = november(1, 10)

    decision = held(decided(spent))

    assert decision.rule is Rule.BUDGET
    assert decision.reason == "2 of 2 automatic trainings of 2026-11 are used up"
    started(decided(spent, now=datetime(2026, 12, 1, tzinfo=UTC)))
    held(decided(spent, now=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)))


def test_a_month_is_utcs_wherever_the_clock_stands() -> None:
    tokyo = timezone(timedelta(hours=9))
    spent = november(1, 10)

    held(decided(spent, now=datetime(2026, 12, 1, 8, 59, tzinfo=tokyo)))
    started(decided(spent, now=datetime(2026, 12, 1, 9, 0, tzinfo=tokyo)))


def test_neither_people_nor_the_schedule_spend_the_budget() -> None:
    started(decided([*november(1, 2, 3, name="by-hand"), *november(4, name="automatic-data-x")]))
    started(decided(november(1, 8, 15, 20, name="automatic-schedule-x")))


def test_a_schedule_minds_neither_cooldown_nor_budget() -> None:
    spent = [*november(1, 10), execution(NOW - timedelta(minutes=1))]

    start = started(decided(spent, trigger=Trigger.SCHEDULE))

    assert start.name.startswith("automatic-schedule-")


def test_the_token_is_of_one_pipeline_and_of_the_last_automatic_training() -> None:
    old, new = execution(NOW - 9 * WEEK), execution(NOW - WEEK)
    by_hand = execution(NOW - timedelta(days=1), name="by-hand")
    tokens = [
        started(decided(history)).token
        for history in ([], [old], [new, old], [by_hand, new, old], [old, by_hand, new])
    ]

    assert len(set(tokens)) == 3
    assert tokens[2] == tokens[3] == tokens[4]
    other = decide(Trigger.DRIFT, [old], now=NOW, limits=LIMITS, pipeline="acme-fraud-training")
    assert started(other).token not in tokens


def test_a_token_does_not_depend_on_when_and_why_it_is_asked_for() -> None:
    history = [execution(NOW - 3 * WEEK)]

    tokens = {
        started(decided(history, trigger=trigger, now=NOW + timedelta(minutes=minutes))).token
        for trigger in Trigger
        for minutes in (0, 1, 60 * 24)
    }

    assert len(tokens) == 1


def test_a_history_suffices_once_it_shows_the_last_automatic_training_and_three_months() -> None:
    before = NOW - LOOK_BACK - timedelta(seconds=1)
    by_hand = [execution(NOW, name="by-hand"), execution(before, name="by-hand")]

    assert not reaches_back([], NOW)
    assert not reaches_back(by_hand, NOW)
    assert not reaches_back([execution(NOW - LOOK_BACK)], NOW)
    assert reaches_back([execution(before)], NOW)
    assert reaches_back([execution(NOW), by_hand[1]], NOW)


@dataclass
class Service:
    """SageMaker's executions: a token starts one, and a list may be behind."""

    executions: list[Execution] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def listed(self, behind: int) -> list[Execution]:
        return self.executions[: max(0, len(self.executions) - behind)]

    def start(self, start: Start, now: datetime) -> None:
        if start.token not in self.tokens:
            self.tokens.add(start.token)
            self.executions.append(execution(now, name=start.name))


@dataclass(frozen=True)
class Asked:
    """An event that reaches a function, and how much of the history that function sees."""

    after: timedelta
    trigger: Trigger = Trigger.DRIFT
    behind: int = 0


asked = st.builds(
    Asked,
    after=st.timedeltas(timedelta(seconds=0), timedelta(days=20)),
    trigger=st.sampled_from([Trigger.DRIFT, Trigger.DATA]),
    behind=st.integers(0, 3),
)
limits = st.builds(
    Limits,
    cooldown=st.integers(1, 90).map(lambda days: timedelta(days=days)),
    budget_per_month=st.integers(1, 31),
)


def replayed(events: Sequence[Asked], limits: Limits) -> list[Execution]:
    service, now = Service(), NOW
    for event in events:
        now += event.after + timedelta(milliseconds=1)
        decision = decided(
            service.listed(event.behind), trigger=event.trigger, now=now, limits=limits
        )
        if isinstance(decision, Start):
            service.start(decision, now)
    return service.executions


@given(st.lists(asked, max_size=40), limits)
def test_no_history_has_two_within_a_cooldown_or_more_than_a_months_budget(
    events: list[Asked], limits: Limits
) -> None:
    began = [one.began for one in replayed(events, limits)]

    assert all(b - a >= limits.cooldown for a, b in pairwise(began))
    months = [(moment.year, moment.month) for moment in began]
    assert all(months.count(month) <= limits.budget_per_month for month in months)
    assert bool(began) == bool(events)


@given(st.lists(asked, max_size=40), limits)
def test_the_same_events_lead_to_the_same_trainings(events: list[Asked], limits: Limits) -> None:
    assert replayed(events, limits) == replayed(events, limits)


@given(st.lists(asked, min_size=1, max_size=40), limits)
def test_schedules_in_between_break_nothing(events: list[Asked], limits: Limits) -> None:
    mixed = [replace(e, trigger=Trigger.SCHEDULE) if i % 3 else e for i, e in enumerate(events)]

    executions = replayed(mixed, limits)

    for index, one in enumerate(executions[1:], 1):
        if one.spends:
            assert one.began - executions[index - 1].began >= limits.cooldown


@given(
    st.permutations(list(range(10))),
    st.lists(st.integers(0, 3), min_size=20, max_size=20),
    st.sampled_from([[], [execution(NOW - WEEK)], [execution(NOW - 9 * WEEK)]]),
)
def test_a_flapping_alarm_starts_one_training(
    order: list[int], behind: list[int], past: list[Execution]
) -> None:
    """Ten events, each twice, in any order, to functions whose lists are behind or not."""
    service = Service(executions=list(past))
    for number, seen in zip([*order, *order], behind, strict=True):
        now = NOW + timedelta(seconds=number)
        known = service.executions[: max(len(past), len(service.executions) - seen)]
        decision = decided(known, now=now)
        if isinstance(decision, Start):
            service.start(decision, now)

    assert len(service.executions) == len(past) + 1


@given(st.permutations([*november(3, 9, 17, 22), execution(NOW, name="by-hand")]))
def test_the_order_of_a_history_means_nothing(history: list[Execution]) -> None:
    assert decided(history, now=NOW + WEEK) == decided(
        sorted(history, key=lambda e: e.began), now=NOW + WEEK
    )
