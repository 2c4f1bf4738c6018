from __future__ import annotations

import io
import json
import tarfile

import pytest

from mlops.container.jobs import archive
from mlops.container.jobs.archive import Archive, Case
from mlops.container.jobs.job import DataError, JobError


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../outside", tarfile.REGTYPE), ("/etc/passwd", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)],
)
def test_an_archive_that_reaches_outside_its_folder_is_refused(tmp_path, name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc"
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as packed:
        packed.addfile(member, io.BytesIO())

    with pytest.raises(DataError, match="is not a file or folder inside the archive"):
        Archive.unpack(tmp_path, tmp_path / "target")

    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_missing_or_broken_archive_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "model.tar.gz").write_bytes(content)

    with pytest.raises(DataError, match=r"model\.tar\.gz: cannot be unpacked"):
        Archive.unpack(tmp_path, tmp_path / "target")


def test_a_version_answers_with_its_own_code(tmp_path, version):
    unpacked = Archive.unpack(version("candidate", extra=7), tmp_path / "candidate")
    case = Case(request=json.dumps([{"text": "four"}]), content_type="application/json")

    assert unpacked.answers([case, Case(request="three", content_type="text/csv")]) == [
        [{"length": 11}],
        [{"length": 12}],
    ]


def test_rows_are_asked_in_batches_that_every_version_accepts(monkeypatch, tmp_path, version):
    asked = []
    unpacked = Archive.unpack(version("candidate"), tmp_path / "candidate")
    answers = Archive.answers
    monkeypatch.setattr(Archive, "answers", lambda self, c: asked.extend(c) or answers(self, c))

    found = unpacked.predictions([{"text": "four"}] * (archive.ROWS_PER_REQUEST + 1))

    assert len(asked) == 2
    assert found == {"length": [4] * (archive.ROWS_PER_REQUEST + 1)}


def test_a_version_is_shown_only_the_fields_that_it_knows(tmp_path, version):
    strict = "assert all(set(row) == {'text'} for row in rows)"
    code = INFERENCE_THAT_LOOKS.replace("LOOK", strict)
    unpacked = Archive.unpack(version("older", code=code), tmp_path / "older")

    assert unpacked.predictions([{"text": "four", "newer": 1}]) == {"length": [4]}


def test_a_version_that_cannot_answer_is_told_with_its_last_line(tmp_path, version):
    broken = version("approved", code="import numpi")
    unpacked = Archive.unpack(broken, tmp_path / "approved")

    with pytest.raises(JobError) as caught:
        unpacked.answers([])

    assert str(caught.value) == (
        "the approved version cannot answer: inference.py, line 1, in <module>: "
        "ModuleNotFoundError: No module named 'numpi'"
    )


PRINTING = """
import json, os, subprocess, sys
print("at import")
def model_fn(model_dir):
    print("{", end="", flush=True)
    os.write(1, b"past the interpreter")
    subprocess.run(["echo", "from a child"], check=True)
    return sys.stdin.read()
def input_fn(body, content_type): return json.loads(body)
def predict_fn(rows, model):
    print(json.dumps({"answer": "not this"}))
    return [{"length": len(model)} for row in rows]
def output_fn(prediction, accept): return json.dumps(prediction)
"""


def test_what_the_models_code_prints_and_reads_is_no_part_of_its_answers(tmp_path, version, capfd):
    unpacked = Archive.unpack(version("candidate", code=PRINTING), tmp_path / "candidate")

    assert unpacked.predictions([{"text": "four"}, {"text": "a"}]) == {"length": [0, 0]}
    said = capfd.readouterr().err
    for line in ("at import", "past the interpreter", "from a child", "not this"):
        assert line in said


def test_code_that_ends_the_process_is_no_answer(tmp_path, version):
    code = INFERENCE_THAT_LOOKS.replace("LOOK", "import sys; sys.exit(0)")
    unpacked = Archive.unpack(version("candidate", code=code), tmp_path / "candidate")

    with pytest.raises(JobError, match="cannot answer: it ended with exit code 0 and no output"):
        unpacked.predictions([{"text": "four"}])


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('[{"lenght": 4} for row in rows]', "answers lenght, and not length"),
        ("[4 for row in rows]", "answers 4"),
        ("[{'length': 4}]", "answers 1 rows"),
        ("{'predictions': []}", "answers {'predictions': []}"),
        ("[{'length': 4}, {}]", "answers {}"),
    ],
)
def test_an_answer_that_breaks_the_promise_is_told_of_the_models_code(
    tmp_path, version, answer, found
):
    code = INFERENCE_THAT_LOOKS.replace("LOOK", f"return {answer}")
    unpacked = Archive.unpack(version("candidate", code=code), tmp_path / "candidate")

    with pytest.raises(DataError) as caught:
        unpacked.predictions([{"text": "four"}, {"text": "a"}])

    assert str(caught.value).startswith(f"inference.py of the candidate version: {found}")
    assert "allowed: model.yaml's schema.output: 2 objects with length" in str(caught.value)


def test_a_version_that_hangs_is_not_waited_for(monkeypatch, tmp_path, version):
    monkeypatch.setattr(archive, "TIMEOUT_SECONDS", 0.2)
    hanging = version("approved", code="import time\ntime.sleep(60)")
    unpacked = Archive.unpack(hanging, tmp_path / "approved")

    with pytest.raises(JobError, match=r"approved: no answer in 0\.2 s"):
        unpacked.answers([])


INFERENCE_THAT_LOOKS = """
import json
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)
def predict_fn(rows, model):
    LOOK
    return [{"length": len(row["text"])} for row in rows]
def output_fn(prediction, accept): return json.dumps(prediction)
"""
