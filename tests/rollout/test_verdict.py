from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import Evidence, Outcome, State, Verdict, judge, worst

GOOD = Evidence(
    requested_release="abc",
    live_release="abc",
    endpoint_status="InService",
    alarm_states={"errors-abc": State.OK, "latency-abc": State.OK},
    canary_invocations=412,
    minimum_invocations=100,
)
HEALTHY, INCONCLUSIVE, UNHEALTHY = Outcome.HEALTHY, Outcome.INCONCLUSIVE, Outcome.UNHEALTHY
RED = {"errors-abc": State.ALARM}
UNSEEN = {"errors-abc": State.INSUFFICIENT_DATA}
FIRST = {"first_release": True, "canary_invocations": None, "alarm_states": {}}
ONLY_SETTINGS = {"settings_only": True, "canary_invocations": 0, "alarm_states": {}}


@pytest.mark.parametrize(
    ("changed", "outcome", "reason"),
    [
        ({}, HEALTHY, "release abc is live"),
        ({"canary_invocations": 100}, HEALTHY, "the canary answered 100 requests (at least 100)"),
        (
            {"canary_invocations": 0, "endpoint_invocations": 4200},
            INCONCLUSIVE,
            "4200 requests under EndpointName and VariantName, and none with the new Endpoint",
        ),
        (
            {"canary_invocations": 0, "endpoint_invocations": 0},
            INCONCLUSIVE,
            "the canary answered 0 requests",
        ),
        (
            {"canary_invocations": 7, "endpoint_invocations": 4200},
            INCONCLUSIVE,
            "the canary answered 7 requests",
        ),
        ({"live_release": "old"}, UNHEALTHY, "release old is live instead of abc"),
        ({"live_release": None}, INCONCLUSIVE, "the release in service is unknown"),
        ({"endpoint_status": "Failed"}, UNHEALTHY, "the endpoint is Failed"),
        ({"endpoint_status": "UpdateRollbackFailed"}, UNHEALTHY, "UpdateRollbackFailed"),
        ({"endpoint_status": "RollingBack"}, UNHEALTHY, "RollingBack"),
        ({"endpoint_status": "Updating"}, INCONCLUSIVE, "still Updating"),
        ({"endpoint_status": "Updating", "live_release": "old"}, INCONCLUSIVE, "still Updating"),
        ({"endpoint_status": "Dreaming"}, INCONCLUSIVE, "unknown status 'Dreaming'"),
        ({"alarm_states": RED}, UNHEALTHY, "alarm errors-abc is red"),
        ({"alarm_states": UNSEEN}, INCONCLUSIVE, "alarm errors-abc has not been evaluated"),
        ({"alarm_states": {}}, INCONCLUSIVE, "no alarm watched the canary"),
        ({"canary_invocations": 99}, INCONCLUSIVE, "99 requests, fewer than the 100"),
        ({"canary_invocations": 0}, INCONCLUSIVE, "0 requests, fewer than the 100"),
        ({"canary_invocations": None}, INCONCLUSIVE, "is not known"),
        ({**FIRST, "smoke_call_passed": True}, HEALTHY, "first release, no canary"),
        (FIRST, INCONCLUSIVE, "no smoke call was made"),
        ({**FIRST, "smoke_call_passed": False}, UNHEALTHY, "the smoke call failed"),
        ({"smoke_call_passed": False}, UNHEALTHY, "the smoke call failed"),
        (ONLY_SETTINGS, HEALTHY, "only settings changed, no traffic moved"),
        ({**ONLY_SETTINGS, "alarm_states": RED}, UNHEALTHY, "is red"),
        ({**ONLY_SETTINGS, "live_release": "old"}, UNHEALTHY, "instead of abc"),
    ],
)
def test_evidence_has_a_verdict_and_a_reason(
    changed: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    verdict = judge(replace(GOOD, **changed))

    assert verdict.outcome is outcome
    assert verdict.passed == (outcome is HEALTHY)
    assert any(reason in text for text in verdict.reasons), verdict.reasons


def test_what_is_worse_is_said_first_and_what_is_fine_is_left_out() -> None:
    verdict = judge(replace(GOOD, canary_invocations=3, alarm_states=RED))

    assert verdict.reasons == (
        "alarm errors-abc is red",
        "the canary answered 3 requests, fewer than the 100 that a verdict needs",
    )


def test_a_release_that_was_silently_rolled_back_is_unhealthy_though_in_service() -> None:
    verdict = judge(replace(GOOD, live_release="old"))

    assert verdict.reasons == ("release old is live instead of abc: SageMaker rolled back",)


@pytest.mark.parametrize("minimum", [0, -1])
def test_a_minimum_that_silence_would_reach_is_refused(minimum: int) -> None:
    with pytest.raises(ValueError, match="use 1 or more"):
        replace(GOOD, minimum_invocations=minimum)


def test_a_first_release_cannot_change_only_settings() -> None:
    with pytest.raises(ValueError, match="say one of the two"):
        replace(GOOD, first_release=True, settings_only=True)


def test_a_fold_of_nothing_is_inconclusive() -> None:
    assert worst([]) == Verdict(outcome=INCONCLUSIVE, reasons=("nothing was judged",))


def test_a_fold_has_the_worst_outcome_and_each_reason_once() -> None:
    fine = Verdict(outcome=HEALTHY, reasons=("fine",))
    thin = Verdict(outcome=INCONCLUSIVE, reasons=("thin",))
    bad = Verdict(outcome=UNHEALTHY, reasons=("bad", "thin"))

    assert worst([fine, thin, bad]) == Verdict(outcome=UNHEALTHY, reasons=("bad", "thin"))
    assert worst([fine, fine]) == fine


def test_an_outcome_reads_as_a_word() -> None:
    assert [str(outcome) for outcome in Outcome] == ["healthy", "inconclusive", "unhealthy"]


# Every kind of evidence from best to worst; a step to the right never improves the verdict.
_LADDERS: dict[str, tuple[Any, ...]] = {
    "live_release": ("abc", None, "old"),
    "endpoint_status": ("InService", "Failed"),
    "alarm_states": (
        {"a": State.OK},
        {"a": State.OK, "b": State.INSUFFICIENT_DATA},
        {"a": State.ALARM, "b": State.INSUFFICIENT_DATA},
    ),
    "canary_invocations": (1000, 99, 0, None),
    "minimum_invocations": (1, 100, 5000),
    "smoke_call_passed": (True, None, False),
}
_rungs = st.fixed_dictionaries(
    {key: st.integers(0, len(ladder) - 1) for key, ladder in _LADDERS.items()}
)
_kinds = st.sampled_from(({}, {"first_release": True}, {"settings_only": True}))


def _evidence(rungs: dict[str, int], kind: dict[str, bool]) -> Evidence:
    values = {key: _LADDERS[key][rung] for key, rung in rungs.items()}
    return Evidence(requested_release="abc", **values, **kind)


@settings(max_examples=500)
@given(rungs=_rungs, kind=_kinds, key=st.sampled_from(sorted(_LADDERS)))
def test_worse_evidence_never_improves_the_verdict(
    rungs: dict[str, int], kind: dict[str, bool], key: str
) -> None:
    lower = {**rungs, key: min(rungs[key] + 1, len(_LADDERS[key]) - 1)}

    before, after = judge(_evidence(rungs, kind)), judge(_evidence(lower, kind))

    assert after.outcome >= before.outcome


@settings(max_examples=500)
@given(rungs=_rungs, kind=_kinds)
def test_nothing_passes_without_the_release_and_either_traffic_or_a_reason(
    rungs: dict[str, int], kind: dict[str, bool]
) -> None:
    evidence = _evidence(rungs, kind)
    verdict = judge(evidence)

    assert verdict.reasons
    if verdict.passed:
        assert evidence.live_release == "abc"
        assert State.ALARM not in evidence.alarm_states.values()
        seen = evidence.canary_invocations or 0
        assert kind or seen >= evidence.minimum_invocations
