from __future__ import annotations

import io
import tarfile

import pytest

import archive
from job import DataError


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../outside", tarfile.REGTYPE), ("/etc/passwd", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)],
)
def test_an_archive_that_reaches_outside_its_folder_is_refused(tmp_path, name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc"
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as packed:
        packed.addfile(member, io.BytesIO())

    with pytest.raises(DataError, match="is no file or folder inside the archive"):
        archive.Archive.unpack(tmp_path, tmp_path / "target")

    assert not (tmp_path / "target").exists()


def test_rows_are_asked_in_batches_that_every_version_accepts(monkeypatch, trained, parts):
    asked = []
    version = archive.Archive(folder=trained.model_dir)
    answers = archive.Archive.answers
    monkeypatch.setattr(
        archive.Archive, "answers", lambda self, c: asked.extend(c) or answers(self, c)
    )
    row = dict.fromkeys(version.input_names) | {
        "month": 5, "day": 3, "hour": 8, "weekday": "Tue", "holiday": False,
    }  # fmt: skip

    found = version.predictions([row] * (archive.ROWS_PER_REQUEST + 1))

    assert len(asked) == 2
    assert len(found["demand"]) == archive.ROWS_PER_REQUEST + 1
