"""The metric math of alarms, read as CloudWatch reads it."""

import pytest

from mlops.rollout.metric_math import Formula, Term, formula_of

TERMS = tuple(Term(id=id_, metric="M", statistic="Sum") for id_ in ("a", "b"))


def value(expression: str, **values: float | None) -> float | None:
    return Formula(steps=(("r", expression),), terms=TERMS).value(values)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * 2", 13),
        ("(a + b) / 2", 4),
        ("a - b - 1", -3),
        ("a > b", 0),
        ("a <= b", 1),
        ("IF(a > b, a, b)", 5),
        ("IF(a < b AND a > 1, 7, 8)", 7),
        ("IF(a > b OR b >= 5, 7, 8)", 7),
        ("IF(a - 3, 7, 8)", 8),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: float) -> None:
    assert value(expression, a=3, b=5) == expected


def test_each_step_may_use_those_before_it_and_the_last_is_the_result() -> None:
    formula = Formula(steps=(("half", "a / 2"), ("r", "half + b")), terms=TERMS)

    assert formula.value({"a": 4, "b": 1}) == 3


@pytest.mark.parametrize(
    "expression", ["a / b", "IF(a / b > 1, 1, 0)", "a + b / 0", "(a / b) AND (a > 0)"]
)
def test_a_division_by_zero_has_no_data_point(expression: str) -> None:
    assert value(expression, a=1, b=0) is None


@pytest.mark.parametrize("expression", ["a + b", "a > b", "IF(a, b, 1)", "a AND b"])
def test_a_missing_metric_leaves_no_data_point(expression: str) -> None:
    assert value(expression, a=1, b=None) is None
    assert value(expression, a=1) is None


def test_a_choice_needs_only_the_side_that_is_chosen() -> None:
    assert value("IF(a > 0, a, b)", a=1, b=None) == 1


@pytest.mark.parametrize(
    "expression",
    ["c", "MAX([a, b])", "a ** b", "a >", "IF(a, b)", "a < b < 3", "'a'", "not a", "a.b"],
)
def test_what_cannot_be_evaluated_is_refused_at_once(expression: str) -> None:
    with pytest.raises(ValueError, match="metric math"):
        Formula(steps=(("r", expression),), terms=TERMS)


def test_an_alarms_queries_are_read_with_the_returned_one_last() -> None:
    def stat(id_: str, **dimensions: str) -> dict[str, object]:
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        metric = {"MetricName": id_.upper(), "Namespace": "AWS/SageMaker", "Dimensions": named}
        return {"Id": id_, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}

    found = formula_of(
        [
            {"Id": "r", "Expression": "half + b"},
            {"Id": "half", "Expression": "a / 2", "ReturnData": False},
            stat("a", EndpointName="e", EndpointConfigName="c"),
            stat("b", EndpointName="e"),
        ]
    )

    assert found.steps == (("half", "a / 2"), ("r", "half + b"))
    assert [(term.id, term.scope) for term in found.terms] == [
        ("a", "new-fleet"),
        ("b", "endpoint"),
    ]
