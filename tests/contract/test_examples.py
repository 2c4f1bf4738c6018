import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem, read_examples

Found = Callable[[], list[Problem]]


@pytest.fixture
def examples(repository: Path) -> Path:
    return repository / "model_code" / "bike_demand" / "examples"


def test_examples_are_read_in_name_order(repository: Path, examples: Path) -> None:
    (examples / "a.request.csv").write_text("hour,weather\n1,Clear\n")
    (examples / "a.response.json").write_text("[1]")

    found = read_examples(repository / "model_code" / "bike_demand")

    assert [(e.name, e.content_type) for e in found] == [
        ("a", "text/csv"), ("night", "application/json"),
    ]  # fmt: skip
    assert found[0].response == [1]


@pytest.mark.parametrize(
    "request_",
    [
        {"hour": 1},
        [{"hour": 1}, {"hour": 2, "weather": None}],
        {"instances": [{"hour": 1, "weather": "Rain"}]},
    ],
)
def test_a_request_is_one_object_a_list_or_instances(
    examples: Path, problems: Found, request_: object
) -> None:
    (examples / "night.request.json").write_text(json.dumps(request_))

    assert problems() == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"weather": "Clear"}, "field 'hour' is missing"),
        ({"hour": 1, "wind": 2}, "unknown field 'wind'"),
        ({"hour": None}, "hour is null, and the field is not nullable"),
        ({"hour": "1"}, "hour is '1', which is no integer"),
        ({"hour": True}, "hour is True, which is no integer"),
        ({"hour": 1.5}, "hour is 1.5, which is no integer"),
        ({"hour": -1}, "hour is -1, below 0"),
        ({"hour": 10**400}, "above 23"),
        ({"hour": 1, "weather": "Snow"}, "weather is 'Snow', which is not among"),
        ([1, 2], "holds something else than objects"),
    ],
)
def test_a_request_that_breaks_the_schema_is_told(
    examples: Path, problems: Found, request_: object, message: str
) -> None:
    (examples / "night.request.json").write_text(json.dumps(request_))

    assert [message in problem.problem for problem in problems()] == [True]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("night.request.json", b"{", "night.request.json is no JSON"),
        ("night.request.json", b"\xff", "night.request.json is not UTF-8 text"),
        ("night.request.json", b"[" * 100_000, "night.request.json is no JSON"),
        ("night.request.json", b'{"hour": ' + b"1" * 5000 + b"}", "night.request.json is no JSON"),
        ("night.response.json", b"nope", "night.response.json is no JSON"),
        ("a.request.txt", b"", "a.request.txt is neither .json nor .csv"),
        ("a.request.json", b"{}", "a.response.json cannot be read"),
    ],
)
def test_a_file_that_is_no_example_is_told(
    examples: Path, problems: Found, name: str, content: bytes, message: str
) -> None:
    (examples / name).write_bytes(content)

    assert [message in problem.problem for problem in problems()] == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hour,weather\n1,Clear\n", None),
        ("weather\nClear\n", "field 'hour' is missing"),
        ("hour,weather\n1,Clear,surplus\n", "unknown field None"),
        ("hour\n" + "1" * 200_000, "is no CSV: field larger"),
    ],
)
def test_a_csv_request_is_checked_for_its_columns(
    examples: Path, problems: Found, text: str, message: str | None
) -> None:
    (examples / "night.request.json").unlink()
    (examples / "night.request.csv").write_text(text)

    found = [problem.problem for problem in problems()]

    assert found == [] if message is None else message in found[0]


def test_a_model_without_examples_is_told_what_to_add(examples: Path, problems: Found) -> None:
    for path in examples.iterdir():
        path.unlink()

    assert [problem.problem for problem in problems()] == ["bike_demand/examples holds no example"]
