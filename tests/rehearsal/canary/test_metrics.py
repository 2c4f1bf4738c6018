"""What is measured, and when an alarm sees it."""

from dataclasses import replace

from mlops.rehearsal.canary.endpoint import RollbackAlarm
from mlops.rehearsal.canary.metrics import Board, Metrics
from mlops.rehearsal.canary.router import Invocation
from mlops.rollout import Alarm, MissingData, State


def invocation(at: float, *, status: int = 200, fleet: str = "green") -> Invocation:
    return Invocation(
        at=at, fleet=fleet, status=status, reached=True, model_seconds=0.25, overhead_seconds=0.01
    )


def alarm(metric: str = "Invocation5XXErrors", scope: str = "new-fleet", **rule) -> RollbackAlarm:
    settings = {"statistic": "Average", "threshold": 0.02, **rule}
    return RollbackAlarm(
        name="a",
        namespace="AWS/SageMaker",
        metric=metric,
        scope=scope,
        rule=Alarm(
            evaluation_periods=3,
            datapoints_to_alarm=2,
            missing_data=MissingData.NOT_BREACHING,
            **settings,
        ),
    )


def test_the_new_fleet_is_seen_alone_and_the_endpoint_diluted() -> None:
    metrics = Metrics()
    metrics.record(invocation(10, status=500))
    for at in range(20, 29):
        metrics.record(invocation(at, fleet="blue"))

    alone, diluted = (
        metrics.points(alarm(scope=scope), until=60)[-1] for scope in ("new-fleet", "endpoint")
    )

    assert alone is not None
    assert diluted is not None
    assert (alone.value, diluted.value) == (1.0, 0.1)


def test_latency_is_told_in_microseconds() -> None:
    metrics = Metrics()
    metrics.record(invocation(10))

    point = metrics.points(alarm("ModelLatency", statistic="p99", threshold=1), until=60)[-1]

    assert point is not None
    assert point.value == 250_000


def test_no_answer_is_a_model_error_and_a_server_error() -> None:
    metrics = Metrics()
    metrics.record(invocation(10, status=503))

    for metric in ("Invocation5XXErrors", "InvocationModelErrors"):
        point = metrics.points(alarm(metric), until=60)[-1]
        assert point is not None
        assert point.value == 1.0


def test_a_callers_mistake_is_no_server_error() -> None:
    metrics = Metrics()
    metrics.record(invocation(10, status=400))

    point = metrics.points(alarm(), until=60)[-1]

    assert point is not None
    assert point.value == 0.0


def test_an_alarm_sees_a_minute_one_minute_after_it_ended() -> None:
    metrics = Metrics()
    board = Board(alarms=[alarm()], metrics=metrics)
    for at in (10, 70):
        metrics.record(invocation(at, status=500))

    states = []
    for at in (60, 120, 180):
        board.evaluate(at=at)
        states.append(board.states["a"])

    assert states == [State.OK, State.OK, State.ALARM]
    assert [(change.at, change.state) for change in board.changes] == [(60, "OK"), (180, "ALARM")]
    assert board.red == ["a"]


def test_an_unfinished_minute_is_not_judged() -> None:
    metrics = Metrics()
    metrics.record(invocation(61, status=500))

    assert metrics.points(alarm(), until=119.9)[-1] is None


def test_wrong_answers_of_the_old_fleet_do_not_blame_the_new_one() -> None:
    metrics = Metrics()
    watch = alarm("WrongAnswers")
    metrics.record_probe(at=5, of_candidate=False, wrong=True)
    metrics.record_probe(at=6, of_candidate=True, wrong=False)

    point = metrics.points(watch, until=60)[-1]

    assert point is not None
    assert (point.value, point.samples) == (0.0, 1)


def test_what_came_before_the_deployment_is_forgotten() -> None:
    metrics = Metrics()
    metrics.record(invocation(10, status=500))
    metrics.forget()

    assert (metrics.invocations, metrics.points(alarm(), until=60)[-1]) == ([], None)


def test_a_metric_that_does_not_exist_has_no_data_point() -> None:
    """Whatever was measured of a metric of that name, the alarm is quiet, as it would be on AWS."""
    metrics = Metrics()
    for at in range(0, 300, 10):
        metrics.record(invocation(at, status=500))
    blind = (
        replace(alarm(), missing="nothing publishes it"),
        replace(alarm(), namespace="Bikes/Serving"),
        alarm(period_seconds=10),
    )

    for one in blind:
        board = Board(alarms=[one], metrics=metrics)
        for at in range(60, 360, 60):
            board.evaluate(at=at)
        assert board.red == []
    assert any(metrics.points(alarm(), until=300))
