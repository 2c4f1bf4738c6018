"""Whether EventBridge understands our patterns as we do: its own judge is asked."""

import json
from collections.abc import Mapping
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

PATTERNS: Final = "event-patterns"


def patterns(ground: Ground) -> Probe:
    """Test each rule's pattern with an event that it is meant to take."""
    calls = []
    for logical_id, rule, values in ground.resources("AWS::Events::Rule"):
        if "EventPattern" in rule:
            calls.append(_test(logical_id, values.value(rule["EventPattern"]), ground))
    if not calls:
        return idle(PATTERNS, "the stage has no rule with a pattern")
    return Probe(assumption=PATTERNS, calls=tuple(calls), judge=_judged)


def _test(name: str, pattern: Mapping[str, Any], ground: Ground) -> Call:
    event = {
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "",
        "source": "",
        "account": ground.stage.account,
        "time": "2026-01-01T00:00:00Z",
        "region": ground.stage.region,
        "resources": [],
        "detail": {},
    }
    return Call(
        name=name,
        place="stage",
        service="events",
        operation="TestEventPattern",
        request={"EventPattern": json.dumps(pattern), "Event": json.dumps(event | wanted(pattern))},
    )


def wanted(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest event that a pattern takes."""
    event: dict[str, Any] = {}
    for key, value in pattern.items():
        if key == "$or":
            event |= wanted(value[0])
        elif isinstance(value, Mapping):
            event[key] = wanted(value)
        elif not _is_absent(value[0]):
            event[key] = [_taken(value[0])] if key == "resources" else _taken(value[0])
    return event


def _is_absent(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("exists") is False


def _taken(entry: Any) -> Any:
    """A value that one entry of a pattern's list takes."""
    if not isinstance(entry, Mapping):
        return entry
    ((operator, operand),) = entry.items()
    if operator == "anything-but":
        return "something-else"
    return "anything" if operator == "exists" else operand


def _judged(answers: Answers) -> Verdict:
    for name, answer in answers.items():
        if isinstance(answer, Refusal):
            refused = "InvalidEventPattern" in answer.code
            return broken(f"{name}: {answer}") if refused else still_open(f"{name}: {answer}")
        if "Result" not in answer:
            return still_open(f"{name}: the answer has no result")
        if not answer["Result"]:
            return broken(f"{name}: EventBridge does not take the event that the rule is made for")
    return held(f"{len(answers)} patterns take their events")
