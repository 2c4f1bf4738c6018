"""CloudWatch's metric math, as far as our rollback alarms use it.

An alarm may compute its data points from several metrics. The expression that is deployed is
evaluated here as well, so that a rehearsal judges by the same text.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Part = Literal["new-fleet", "endpoint"]
Values = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Term:
    """A metric of an expression, under the id that the expression knows it by."""

    id: str
    metric: str
    statistic: str
    scope: Part = "new-fleet"


@dataclass(frozen=True, kw_only=True)
class Formula:
    """Expressions over terms; each may use those before it, and the last is the result.

    Raises:
        ValueError: one says more than `+ - * /`, comparisons, `AND`, `OR` and `IF`, or names what
            is not there.
    """

    steps: tuple[tuple[str, str], ...]
    """Ids and expressions."""
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        self.value({term.id: 1.0 for term in self.terms})

    def value(self, values: Values) -> float | None:
        """The data point of a period; None where a metric that it needs has none.

        A division by zero has no value either, as in CloudWatch.
        """
        known = {term.id: values.get(term.id) for term in self.terms}
        result: float | None = None
        for id_, expression in self.steps:
            result = known[id_] = _evaluated(_tree(expression), known)
        return result


def formula_of(queries: Sequence[Mapping[str, Any]]) -> Formula:
    """The formula behind an alarm's MetricDataQueries, each after those that it uses.

    Raises:
        ValueError: it cannot be evaluated here.
    """
    steps = [query for query in queries if "Expression" in query]
    # What is returned is the result; a query is returned unless it says otherwise.
    ordered = sorted(steps, key=lambda query: bool(query.get("ReturnData", True)))
    return Formula(
        steps=tuple((query["Id"], query["Expression"]) for query in ordered),
        terms=tuple(_term(query) for query in queries if "MetricStat" in query),
    )


def _term(query: Mapping[str, Any]) -> Term:
    stat = query["MetricStat"]
    narrow = "EndpointConfigName" in {one["Name"] for one in stat["Metric"].get("Dimensions", [])}
    return Term(
        id=query["Id"],
        metric=stat["Metric"]["MetricName"],
        statistic=stat["Stat"],
        scope="new-fleet" if narrow else "endpoint",
    )


def _quotient(over: float, under: float) -> float | None:
    return over / under if under else None


_OPERATORS: Final[dict[type[ast.operator | ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def _tree(expression: str) -> ast.expr:
    """The expression as Python would read it: names, numbers and calls are written alike."""
    text = re.sub(r"\b(AND|OR)\b", lambda found: found[0].lower(), expression)
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"no metric math: {expression!r}") from error


def _evaluated(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _combined(_OPERATORS[type(op)], left, right, values)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _combined(_OPERATORS[type(op)], left, right, values)
        case ast.BoolOp(op=op, values=claims):
            return _joined(op, [_evaluated(claim, values) for claim in claims])
        case ast.Call(func=ast.Name(id="IF"), args=[claim, yes, no], keywords=[]):
            return _chosen(_evaluated(claim, values), yes, no, values)
        case _:
            raise ValueError(f"metric math that is not evaluated here: {ast.unparse(node)}")


def _combined(
    how: Callable[[float, float], float | None], left: ast.expr, right: ast.expr, values: Values
) -> float | None:
    one, other = _evaluated(left, values), _evaluated(right, values)
    found = None if one is None or other is None else how(one, other)
    return None if found is None else float(found)


def _joined(op: ast.boolop, claims: list[float | None]) -> float | None:
    known = [claim for claim in claims if claim is not None]
    if len(known) < len(claims):
        return None
    return float(all(known) if isinstance(op, ast.And) else any(known))


def _chosen(claim: float | None, yes: ast.expr, no: ast.expr, values: Values) -> float | None:
    # Both sides are read, so that an expression that cannot be evaluated is refused at once.
    chosen, other = _evaluated(yes, values), _evaluated(no, values)
    if claim is None:
        return None
    return chosen if claim else other
