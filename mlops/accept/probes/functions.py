"""Whether the functions' archives can be imported by the runtime that they are deployed to."""

from typing import Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

IMPORTS: Final = "function-imports"
_FAILED: Final = ("Runtime.ImportModuleError", "Runtime.UserCodeSyntaxError")


def imports(ground: Ground) -> Probe:
    """Look into each function's log for a handler that could not be imported."""
    calls = []
    for logical_id, function, values in ground.resources("AWS::Lambda::Function"):
        if group := function.get("LoggingConfig", {}).get("LogGroup"):
            calls += _searches(logical_id, values.text(group))
    if not calls:
        return idle(IMPORTS, "the stage has no function")
    return Probe(assumption=IMPORTS, calls=tuple(calls), judge=_judged)


def _searches(name: str, group: str) -> list[Call]:
    pattern = " ".join(f'?"{word}"' for word in _FAILED)
    failures = {"logGroupName": group, "filterPattern": pattern, "limit": 1}
    runs = {"logGroupName": group, "limit": 1}
    return [
        Call(name=f"{name} {what}", place="stage", service="logs", operation="FilterLogEvents",
             request=request)
        for what, request in (("failures", failures), ("runs", runs))
    ]  # fmt: skip


def _judged(answers: Answers) -> Verdict:
    silent = []
    for name, answer in answers.items():
        if isinstance(answer, Refusal):
            return still_open(f"{name}: {answer}")
        function, _, what = name.rpartition(" ")
        if what == "failures" and answer.get("events"):
            return broken(f"{function}: {answer['events'][0]['message']}")
        if what == "runs" and not answer.get("events"):
            silent.append(function)
    if silent:
        return still_open(f"never ran: {', '.join(silent)}")
    return held(f"{len(answers) // 2} functions ran, and each was imported")
