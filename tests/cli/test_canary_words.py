import math

import pytest

from mlops.cli.canary_words import harmed, percent, time, yaml_lines


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0, "0.0 %"),
        (1e-9, "< 0.1 %"),
        (0.0004, "< 0.1 %"),
        (0.051, "5.1 %"),
        (0.9994, "99.9 %"),
        (0.9996, "> 99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_only_certainty_reads_as_certain(probability: float, words: str) -> None:
    assert percent(probability) == words


def test_what_never_comes_has_no_minutes() -> None:
    assert time(math.inf) == "never"
    assert time(330) == "5.5 min"


def test_few_requests_keep_a_decimal() -> None:
    assert [harmed(number) for number in (0, 0.25, 42.7, 12345.6)] == ["0", "0.2", "43", "12,346"]


def test_a_patch_is_yaml_in_the_file_that_decides_each_key() -> None:
    patch = {"size_percent": 20, "bake_minutes": 6, "alarms": {"error_ratio": 0.04}}

    lines = yaml_lines(patch, stage="prod", overridden=frozenset({"bake_minutes"}))

    assert lines.splitlines() == [
        "# model.yaml: every stage that does not override it",
        "endpoint:",
        "  canary:",
        "    size_percent: 20",
        "    alarms:",
        "      error_ratio: 0.04",
        "# config/stages.yaml: this stage overrides the model",
        "stages:",
        "  prod:",
        "    canary:",
        "      bake_minutes: 6",
    ]


def test_no_patch_has_no_lines() -> None:
    assert yaml_lines({}, stage="prod", overridden=frozenset()) == ""
