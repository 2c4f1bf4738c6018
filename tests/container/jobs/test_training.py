from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops.container.jobs import training
from mlops.container.jobs.job import DataError


@dataclass(frozen=True, kw_only=True)
class Settings:
    n_estimators: int = 500
    max_depth: int = 6
    learning_rate: float = 0.05


@pytest.fixture
def read(tmp_path):
    """The settings of a file with this content."""

    def settings(content: str) -> Settings:
        path = tmp_path / "hyperparameters.json"
        path.write_text(content)
        return training.read_hyperparameters(path, Settings)

    return settings


def test_text_becomes_numbers_and_what_is_not_given_keeps_its_default(read):
    assert read('{"max_depth": "3", "learning_rate": 0.1}') == Settings(
        max_depth=3, learning_rate=0.1
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"depth": "3"}', "hyper-parameter depth is unknown; allowed: n_estimators, max_depth"),
        ('{"max_depth": "deep"}', "hyper-parameters {'max_depth': 'deep'}: invalid literal"),
        ('{"max_depth": "2.5"}', "hyper-parameters {'max_depth': '2.5'}: invalid literal"),
        ("[", "hyperparameters.json: is not JSON"),
        ("[]", "hyperparameters.json: is not a JSON object"),
    ],
)
def test_wrong_hyperparameters_are_told(read, content, reason):
    with pytest.raises(DataError) as caught:
        read(content)

    assert reason in str(caught.value)


def test_settings_of_the_sdk_are_not_taken_for_hyperparameters(read):
    assert read('{"sagemaker_region": "eu-west-1"}') == Settings()


def test_the_code_that_answers_is_packed_and_nothing_else(tmp_path):
    root = tmp_path / "root"
    packed_code = (
        *("train.py", "jobs/job.py", "contract.json"),
        *("lags/__init__.py", "lags/daily/season.py", "lags/holidays.json"),
    )
    left_behind = (
        *("notes.txt", "tests/test_train.py", "monitoring/drift.py", "sheet.py"),
        *("notes/idea.md", "lags/season.pyc"),
    )
    for name in (*packed_code, *left_behind):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)

    training.pack_code(tmp_path / "code", root=root)

    packed = {path.relative_to(tmp_path / "code"): path for path in tmp_path.glob("code/**/*.*")}
    assert packed.keys() == set(map(Path, packed_code))
    assert packed[Path("train.py")].read_text() == "train.py"


def test_the_paths_of_a_job_are_sagemakers_unless_told_otherwise(arguments):
    arguments("--train", "somewhere")

    found = training.arguments("Train.")

    assert found.train == Path("somewhere")
    assert found.validation == Path("/opt/ml/input/data/validation")
    assert found.model_dir == Path("/opt/ml/model")
