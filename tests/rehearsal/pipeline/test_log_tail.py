import json
from pathlib import Path

from mlops.rehearsal.pipeline.log_tail import last_lines


def test_the_last_lines_with_text_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {number}\n\n" for number in range(30)))

    assert last_lines(log, count=3) == ["line 27", "line 28", "line 29"]


def test_a_traceback_in_a_record_is_readable(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    trace = 'Traceback:\n  File "train.py", line 3\nKeyError: 1\n'
    log.write_text(json.dumps({"event": "begins"}) + "\n" + json.dumps({"traceback": trace}))

    assert last_lines(log) == [
        '{"event": "begins"}',
        "Traceback:",
        '  File "train.py", line 3',
        "KeyError: 1",
    ]


def test_no_line_moves_the_cursor_or_fills_the_screen(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"\x1b[2J\xff progress\r" + b"x" * 5000)

    first, second = last_lines(log)

    assert first == " [2J\ufffd progress"
    assert len(second) == 200


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("x" * 10_000_000 + "\nthe end\n")

    assert last_lines(log)[-1] == "the end"


def test_an_empty_log_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "log.txt").touch()

    assert last_lines(tmp_path / "log.txt") == []
