from pathlib import Path

import pytest

from mlops.rehearsal.local_aws.server_log import last_line, port_in, records

LISTENING = '{"event": "listening", "port": 4711}\n'


@pytest.mark.parametrize(
    "before",
    ["", "loading\n", "loading ", "10 %\r100 %", '{"loaded": ', '{"a": 1} ', "[1]", "\ufffd{"],
)
def test_the_port_is_found_whatever_the_model_prints(tmp_path: Path, before: str) -> None:
    (tmp_path / "log").write_text(f"{before}{LISTENING}", "utf-8")

    assert port_in(tmp_path / "log") == 4711


@pytest.mark.parametrize("text", ["", "loading", '{"event": "loading"}', "[]", '"listening"'])
def test_a_server_that_does_not_listen_has_no_port(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text)

    assert port_in(tmp_path / "log") == 0


def test_events_are_told_from_what_the_model_prints(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('a\n{"event": "one"}\n{}\nb {"event": "two"}\n')

    assert [record["event"] for record in records(tmp_path / "log")] == ["one", "two"]


def test_the_last_line_is_what_was_said_last(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\nlast \xff\n")

    assert last_line(tmp_path / "log") == "last \ufffd"
