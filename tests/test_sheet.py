from pathlib import Path

import pytest

from mlops.sheet import badge, facts, section, sheet, table, write_folder


def test_what_a_person_or_a_model_wrote_is_no_markup() -> None:
    evil = "<script>alert(1)</script>"

    page = sheet(evil, [badge(evil, "bad"), facts([(evil, evil)]), section(evil, "<b>ours</b>")])

    assert "<script>" not in page
    assert "<b>ours</b>" in page


def test_a_box_without_content_is_left_out() -> None:
    assert section("Steps", table(["name"], [])) == ""
    assert facts([]) == ""


def test_a_report_appears_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "reports" / "1", {"index.html": "page", "record.json": "{}"})

    found = {path.name: path.read_text() for path in (tmp_path / "reports" / "1").iterdir()}

    assert found == {"index.html": "page", "record.json": "{}"}


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_folder(tmp_path / "reports" / "1", {"index.html": "page", "record.json": "\ud800"})

    assert list((tmp_path / "reports").iterdir()) == []
