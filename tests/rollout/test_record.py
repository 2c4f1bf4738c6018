import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.record import ReleaseRecord, quoted_failure

RECORD = ReleaseRecord(
    stage="prod",
    model="bike-demand",
    endpoint="mlops-prod-bike-demand",
    release="0123456789ab",
    package="arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-bike-demand/4",
    version=4,
    deployment="EndpointConfig-Xy12",
    outcome="unhealthy",
    cause="model",
    reasons=("release 3 is live: SageMaker rolled back", "alarm a is red"),
    red_alarms=("a",),
    canary_invocations=250,
    live_version=3,
    time="2026-01-01T12:00:00+00:00",
)


def sums(**changes: object) -> dict[str, object]:
    """Both fleets' figures as a record has them, with others in the old one."""
    fleet = dict.fromkeys((one.name for one in fields(FleetSums)), 1)
    return {"new": fleet, "old": fleet | changes}


NAMES = st.text(max_size=60)
NUMBERS = st.none() | st.integers(min_value=0, max_value=10**9)
SUMS = st.builds(
    FleetSums,
    **{one.name: st.floats(min_value=0, max_value=1e15) for one in fields(FleetSums)},
)
TEXTS = st.lists(st.text(max_size=900), max_size=12).map(tuple)
RECORDS = st.builds(
    ReleaseRecord,
    **dict.fromkeys(("stage", "model", "endpoint", "release", "package", "deployment"), NAMES),
    version=st.integers(min_value=1, max_value=10**9),
    outcome=st.sampled_from(["healthy", "inconclusive", "unhealthy"]),
    cause=st.sampled_from([None, "model", "infrastructure", "unknown"]),
    reasons=TEXTS,
    red_alarms=st.lists(st.text(max_size=300), max_size=12).map(tuple),
    canary_invocations=NUMBERS,
    live_version=st.none() | st.integers(min_value=1, max_value=10**9),
    time=st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    fleets=st.none() | st.builds(Fleets, old=SUMS, new=SUMS),
)


def test_a_record_is_written_in_one_way_only() -> None:
    assert RECORD.to_json() == (
        '{"canary_invocations":250,"cause":"model","deployment":"EndpointConfig-Xy12",'
        '"endpoint":"mlops-prod-bike-demand","fleets":null,"live_version":3,"model":"bike-demand",'
        '"outcome":"unhealthy","package":"arn:aws:sagemaker:eu-west-1:222222222222:model-package/'
        'mlops-bike-demand/4","reasons":["release 3 is live: SageMaker rolled back",'
        '"alarm a is red"],"red_alarms":["a"],"release":"0123456789ab","schema":1,"stage":"prod",'
        '"time":"2026-01-01T12:00:00+00:00","version":4}'
    )


@given(record=RECORDS)
def test_what_was_written_is_read_again_and_always_fits(record: ReleaseRecord) -> None:
    text = record.to_json()

    read = ReleaseRecord.from_json(text)
    assert len(text.encode()) <= 4096
    assert "{{" not in text
    assert read.to_json() == text
    assert replace(read, reasons=(), red_alarms=()) == replace(record, reasons=(), red_alarms=())
    assert read.red_alarms == record.red_alarms[: len(read.red_alarms)]
    for shown, told in zip(read.reasons, record.reasons, strict=False):
        assert shown == told or told.startswith(shown.removesuffix("..."))


@given(record=RECORDS, filler=st.integers(min_value=0, max_value=20))
def test_only_what_does_not_fit_is_cut(record: ReleaseRecord, filler: int) -> None:
    short = replace(record, reasons=("x" * filler,), red_alarms=())

    assert ReleaseRecord.from_json(short.to_json()) == short


def test_systems_manager_finds_no_reference_in_a_reason() -> None:
    braces = replace(RECORD, reasons=("{{ssm:x}}", "{{{{"))

    text = braces.to_json()

    assert "{{" not in text
    assert ReleaseRecord.from_json(text) == braces


def test_the_last_reasons_are_cut_first() -> None:
    long = replace(RECORD, reasons=("first", "x" * 2000, "y" * 2000, "z" * 2000))

    text = long.to_json()

    first, second, third = ReleaseRecord.from_json(text).reasons
    assert (first, second) == ("first", "x" * 2000)
    assert third.endswith("y...")
    assert len(text) == 4096


