"""Requests from rows that no training has seen."""

import json

from mlops.contract import Example, Field
from mlops.rehearsal.canary.rows import example_requests, held_out_requests
from mlops.rehearsal.local_aws.storage import LocalS3

FIELDS = (
    Field(name="hour", type="integer", min=0, max=23),
    Field(name="temperature", type="number", nullable=True),
    Field(name="holiday", type="boolean"),
    Field(name="weather", type="string", allowed=("Clear", "Mist")),
)
PREFIX = "s3://a-bucket/models/bike"


def write(folder, execution: str, *lines: str) -> LocalS3:
    file = folder / "a-bucket/models/bike" / execution / "Preprocess/test/part.csv"
    file.parent.mkdir(parents=True)
    file.write_text("hour,temperature,holiday,weather,cnt\n" + "\n".join(lines) + "\n")
    return LocalS3(folder)


def rows(storage: LocalS3) -> list[dict[str, object]]:
    return [json.loads(request.body) for request in held_out_requests(storage, PREFIX, FIELDS)]


def test_a_row_becomes_a_request_of_the_contract(tmp_path) -> None:
    storage = write(tmp_path, "a", "7,21.5,true,Mist,12", "8,,false,Clear,9")

    assert rows(storage) == [
        {"hour": 7, "temperature": 21.5, "holiday": True, "weather": "Mist"},
        {"hour": 8, "temperature": None, "holiday": False, "weather": "Clear"},
    ]


def test_rows_that_break_the_contract_are_left_out(tmp_path) -> None:
    storage = write(tmp_path, "a", "24,1,true,Mist,1", "x,1,true,Mist,1", "3,1,true,Fog,1")

    assert rows(storage) == []


def test_the_newest_data_counts(tmp_path) -> None:
    write(tmp_path, "a", "1,1,true,Mist,1")
    storage = write(tmp_path, "b", "2,1,true,Mist,1")

    assert [row["hour"] for row in rows(storage)] == [2]


def test_examples_stand_in_as_they_travel() -> None:
    example = Example(name="e", content_type="text/csv", request="x\n1\n", response=[])

    (request,) = example_requests([example])

    assert (request.content_type, request.body) == ("text/csv", b"x\n1\n")


def test_one_caller_in_five_sends_csv_and_wants_it_back(tmp_path) -> None:
    storage = write(tmp_path, "a", *10 * ["7,,true,Mist,12"])

    requests = held_out_requests(storage, PREFIX, FIELDS)

    as_csv = [request for request in requests if request.content_type == "text/csv"]
    assert (len(requests), len(as_csv)) == (10, 2)
    assert {request.accept for request in as_csv} == {"text/csv"}
    assert as_csv[0].body == b"hour,temperature,holiday,weather\n7,,true,Mist\n"
