"""Whether the metrics that alarms name exist, with exactly the dimensions that alarms give.

A metric is another one under other dimensions: an alarm on a set that nobody publishes never leaves
its first state, and a release whose alarms are so blind is promoted whatever happens.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open
from mlops.checks.dimensions import ENDPOINT, Watched, in_order, published, told, watched
from mlops.rehearsal.local_aws.intrinsics import Intrinsics

DIMENSIONS: Final = "metric-dimensions"


def dimensions(ground: Ground) -> Probe:
    """List each metric that an alarm of the stage names."""
    named = in_order(_watched(ground))
    if not named:
        return idle(DIMENSIONS, "no alarm of the stage watches an endpoint")
    calls = {one.question: _listing(one) for one in named}
    return Probe(
        assumption=DIMENSIONS,
        calls=tuple(calls.values()),
        judge=lambda answers: _judged(named, answers),
    )


def _watched(ground: Ground) -> Iterator[Watched]:
    for _, alarm, values in ground.resources("AWS::CloudWatch::Alarm"):
        yield from watched(alarm, text=partial(_endpoint, values))


def _endpoint(values: Intrinsics, value: Any) -> str:
    return values.text(value).removesuffix(f".{ENDPOINT}")


def _listing(one: Watched) -> Call:
    return Call(
        name=one.question,
        place="stage",
        service="cloudwatch",
        operation="ListMetrics",
        request=one.listing,
    )


def _judged(named: list[Watched], answers: Answers) -> Verdict:
    wrong, unseen = [], []
    for one in named:
        answer = answers[one.question]
        if isinstance(answer, Refusal):
            return still_open(f"{one.question}: {answer}")
        sets = published(answer.get("Metrics", ()))
        if not sets:
            unseen.append(one.question)
        elif one.names not in sets:
            asked = told([one.names])
            wrong.append(f"{one.question} exists by {told(sets)}; alarms ask by {asked}")
    if wrong:
        return broken("; ".join(wrong))
    if unseen:
        shown = ", ".join(dict.fromkeys(unseen))
        return still_open(f"not published yet: {shown}; ask again after a release with requests")
    return held(f"{len(named)} metrics exist as the alarms name them")
