"""Rules of what is measured: the gates' metrics, and the groups whose rates are compared."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document
from mlops.contract.metrics import BETTER, RANGES
from mlops.contract.model_spec import Gate, GroupSpec, ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.schema_spec import Field
from mlops.contract.translation import problem_at


def _gates_name_known_metrics(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for index, gate in enumerate(model.gates):
        if gate.metric not in model.metrics:
            yield problem_at(
                document,
                ("gates", index, "metric"),
                f"a {model.problem.type} model has no such metric",
                got=gate.metric,
                allowed=", ".join(model.metrics),
                remedy="use one of these",
            )


def _gates_are_said_once(document: Document, model: ModelSpec) -> Iterator[Problem]:
    seen = set()
    for index, gate in enumerate(model.gates):
        if (gate.metric, gate.comparison) in seen:
            yield problem_at(
                document,
                ("gates", index),
                f"{gate.metric} {gate.comparison} is gated twice",
                got=gate.metric,
                allowed="each metric once per comparison",
                remedy="keep the stricter gate",
            )
        seen.add((gate.metric, gate.comparison))


def _thresholds_can_decide(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for index, gate in enumerate(model.gates):
        low, high = RANGES.get(gate.metric, (0, 1))
        if not low <= gate.threshold <= high:
            yield problem_at(
                document,
                ("gates", index, "threshold"),
                f"{gate.metric} never has this value, so the gate always or never opens",
                got=gate.threshold,
                allowed=f"{low:g} to {high:g}",
                remedy="write the threshold in the metric's own unit",
            )


def _gates_ask_for_the_better_side(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for index, gate in enumerate(model.gates):
        better = _better_side(model, gate)
        if gate.comparison != better:
            yield problem_at(
                document,
                ("gates", index, "comparison"),
                f"lets the worse models through: a good {gate.metric} is "
                f"{'high' if better == 'at_least' else 'low'}",
                got=gate.comparison,
                allowed=better,
                remedy=f"write {better}",
            )


def _better_side(model: ModelSpec, gate: Gate) -> str:
    if gate.metric in model.group_metrics:
        return "at_most"
    return BETTER.get(gate.metric, gate.comparison)


def _groups_are_predicted_yes_or_no(document: Document, model: ModelSpec) -> Iterator[Problem]:
    if model.problem.groups and model.problem.type != "binary-classification":
        yield problem_at(
            document,
            ("problem", "groups"),
            "the gaps between groups are gaps of rates, and this problem has none",
            got=model.problem.type,
            allowed="groups with binary-classification",
            remedy="remove groups",
        )


def _each_field_divides_once(document: Document, model: ModelSpec) -> Iterator[Problem]:
    fields = [group.field for group in model.problem.groups]
    for index, field in enumerate(fields):
        if field in fields[:index]:
            yield problem_at(
                document,
                ("problem", "groups", index, "field"),
                "this field divides into groups twice",
                got=field,
                allowed="each field once",
                remedy="keep one of them",
            )


def _groups_are_values_of_a_request(document: Document, model: ModelSpec) -> Iterator[Problem]:
    fields = {field.name: field for field in model.schema_.input}
    divisible = [name for name, field in fields.items() if _values(field)]
    for index, group in enumerate(model.problem.groups):
        if group.field not in divisible:
            yield problem_at(
                document,
                ("problem", "groups", index, "field"),
                "no request can be divided by this field",
                got=group.field,
                allowed=", ".join(divisible) or "a field with allowed values, or a boolean",
                remedy="name a field of schema.input that has allowed values",
            )
        else:
            yield from _names_fit(document, index, group, _values(fields[group.field]))


def _names_fit(
    document: Document, index: int, group: GroupSpec, values: tuple[str, ...]
) -> Iterator[Problem]:
    wrong = set(group.names) ^ set(values)
    if wrong:
        yield problem_at(
            document,
            ("problem", "groups", index, "names"),
            f"the groups of {group.field} are not its allowed values: "
            f"{min(wrong)!r} is {'not a value' if min(wrong) in group.names else 'without a name'}",
            got=", ".join(sorted(group.names)),
            allowed=", ".join(values),
            remedy="name every allowed value, in quotes, and no other",
        )


def _values(field: Field) -> tuple[str, ...]:
    """What may stand in a field, as JSON writes it without quotes; nothing where that is open."""
    if field.type == "boolean":
        return ("false", "true")
    return tuple(map(str, field.allowed or ()))


MEASURE_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _gates_name_known_metrics,
    _gates_are_said_once,
    _thresholds_can_decide,
    _gates_ask_for_the_better_side,
    _groups_are_predicted_yes_or_no,
    _each_field_divides_once,
    _groups_are_values_of_a_request,
)
