"""Files lie where SageMaker puts them, in its form."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mlops.rehearsal.drift.captures import (
    Exchange,
    capture_line,
    truth_line,
    write_captures,
    write_truth,
)
from mlops.rehearsal.local_aws.storage import LocalS3


def exchange(hour: int, truth: object = 7.0) -> Exchange:
    return Exchange(
        id=f"id-{hour}",
        at=datetime(2012, 1, 2, hour, 30, tzinfo=UTC),
        request='{"hour": 1}',
        answer='{"demand": 2}',
        truth=truth,
    )


def test_a_line_holds_both_sides_and_when_it_was() -> None:
    line = json.loads(capture_line(exchange(5)))

    assert line["captureData"]["endpointInput"]["data"] == '{"hour": 1}'
    assert line["captureData"]["endpointOutput"]["mode"] == "OUTPUT"
    assert line["eventMetadata"] == {"eventId": "id-5", "inferenceTime": "2012-01-02T05:30:00Z"}
    assert line["eventVersion"] == "0"


def test_captures_lie_by_hour_and_labels_by_day(tmp_path: Path) -> None:
    storage, exchanges = LocalS3(tmp_path), [exchange(5), exchange(6)]
    lines = [(one.at, capture_line(one)) for one in exchanges]

    write_captures(storage, "s3://captures/tiny/e/v", lines, name="a")
    write_truth(storage, "s3://captures/truth/e", exchanges, name="a")

    assert storage.exists("s3://captures/tiny/e/v/2012/01/02/05/a.jsonl")
    assert storage.exists("s3://captures/tiny/e/v/2012/01/02/06/a.jsonl")
    labels = storage.read_text("s3://captures/truth/e/2012/01/02/a.jsonl").splitlines()
    assert [json.loads(line)["eventMetadata"]["eventId"] for line in labels] == ["id-5", "id-6"]


def test_a_label_is_written_as_a_cell() -> None:
    said = [json.loads(truth_line(exchange(1, truth)))["groundTruthData"] for truth in (7.5, True)]

    assert said == [{"data": "7.5", "encoding": "CSV"}, {"data": "true", "encoding": "CSV"}]
