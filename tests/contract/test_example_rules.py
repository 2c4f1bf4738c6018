import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem

Found = Callable[[], list[Problem]]


@pytest.fixture
def examples(repository: Path) -> Path:
    return repository / "model_code" / "bike_demand" / "examples"


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
    rows = request_.get("instances", request_) if isinstance(request_, dict) else request_
    answers = [{"prediction": 1}] * (len(rows) if isinstance(rows, list) else 1)
    (examples / "night.response.json").write_text(json.dumps(answers))

    assert problems() == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"weather": "Clear"}, "field 'hour' is missing"),
        ({"hour": 1, "wind": 2}, "unknown field 'wind'"),
        ({"hour": None}, "hour is null, and the field is not nullable"),
        ({"hour": "1"}, "hour is '1', which is not of type integer"),
        ({"hour": True}, "hour is True, which is not of type integer"),
        ({"hour": 1.5}, "hour is 1.5, which is not of type integer"),
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
        ("night.request.json", b"{", "is not JSON"),
        ("night.request.json", b"\xff", "is not UTF-8 text"),
        ("night.request.json", b"[" * 100_000, "is not JSON"),
        ("night.request.json", b'{"hour": ' + b"1" * 5000 + b"}", "is not JSON"),
        ("night.response.json", b"nope", "is not JSON"),
        ("night.response.json", b'{"prediction": NaN}', "it holds NaN"),
        ("night.response.json", b'{"prediction": Infinity}', "it holds Infinity"),
        ("night.response.json", b'{"prediction": 1e999}', "it holds 1e999"),
        ("night.request.json", b'{"hour": -Infinity}', "it holds -Infinity"),
        ("night.request.json", b'{"hour": 1, "hour": 2}', "duplicate key 'hour'"),
        ("night.request.json", b"[]", "holds no row"),
        ("day.response.json", b'{"prediction": 1}', "belongs to no request"),
        ("nigth.response.csv", b"prediction\n1\n", "belongs to no request"),
        ("day.json", b'{"hour": 1}', "belongs to no request"),
        ("a.request.txt", b"", "is neither .json nor .csv"),
        ("a.request.json", b"{}", "cannot be read"),
    ],
)
def test_a_file_that_is_no_example_is_told_by_its_name(
    examples: Path, problems: Found, name: str, content: bytes, message: str
) -> None:
    (examples / name).write_bytes(content)

    (problem,) = problems()

    assert message in problem.problem
    assert problem.file == "model_code/bike_demand/examples/" + (
        name if message != "cannot be read" else "a.response.json"
    )


def test_a_broken_example_hides_no_other(examples: Path, problems: Found) -> None:
    (examples / "night.request.json").write_text("{")
    (examples / "a.request.json").write_text('{"hour": 99}')
    (examples / "a.response.json").write_text('{"prediction": 1}')

    assert [problem.file.rpartition("/")[2] for problem in problems()] == [
        "a.request.json", "night.request.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("response", "place", "message"),
    [
        ('{"prediction": 1}', None, ""),
        ('[{"prediction": 1}]', None, ""),
        ('{\n"prediction": -1}', ("prediction", 2), "prediction is -1, below 0"),
        ('[\n{\n"prediction": "1"}]', ("[0].prediction", 3), "which is not of type number"),
        ('{"predictions": [\n{"predicted": 1, "prediction": 1}]}', ("predictions[0].predicted", 2),
         "unknown field 'predicted'"),
        ("{}", ("prediction", 1), "field 'prediction' is missing"),
        ('[{"prediction": 1}, {"prediction": 2}]', ("examples", 1), "answers 2 rows"),
        ("[]", ("examples", 1), "answers 0 rows, and the request holds 1"),
        ("7", ("examples", 1), "something else than objects"),
    ],
)  # fmt: skip
def test_a_response_keeps_the_schema_and_the_number_of_rows(
    examples: Path, problems: Found, response: str, place: tuple[str, int] | None, message: str
) -> None:
    (examples / "night.response.json").write_text(response)

    found = problems()

    assert [(p.key, p.line) for p in found] == ([] if place is None else [place])
    assert all(message in problem.problem for problem in found)


LIST, WRAPPED = '[{"prediction": 1}]', '{"predictions": [{"prediction": 1}]}'


@pytest.mark.parametrize("imported", ["from jobs import payload", "import jobs.payload", None])
@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ('{"hour": 1}', '{"prediction": 1}'),
        ('[{"hour": 1}]', LIST),
        ('{"instances": [{"hour": 1}]}', WRAPPED),
    ],
)
@pytest.mark.parametrize("answer", ['{"prediction": 1}', LIST, WRAPPED])
def test_an_answer_has_the_shape_in_which_the_platforms_payload_answers(
    examples: Path, problems: Found, *, imported: str | None, asked: str, fits: str, answer: str
) -> None:
    if imported is not None:
        script = examples.parent / "inference.py"
        script.write_text(f"{imported}\n{script.read_text()}")
    (examples / "night.request.json").write_text(asked)
    (examples / "night.response.json").write_text(answer)

    told = [(p.file.rpartition("/")[2], "mirrors the request" in p.problem) for p in problems()]

    assert told == ([] if imported is None or answer == fits else [("night.response.json", True)])


def test_a_csv_request_is_answered_by_a_list(examples: Path, problems: Found) -> None:
    script = examples.parent / "inference.py"
    script.write_text(f"from jobs import payload\n{script.read_text()}")
    (examples / "night.request.json").unlink()
    (examples / "night.request.csv").write_text("hour,weather\n1,Clear\n")
    before = [problem.problem for problem in problems()]
    (examples / "night.response.json").write_text(LIST)

    assert ["mirrors the request" in problem for problem in before] == [True]
    assert problems() == []


def test_a_csv_request_is_pointed_at_by_its_line(examples: Path, problems: Found) -> None:
    (examples / "night.request.json").unlink()
    (examples / "night.request.csv").write_text("hour,weather\n1,Clear\n2,Clear,more\n")
    (examples / "night.response.json").write_text('[{"prediction": 1}, {"prediction": 2}]')

    assert [(problem.line, problem.got) for problem in problems()] == [(3, "a list")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hour,weather\n1,Clear\n", None),
        ("hour, weather \n1,Clear\n", None),
        ("hour;weather\n1;Clear\n2;Rain\n", "is separated by ';'"),
        ("hour\tweather\n1\tClear\n", "is separated by '\\t'"),
        ("hour,hour\n1,2\n", "names a column twice"),
        ("hour,weather\n1\n", "has fewer cells here than names"),
        ("hour,weather\n", "holds no row"),
        ("", "holds no row"),
        ("weather\nClear\n", "field 'hour' is missing"),
        ("hour,weather\n1,Clear,surplus\n", "unknown field None"),
        ("hour\n" + "1" * 200_000, "is not CSV: field larger"),
    ],
)
def test_a_csv_request_is_checked_for_its_columns(
    examples: Path, problems: Found, text: str, message: str | None
) -> None:
    (examples / "night.request.json").unlink()
    (examples / "night.request.csv").write_text(text)

    told = problems()

    assert told == [] if message is None else message in told[0].problem
    assert {problem.file.rpartition("/")[2] for problem in told} <= {"night.request.csv"}


def test_a_model_without_examples_is_told_what_to_add(examples: Path, problems: Found) -> None:
    for path in examples.iterdir():
        path.unlink()

    assert [problem.problem for problem in problems()] == ["bike_demand/examples holds no example"]
