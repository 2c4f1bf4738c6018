import gzip
import re
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


def test_a_sample_larger_than_a_git_host_takes_is_told_and_not_read(
    repository: Path, problems: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = repository / "model_code/bike_demand/data/hours.csv.gz"
    monkeypatch.setattr("mlops.contract.sample.MAX_BYTES", sample.stat().st_size - 1)
    monkeypatch.setattr("mlops.contract.sample.sha256_of", lambda _: pytest.fail("was read"))

    assert [problem.key for problem in problems()] == ["data.sample"]


@pytest.mark.parametrize(
    ("days", "end", "level"),
    [
        (("2011-01-01", "2012-06-01"), "2012-01-01", None),
        (("2012-01-01", "2012-06-01"), "2012-01-01", "error"),
        (("2011-01-01", "2011-12-31"), "2012-01-01", "warning"),
        (("2011-01-01T10:00", "2012-01-01T00:00"), "2012-01-01", None),
        (("2011-01-01", "unknown"), "2009-01-01", None),
    ],
)
def test_training_ends_within_the_data(
    repository: Path, problems: Found, days: tuple[str, str], end: str, level: str | None
) -> None:
    _sampled(repository, "dteday", days, end)

    assert [(p.key, p.level) for p in problems()] == (
        [] if level is None else [("data.training_end", level)]
    )


def test_a_survey_of_years_is_compared_by_their_first_day(
    repository: Path, problems: Found
) -> None:
    _sampled(repository, "year", ("2015", "2016"), "2015-01-01")

    assert [problem.level for problem in problems()] == ["error"]


def test_with_two_columns_of_days_nothing_is_claimed(repository: Path, problems: Found) -> None:
    _sampled(repository, "began,ended", ("2015-01-01,2015-01-02",) * 2, "2010-01-01")

    assert problems() == []


def _sampled(repository: Path, columns: str, days: tuple[str, str], end: str) -> None:
    """Rows with these days as the sample, and the day on which training ends."""
    rows = "".join(f"1,Clear,3,{day}\n" for day in days)
    sample = repository / "model_code/bike_demand/data/hours.csv.gz"
    sample.write_bytes(gzip.compress(f"hour,weather,demand,{columns}\n{rows}".encode(), mtime=0))
    contract = repository / "model_code/bike_demand/model.yaml"
    text = re.sub(r"version: [0-9a-f]{64}", f"version: {sha256_of(sample)}", contract.read_text())
    contract.write_text(text.replace("data:\n", f'data:\n  training_end: "{end}"\n'))
