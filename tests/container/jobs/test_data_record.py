"""The version of the data is made of what the channel holds, by the platform's own code."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.container.jobs import data_record
from mlops.container.jobs.job import DataError


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_one_file_is_known_by_its_hash_whatever_its_name(tmp_path):
    (tmp_path / "rows.csv").write_bytes(b"a,b\n1,2\n")

    assert data_record.version_of(tmp_path) == sha256(b"a,b\n1,2\n")


def test_several_files_are_known_by_their_names_and_hashes(tmp_path):
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "b.csv").write_bytes(b"2")
    (tmp_path / "a.csv").write_bytes(b"1")
    before = data_record.version_of(tmp_path)

    assert before == sha256(f"{sha256(b'2')}  2026/b.csv\n{sha256(b'1')}  a.csv\n".encode())
    (tmp_path / "a.csv").rename(tmp_path / "c.csv")
    renamed = data_record.version_of(tmp_path)
    (tmp_path / "c.csv").write_bytes(b"3")
    assert len({before, renamed, data_record.version_of(tmp_path)}) == 3


def test_a_channel_without_data_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no data"):
        data_record.version_of(tmp_path)


def test_the_job_leaves_the_version_where_it_was_told(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_bytes(b"x")

    subprocess.run(
        [sys.executable, "-m", "jobs.data_record", tmp_path / "data", tmp_path / "read/data.json"],
        cwd=Path(data_record.__file__).parents[1],
        check=True,
    )

    assert json.loads((tmp_path / "read/data.json").read_text()) == {"version": sha256(b"x")}
