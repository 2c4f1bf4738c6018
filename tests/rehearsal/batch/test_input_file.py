"""Whatever a person has becomes lines; what breaks the contract is left for the model to refuse."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import Example, ModelSpec, load_platform
from mlops.rehearsal.batch.input_file import content_of, example_lines, held_out_lines
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.storage import LocalS3

ROOT = Path(__file__).resolve().parents[3]
HEADER = "age,education,disability,sex"


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return load_platform(ROOT, model="employment").model("employment")


def features(text: bytes | str) -> list[dict[str, Any]]:
    return [json.loads(line)["features"] for line in text.splitlines()]


@pytest.mark.parametrize(
    "content",
    [
        b"anything\n",
        b'\xef\xbb\xbf{"id": 1}\n',
        b'{"id": 1}\r\n\r\n{"id": 2}',
        b"",
        b"\n \n",
        b"\0",
    ],
    ids=["no JSON", "with a mark", "with other line ends", "empty", "blank", "a zero byte"],
)
def test_a_file_of_lines_is_sent_as_it_is_to_the_last_byte(
    tmp_path: Path, spec: ModelSpec, content: bytes
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(content)

    assert content_of(file, spec) == content


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"id": 1, "features": {}, "SageMakerOutput": "mine"}, "line 2: SageMakerOutput is"),
        ({"id": "mlops-probe-0", "features": {}}, "line 2: the id mlops-probe-0 begins with"),
    ],
)
def test_a_name_that_is_not_the_callers_is_refused_with_its_line(
    tmp_path: Path, spec: ModelSpec, line: dict[str, Any], said: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"id": 1, "features": {{}}}}\n{json.dumps(line)}\n')

    with pytest.raises(RehearsalError, match=said):
        content_of(file, spec)


def test_cells_take_the_types_of_their_fields_and_wrong_ones_stay(
    tmp_path: Path, spec: ModelSpec
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}\n300,,true,1\nold,21,perhaps,2\n")

    assert features(content_of(file, spec)) == [
        {"age": 300, "education": None, "disability": True, "sex": "1"},
        {"age": "old", "education": 21, "disability": "perhaps", "sex": "2"},
    ]


def test_a_row_longer_than_the_header_is_no_row_of_the_contract(
    tmp_path: Path, spec: ModelSpec
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}\n1,2,true,1,9\n")

    (row,) = features(content_of(file, spec))
    assert row["beyond_the_header"] == ["9"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", b"PAR1", "its form is unknown; allowed: .jsonl, .csv"),
        ("a.csv", b"\x89PNG\xff", "cannot be read as UTF-8 text"),
        ("a.csv", b"this is prose\nand more\n", "names no field of the contract"),
        ("a.csv", b'age,sex\n"1,2\n', "is not CSV"),
    ],
    ids=["another form", "bytes", "prose", "an open quote"],
)
def test_a_file_that_is_no_batch_is_refused_with_what_to_do(
    tmp_path: Path, spec: ModelSpec, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(RehearsalError, match=said):
        content_of(tmp_path / name, spec)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_empty_file_stays_empty(tmp_path: Path, spec: ModelSpec, name: str) -> None:
    (tmp_path / name).write_text("")

    assert content_of(tmp_path / name, spec) == b""


def test_without_held_out_rows_there_are_none(tmp_path: Path, spec: ModelSpec) -> None:
    assert held_out_lines(LocalS3(tmp_path), "s3://artifacts/models/employment", spec) == ""


def test_every_row_of_the_examples_gets_a_line() -> None:
    def example(content_type: str, request: str) -> Example:
        return Example(name="e", content_type=content_type, request=request, response={})

    rows = example_lines(
        [
            example("application/json", '{"x": 1}'),
            example("application/json", '[{"x": 2}, {"x": 3}]'),
            example("application/json", '{"instances": [{"x": 4}]}'),
            example("text/csv", "x\n5\n"),
        ]
    )

    assert features(rows) == [{"x": 1}, {"x": 2}, {"x": 3}, {"x": 4}]