def test_alarms_are_dropped_only_when_no_reason_is_left() -> None:
    alarms = tuple(f"{number}{'a' * 250}" for number in range(20))

    read = ReleaseRecord.from_json(replace(RECORD, red_alarms=alarms).to_json())

    assert read.reasons == ()
    assert read.red_alarms == alarms[: len(read.red_alarms)]
    assert len(read.red_alarms) > 10


def test_names_that_no_cut_makes_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="of bike-demand in prod: its names alone are longer"):
        replace(RECORD, package="x" * 5000).to_json()


@pytest.mark.parametrize(
    ("outcome", "cause", "blamed"),
    [
        ("unhealthy", "model", True),
        ("unhealthy", "infrastructure", False),
        ("unhealthy", "unknown", False),
        ("inconclusive", "model", False),
        ("healthy", None, False),
    ],
)
def test_only_an_unhealthy_release_that_the_model_caused_blames_it(
    outcome: str, cause: str | None, blamed: bool
) -> None:
    assert replace(RECORD, outcome=outcome, cause=cause).blames_the_model is blamed


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schema", 2, "schema: got 2; allowed: 1"),
        ("stage", 3, "stage: got 3; allowed: a text"),
        ("version", True, "version: got True; allowed: a whole number"),
        ("version", None, "version: got None; allowed: a whole number"),
        ("version", 0, "version: got 0; allowed: a whole number from 1"),
        ("version", -4, "version: got -4; allowed: a whole number from 1"),
        ("live_version", 0, "live_version: got 0; allowed: a whole number from 1"),
        ("canary_invocations", -1, "canary_invocations: got -1; allowed: a whole number from 0"),
        ("fleets", 3, "fleets: got 3; allowed: an object with new and old"),
        ("fleets", {"new": {}}, "fleets: got .*; allowed: an object with new and old"),
        ("fleets", {"new": {}, "old": {}}, "requests: got nothing; allowed: a number"),
        ("fleets", sums(requests="1"), "requests: got '1'; allowed: a number"),
        ("fleets", sums(failures=True), "failures: got True; allowed: a number"),
        ("fleets", sums(refusals=-1), "refusals: got -1; allowed: a finite number from 0"),
        ("fleets", sums(refusals=math.nan), "refusals: got nan; allowed: a finite number"),
        ("fleets", sums(server_errors=math.inf), "server_errors: got inf; allowed: a finite"),
        ("fleets", sums(failures=10**400), "failures: got 1000.*; allowed: a finite number"),
        ("live_version", "3", "live_version: got '3'; allowed: a whole number"),
        ("outcome", "fine", "outcome: got 'fine'; allowed: healthy, inconclusive, unhealthy"),
        ("cause", "me", "cause: got 'me'; allowed: model, infrastructure, unknown"),
        ("reasons", ["a", 1], r"reasons: got \['a', 1\]; allowed: a list of texts"),
        ("red_alarms", "a", "red_alarms: got 'a'; allowed: a list of texts"),
        ("time", "2026-01-01T12:00:00", "time: got '2026-01-01T12:00:00'; allowed: a moment in"),
        ("time", "yesterday", "time: got 'yesterday'; allowed: a moment in ISO 8601"),
    ],
)
def test_a_wrong_value_is_named(key: str, value: Any, said: str) -> None:
    text = json.dumps({**json.loads(RECORD.to_json()), key: value})

    with pytest.raises(ValueError, match=f"^{said}"):
        ReleaseRecord.from_json(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "got list; allowed: a JSON object"),
        ("[" * 4000, "not JSON: maximum recursion depth"),
        ("{}", "schema: got nothing; allowed: 1"),
        ('{"schema": 1}', "stage: got nothing; allowed: a text"),
    ],
)
def test_a_text_that_is_no_record_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ReleaseRecord.from_json(text)


def test_sagemakers_own_words_are_found_again_among_the_reasons() -> None:
    quoted = replace(RECORD, reasons=("it failed", *quoted_failure("no capacity")))

    assert ReleaseRecord.from_json(quoted.to_json()).failure_reason == "no capacity"
    assert RECORD.failure_reason == ""
    assert quoted_failure("") == ()
