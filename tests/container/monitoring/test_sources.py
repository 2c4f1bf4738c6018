import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from mlops.container.monitoring import MonitoringError, files_below, lines_of
from mlops.container.monitoring.sources import BROKEN_FILE, CUT_FILE, TOO_LONG


def test_plain_and_compressed_files_give_the_same_lines_whatever_their_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"one\ntwo\n")
    (tmp_path / "b.jsonl").write_bytes(gzip.compress(b"three\n") + gzip.compress(b"four"))
    counts: Counter[str] = Counter()

    lines = list(lines_of(files_below(tmp_path), counts))

    assert lines == [b"one\n", b"two\n", b"three\n", b"four"]
    assert not counts


def test_files_come_in_the_order_of_their_hours(tmp_path: Path) -> None:
    for name in ("2026/11/02/10/b.jsonl", "2026/11/02/09/z.jsonl", "2026/11/02/10/a.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "manifest.txt").touch()

    assert [path.name for path in files_below(tmp_path)] == ["z.jsonl", "a.jsonl", "b.jsonl"]


def test_a_compressed_file_that_ends_early_gives_what_it_has(tmp_path: Path) -> None:
    content = b"".join(os.urandom(30).hex().encode() + b"\n" for _ in range(5000))
    packed = gzip.compress(content)
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: len(packed) // 2])
    counts: Counter[str] = Counter()

    lines = list(lines_of([path, path], counts))

    assert len(lines) > 1000
    assert content.startswith(lines[0])
    assert counts == {CUT_FILE: 2}


def test_a_compressed_file_that_is_broken_in_the_middle_is_counted(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(200_000).hex().encode()))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    (tmp_path / "broken.gz").write_bytes(packed)
    counts: Counter[str] = Counter()

    list(lines_of([tmp_path / "broken.gz"], counts))

    assert counts[BROKEN_FILE] == 1


def test_a_line_beyond_the_limit_is_skipped_and_the_next_one_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"short\n" + b"x" * 1000 + b"\nafter\n" + b"y" * 1000)
    counts: Counter[str] = Counter()

    lines = list(lines_of([tmp_path / "a.jsonl"], counts, limit=64))

    assert lines == [b"short\n", b"after\n"]
    assert counts == {TOO_LONG: 2}


def test_a_line_of_exactly_the_limit_with_its_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"x" * 63 + b"\n")
    counts: Counter[str] = Counter()

    assert list(lines_of([tmp_path / "a.jsonl"], counts, limit=64)) == [b"x" * 63 + b"\n"]
    assert not counts


def test_a_file_that_is_not_there_stops_the_analysis(tmp_path: Path) -> None:
    with pytest.raises(MonitoringError, match=r"gone\.jsonl: cannot be read"):
        list(lines_of([tmp_path / "gone.jsonl"], Counter()))
