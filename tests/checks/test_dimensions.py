"""Which metrics an alarm watches, by which dimensions, whichever way the alarm is written."""

from mlops.checks.dimensions import Watched, in_order, published, told, watched

BY_VARIANT = [{"Name": "VariantName", "Value": "v"}, {"Name": "EndpointName", "Value": "e"}]


def metric(name: str, *, by: list[dict[str, str]] = BY_VARIANT) -> dict[str, object]:
    return {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": by}


def seen(name: str) -> Watched:
    names = ("EndpointName", "VariantName")
    return Watched(namespace="AWS/SageMaker", metric=name, endpoint="e", names=names)


def test_an_alarm_watches_its_own_metric() -> None:
    assert list(watched(metric("ModelLatency"))) == [seen("ModelLatency")]


def test_an_alarm_on_an_expression_watches_what_the_expression_is_made_from() -> None:
    entries = [
        {"Id": "ratio", "Expression": "failed / all"},
        *({"Id": name, "MetricStat": {"Metric": metric(name)}} for name in ("failed", "all")),
    ]

    assert list(watched({"Metrics": entries})) == [seen("failed"), seen("all")]


def test_an_alarm_on_something_else_than_an_endpoint_watches_none() -> None:
    assert list(watched(metric("Errors", by=[{"Name": "FunctionName", "Value": "f"}]))) == []


def test_the_name_of_an_endpoint_may_be_more_than_a_text() -> None:
    given = [{"Name": "EndpointName", "Value": {"Ref": "Endpoint"}}]

    (found,) = watched({**metric("x"), "Dimensions": given}, text=lambda value: value["Ref"])

    assert found.endpoint == "Endpoint"


def test_a_metric_of_several_alarms_is_asked_for_once_and_in_order() -> None:
    assert in_order([seen("b"), seen("a"), seen("b")]) == [seen("a"), seen("b")]


def test_sets_are_told_without_regard_to_the_order_of_dimensions() -> None:
    orders = (BY_VARIANT, BY_VARIANT[::-1], BY_VARIANT[1:])

    sets = published(metric("x", by=one) for one in orders)

    assert told(sets) == "EndpointName and EndpointName, VariantName"
