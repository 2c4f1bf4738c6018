import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem, sha256_of

Found = Callable[[], list[Problem]]
ROWS = b"hour,weather,demand\n1,Clear,3\n"
LONG = ROWS + b"2,Rain,1\n" * 4999


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
        (
            gzip.compress(LONG + b'3,Clear,"' + b"4" * 200_000 + b'"\n', mtime=0),
            "larger than field limit",
        ),
        (gzip.compress(LONG + b"3,Cl\xe4r,4\n", mtime=0), "is not UTF-8 text"),
        (gzip.compress(LONG, mtime=0)[:-9], "cannot be read as CSV"),
        (gzip.compress(LONG, mtime=0)[:-8] + bytes(8), "CRC check failed"),
        (gzip.compress(LONG.replace(b"\n", b"\r"), mtime=0), "new-line character"),
        (gzip.compress(LONG + b"2,Rain\n", mtime=0), "row 5002 has another number of cells"),
        (gzip.compress(LONG + b"2,Rain,1,1\n", mtime=0), "row 5002 has another number of cells"),
        (gzip.compress(b"demand,hour,demand\n1,2,3\n", mtime=0), "one name: 'demand'"),
        (gzip.compress(b"a,a,b,demand\n1,2,3,4\n", mtime=0), "one name: 'a'"),
        (gzip.compress(b"hour,demand\n1,\n2, \n", mtime=0), "demand is empty in every row"),
    ],
)
@pytest.mark.parametrize("end", [None, "2012-01-01"])
def test_a_sample_that_is_no_data_is_told(
    repository: Path, problems: Found, content: bytes, message: str, end: str | None
) -> None:
    _recorded(repository, content, end)

    (problem,) = problems()

    assert problem.key == "data.sample"
    assert message in problem.problem


@pytest.mark.parametrize("content", [ROWS, b"\xef\xbb\xbfdemand,hour\n3,1\n", LONG + b"\n\n"])
def test_what_the_training_reads_is_no_problem(
    repository: Path, problems: Found, content: bytes
) -> None:
    _recorded(repository, gzip.compress(content.replace(b"\n", b"\r\n"), mtime=0), None)

    assert problems() == []


@pytest.mark.parametrize("limit", ["ROWS_PARSED", "TEXT_PARSED"])
def test_of_a_long_sample_the_rest_is_read_and_not_parsed(
    repository: Path, problems: Found, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"mlops.contract.sample.{limit}", 1000)
    long = b"hour,weather,demand\n" + b"2,Rain,\n" * 4999
    _recorded(repository, gzip.compress(long + b"2,Rain\n" * 20_000, mtime=0), None)
    assert problems() == []

    _recorded(repository, gzip.compress(long + b"\xe4" * 100_000, mtime=0), None)
    assert [problem.problem for problem in problems()] == ["is not UTF-8 text"]


def test_of_a_sample_with_too_much_text_the_rest_is_not_read(
    repository: Path, problems: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("ROWS_PARSED", "TEXT_READ", "_READ_AT_ONCE"):
        monkeypatch.setattr(f"mlops.contract.sample.{limit}", 1000)
    _recorded(repository, gzip.compress(LONG + b"\xe4" * 100_000, mtime=0), None)

    assert problems() == []


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
    text = f"hour,weather,demand,{columns}\n{rows}"
    _recorded(repository, gzip.compress(text.encode(), mtime=0), end)


def _recorded(repository: Path, content: bytes, end: str | None) -> None:
    """A sample of this content, recorded as the contract's version of the data."""
    sample = repository / "model_code/bike_demand/data/hours.csv.gz"
    sample.write_bytes(content)
    contract = repository / "model_code/bike_demand/model.yaml"
    text = re.sub(r"version: [0-9a-f]{64}", f"version: {sha256_of(sample)}", contract.read_text())
    if end is not None:
        text = text.replace("data:\n", f'data:\n  training_end: "{end}"\n')
    contract.write_text(text)
