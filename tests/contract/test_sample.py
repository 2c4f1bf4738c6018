import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem, sha256_of

Found = Callable[[], list[Problem]]
ROWS = b"hour,weather,demand\n1,Clear,3\n"


def test_a_missing_sample_is_told(repository: Path, problems: Found) -> None:
    (repository / "model_code/bike_demand/data/hours.csv.gz").unlink()

    assert [(p.key, p.problem) for p in problems()] == [("data.sample", "there is no such file")]


def test_a_changed_sample_is_told_with_its_new_version(repository: Path, problems: Found) -> None:
    sample = repository / "model_code/bike_demand/data/hours.csv.gz"
    sample.write_bytes(gzip.compress(ROWS + b"2,Rain,1\n", mtime=0))

    (problem,) = problems()
    assert (problem.key, problem.allowed) == ("data.version", sha256_of(sample))
    assert problem.remedy == "run `mlops data record bike-demand`"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"hour,demand\n", mtime=0), "has no row below its header"),
        (gzip.compress(b"\xff\xfe,demand\n1,2\n", mtime=0), "is not UTF-8 text"),
        (ROWS, "cannot be read as CSV: Not a gzipped file"),
        (gzip.compress(ROWS * 99, mtime=0)[:25], "cannot be read as CSV"),
        (gzip.compress(b"x" * 200_000 + b"\n1\n", mtime=0), "field larger than field limit"),
    ],
)
def test_a_sample_that_is_no_data_is_told(
    repository: Path, problems: Found, content: bytes, message: str
) -> None:
    (repository / "model_code/bike_demand/data/hours.csv.gz").write_bytes(content)

    found = [problem for problem in problems() if problem.key == "data.sample"]

    assert len(found) == 1
    assert message in found[0].problem


def test_a_plain_csv_is_read_as_well(
    repository: Path, changed: Callable[[str, str, str], list[Problem]]
) -> None:
    (repository / "model_code/bike_demand/data/plain.csv").write_bytes(ROWS)

    found = changed("model.yaml", "hours.csv.gz", "plain.csv")

    assert [problem.key for problem in found] == ["data.version"]
