from __future__ import annotations

import gzip
import hashlib
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mlops.container.jobs import data_file
from mlops.container.jobs.job import DataError

TEXT = "id,age\nx,41\ny,\n"


@pytest.fixture
def read(tmp_path):
    """The lines of a file with this content."""

    def lines(content: bytes, *, version: str = "", columns=("id", "age")):
        (tmp_path / "rows.csv").write_bytes(content)
        return list(data_file.lines(tmp_path, version=version, columns=columns))

    return lines


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_every_line_is_read_with_its_number_compressed_or_not(read, pack):
    found = read(pack(TEXT.encode()))

    assert [(line.number, line.cells) for line in found] == [
        (2, {"id": "x", "age": "41"}),
        (3, {"id": "y", "age": ""}),
    ]


def test_a_cell_that_cannot_be_parsed_is_told_with_its_place(read):
    first, second = read(TEXT.encode())

    assert first.parsed("age", int) == 41
    with pytest.raises(DataError, match=r"^row 3: age is '', which cannot be read$"):
        second.parsed("age", int)


def test_the_asked_version_is_verified(read):
    right = hashlib.sha256(TEXT.encode()).hexdigest()

    assert len(read(TEXT.encode(), version=right)) == 2
    with pytest.raises(DataError) as caught:
        read(TEXT.encode(), version="0" * 64)
    assert str(caught.value) == f"rows.csv: its SHA-256 is {right}, asked for was {'0' * 64}"


@given(asked=st.text(min_size=1, max_size=70) | st.text("0123456789abcdefABCDEF", min_size=1))
@example(asked=hashlib.sha256(TEXT.encode()).hexdigest().upper())
@example(asked=hashlib.sha256(TEXT.encode()).hexdigest()[:12])
@example(asked=" " + hashlib.sha256(TEXT.encode()).hexdigest())
@example(asked="sha256:" + hashlib.sha256(TEXT.encode()).hexdigest())
@example(asked="unknown")
def test_no_asked_version_but_the_files_own_hash_is_ever_taken(tmp_path_factory, asked):
    folder = tmp_path_factory.mktemp("data")
    (folder / "rows.csv").write_bytes(TEXT.encode())
    assume(asked != hashlib.sha256(TEXT.encode()).hexdigest())

    with pytest.raises(DataError, match="SHA-256"):
        data_file.lines(folder, version=asked, columns=())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "rows.csv: is empty; allowed: a header and rows"),
        (b"id,age\n", "rows.csv: holds a header and no rows"),
        (b"id\nx\n", "rows.csv: misses the columns age"),
        (TEXT.encode("utf-16"), "rows.csv: is not UTF-8 text (byte 0); save it as UTF-8"),
        (b"id,age\nx\n", "row 2: has another number of cells than the header"),
        (b"id,age\nx,1,2\n", "row 2: has another number of cells than the header"),
        (b"id,age\nx," + b"9" * 200_000, "rows.csv: is not CSV: field larger than field limit"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "rows.csv: is not a complete gzip file"),
    ],
)
def test_a_bad_file_is_told_in_one_line(read, content, reason):
    with pytest.raises(DataError) as caught:
        read(content)

    assert str(caught.value).startswith(reason)


def test_anything_but_one_data_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds nothing; allowed: exactly one data file"):
        data_file.lines(tmp_path, version="", columns=())
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TEXT)
    with pytest.raises(DataError, match=r"holds a\.csv, b\.csv; allowed: exactly one data file"):
        data_file.lines(tmp_path, version="", columns=())


@pytest.mark.parametrize(
    ("given", "end"), [("2012-07-01", date(2012, 7, 1)), ("none", None), (None, None)]
)
def test_training_ends_on_a_day_or_never(given, end):
    told = () if given is None else ("--training-end", given)

    assert data_file.parser("Read.").parse_args(told).training_end == end


def test_an_end_of_training_that_is_no_day_is_refused(capsys):
    with pytest.raises(SystemExit):
        data_file.parser("Read.").parse_args(("--training-end", "July"))

    assert "argument --training-end: invalid" in capsys.readouterr().err
