from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem
from mlops.contract.lock_rules import canonical, locked_versions, platform_imports

Found = Callable[[], list[Problem]]
ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(path.parent for path in ROOT.glob("model_code/*/model.yaml"))


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "model_code" / "bike_demand"


def test_a_package_that_is_asked_for_is_in_the_lock(folder: Path, problems: Found) -> None:
    (folder / "requirements.in").write_text(
        "# why\n-c other.txt\nNumPy==1.*\nPanDas[x]>=2 # here\n"
    )

    (problem,) = problems()

    assert (problem.file, problem.line) == ("model_code/bike_demand/requirements.in", 4)
    assert problem.got == "pandas"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("numpy==1.0", None),
        ("numpy", None),
        ("numpy >=0.9, <2  # why", None),
        ("numpy==1.*", None),
        ("numpy==3.0; python_version < '3'", None),
        ("numpy==1.0 --hash=sha256:00", None),
        ("-r other.txt", None),
        ("./wheels/own-1.0-py3-none-any.whl", None),
        ("https://example.com/own-1.0-py3-none-any.whl", None),
        ("addressed @ https://example.com/addressed-1.0-py3-none-any.whl", None),
        ("numpy==3.0.0", "has another version"),
        ("NumPy[x]>=1.1", "has another version"),
        ("numpy=1.0", "is not a requirement"),
        ("git+https://example.com/own.git", "a repository has no hash"),
        ("numpy @ git+ssh://git@example.com/own.git", "a repository has no hash"),
        ("own @ https://example.com/own-1.0-py3-none-any.whl", "does not have this package"),
    ],
)
def test_the_lock_has_the_version_that_is_asked_for(
    folder: Path, problems: Found, asked: str, message: str | None
) -> None:
    with (folder / "requirements.lock").open("a") as lock:
        lock.write("addressed @ https://example.com/addressed-1.0-py3-none-any.whl \\\n")
    (folder / "requirements.in").write_text(f"{asked}\n")

    told = [message is not None and message in problem.problem for problem in problems()]

    assert told == ([] if message is None else [True])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("json.py", "json"),
        ("zlib.py", "zlib"),
        ("email/__init__.py", "email"),
        ("numpy.py", "numpy"),
        ("yaml/__init__.py", "yaml"),
        ("json/table.csv", None),
        ("part/json.py", None),
        ("tests/json.py", None),
    ],
)
def test_no_module_hides_one_of_python_or_of_a_package(
    folder: Path, problems: Found, name: str, told: str | None
) -> None:
    with (folder / "requirements.lock").open("a") as lock:
        lock.write("pyyaml==6.0 \\\n")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("")

    assert [problem.got for problem in problems()] == ([] if told is None else [told])


@pytest.mark.parametrize(("name", "near"), [("featurez", "features"), ("pandsa", "pandas")])
def test_a_misspelt_import_is_told_what_may_be_meant(
    folder: Path, problems: Found, name: str, near: str
) -> None:
    (folder / "features.py").write_text("")
    (folder / "train.py").write_text(f"import {name}\n")

    (problem,) = problems()

    assert problem.remedy == f"did you mean {near}?"
    assert name not in (problem.allowed or "")


@pytest.mark.parametrize("name", ["numpy", "scipy", "starlette", "uvicorn"])
def test_what_the_platforms_own_code_imports_is_in_the_lock(
    folder: Path, problems: Found, name: str
) -> None:
    lock = folder / "requirements.lock"
    lock.write_text(lock.read_text().replace(f"{name}==1.0", "filler==1.0"))

    (problem,) = problems()

    assert (problem.level, problem.got) == ("error", name)
    assert problem.file.endswith("requirements.lock")


def test_what_a_module_of_jobs_imports_is_needed_by_who_imports_that_module(
    folder: Path, problems: Found
) -> None:
    before = problems()
    (folder / "validate_data.py").write_text("from jobs import data_checks\n")

    assert before == []
    assert "pandera" in {problem.got for problem in problems()}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("import lightgbm\n", "error"),
        ("from sklearn.linear_model import Ridge\n", "error"),
        ("def late():\n    import torch\n", "error"),
        ("import our_own_library\n", "warning"),
        ("import onnxruntime_extensions\n", "warning"),
    ],
)
def test_a_module_that_no_package_of_the_lock_brings_is_told_at_its_line(
    folder: Path, problems: Found, text: str, level: str
) -> None:
    (folder / "train.py").write_text(text)

    (problem,) = problems()

    assert (problem.level, problem.file) == (level, "model_code/bike_demand/train.py")
    assert problem.line == text.count("\n", 0, text.index("import ")) + 1


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("import json, os.path\n", None),
        ("import features\nfrom part import x\n", None),
        ("from jobs import job\nimport serve\n", None),
        ("import xgboost\n", "xgboost-cpu"),
        ("import git\n", "GitPython"),
        ("import ruamel.yaml\n", "ruamel.yaml"),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None\n", None),
    ],
)
def test_what_is_there_is_not_told(
    folder: Path, problems: Found, text: str, package: str | None
) -> None:
    (folder / "features.py").write_text("")
    (folder / "part").mkdir()
    (folder / "train.py").write_text(text)
    with (folder / "requirements.lock").open("a") as lock:
        lock.write(f"{package or 'filler'}==1.0 \\\n")

    assert problems() == []


def test_an_image_of_the_models_own_may_bring_what_no_lock_names(
    folder: Path, problems: Found
) -> None:
    (folder / "train.py").write_text("import torch\n")
    (folder / "Dockerfile").write_text("FROM torch\n")

    assert problems() == []


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.name)
def test_every_lock_of_the_repository_is_read_whole(model: Path) -> None:
    lock = model / "requirements.lock"
    lines = [line for line in lock.read_text().splitlines() if "==" in line and line[:1].isalnum()]

    assert len(locked_versions(model) or {}) == len(lines) > 20


def test_a_lock_that_is_not_text_claims_nothing(folder: Path, problems: Found) -> None:
    (folder / "requirements.lock").write_bytes(b"\xff")

    assert problems() == []


def test_names_are_compared_as_indexes_do() -> None:
    assert {canonical(name) for name in ("Scikit_Learn", "scikit-learn", "scikit.-learn")} == {
        "scikit-learn"
    }


def test_the_platforms_imports_are_followed_from_module_to_module() -> None:
    alone, checks = platform_imports(frozenset()), platform_imports(frozenset({"data_checks"}))

    assert {"numpy", "scipy", "starlette", "uvicorn"} <= alone
    assert "pandas" in checks - alone
