"""The baseline of a version that says how long a text is, with an engine that notes its work."""

from __future__ import annotations

import csv
import json
import logging
from dataclasses import replace

import pytest

from mlops.container.jobs import drift_baseline
from mlops.container.jobs.contract import Group
from mlops.container.jobs.job import DataError, JobError
from mlops.rollout.content import content_of_archive, content_of_folder

LOG = logging.getLogger("test")
ENGINE = """
import json, pathlib, shutil, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
output = pathlib.Path(given["--output"])
output.mkdir()
for name in ("--outcome", "--predictions", "--settings", "--training"):
    if name in given:
        shutil.copyfile(given[name], output / name.strip("-"))
(output / "command").write_text(json.dumps([sys.argv[1], given["--contract"]]))
"""


@pytest.fixture
def made(monkeypatch, tmp_path, arguments, packed_contract, version):
    """Run the job with this engine; the folder of its output."""

    def run(engine: str = ENGINE, **changed):
        # The version answers one more than the examples say.
        contract = replace(packed_contract, **{"absolute_tolerance": 1.0, **changed})
        monkeypatch.setattr(drift_baseline, "load_contract", lambda: contract)
        monkeypatch.setattr(drift_baseline, "ROOT", tmp_path)
        (tmp_path / "monitoring").mkdir()
        (tmp_path / "monitoring/__main__.py").write_text(engine)
        for part, words in (("train", ("one", "two")), ("test", ("three", "four"))):
            (tmp_path / part).mkdir()
            lines = [f"{word},{len(word)}\n" for word in words]
            (tmp_path / part / "part.csv").write_text("".join(["text,letters\n", *lines]))
        arguments(
            "--model", version("candidate", extra=1), "--data-dir", tmp_path,
            "--output-dir", tmp_path / "out", "--content-dir", tmp_path / "content",
        )  # fmt: skip
        drift_baseline.main(LOG)
        return tmp_path / "out"

    return run


def test_the_engine_is_given_the_training_rows_and_the_candidates_answers_to_the_test_rows(made):
    output = made()

    with (output / "predictions").open() as file:
        answered = list(csv.DictReader(file))
    assert answered == [{"text": "three", "length": "6"}, {"text": "four", "length": "5"}]
    assert (output / "training").read_text() == "text,letters\none,3\ntwo,3\n"
    assert json.loads((output / "command").read_text()) == [
        "baseline", str(drift_baseline.CONTRACT),
    ]  # fmt: skip


def test_the_archive_that_was_served_and_its_baseline_are_recorded_by_their_content(made, tmp_path):
    output = made()

    recorded = json.loads((tmp_path / "content/content.json").read_text())
    with (tmp_path / "candidate/model.tar.gz").open("rb") as stream:
        archive = content_of_archive(stream).digest
    assert recorded == {
        "archive_sha256": archive,
        "baseline_sha256": content_of_folder(output).digest,
    }


def test_a_version_that_answers_an_example_otherwise_has_no_baseline(made, tmp_path):
    with pytest.raises(JobError, match="the served archive answers example batch"):
        made(absolute_tolerance=0.5)

    assert not (tmp_path / "out").exists()


def test_the_contracts_thresholds_are_handed_on_and_nothing_else_of_it(made):
    people = Group(field="text", names={"a": "A", "b": "B"})
    monitoring = {"psi": 0.2, "ignored": ["text"], "labels": {"prediction": "length"}}

    output = made(monitoring=monitoring, groups=(people,))

    assert json.loads((output / "settings").read_text()) == {
        "psi": 0.2, "ignored": ["text"], "groups": ["text"],
    }  # fmt: skip


def test_groups_are_handed_on_with_what_was_true_and_how_it_is_read(made):
    people = Group(field="text", names={"a": "A", "b": "B"})
    labels = {"prediction": "length", "probability": None, "delay_days": 3}

    output = made(monitoring={"labels": labels}, groups=(people,), target="letters")

    assert json.loads((output / "outcome").read_text()) == {"prediction": "length"}
    with (output / "predictions").open() as file:
        assert list(csv.DictReader(file)) == [
            {"label": "5", "text": "three", "length": "6"},
            {"label": "4", "text": "four", "length": "5"},
        ]


@pytest.mark.parametrize("monitoring", [{}, {"labels": {"prediction": "length"}}])
def test_without_groups_no_label_is_needed(made, monitoring):
    output = made(monitoring=monitoring)

    assert not (output / "outcome").exists()


def test_a_season_is_handed_on_where_the_contract_has_one(made):
    output = made(monitoring={"compare_within": "text"})

    assert json.loads((output / "settings").read_text())["compare_within"] == "text"


def test_what_the_engine_refuses_ends_the_job_with_its_reason(made):
    with pytest.raises(JobError) as caught:
        made("import sys; sys.exit('text holds nothing; remedy: check the data')")

    assert str(caught.value) == (
        "the drift engine made no baseline: text holds nothing; remedy: check the data"
    )


def test_an_archive_that_is_none_is_told(made, version, monkeypatch):
    monkeypatch.setattr("mlops.container.jobs.archive.FILE", "other.tar.gz")

    with pytest.raises(DataError, match="cannot be unpacked"):
        made()
