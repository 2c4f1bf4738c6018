"""What every training does beside the science: its settings are read, its code is packed."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from .contract import ROOT
from .job import DataError

_T = TypeVar("_T")
_LEFT_BEHIND = ("sheet.py", "probes.py", "content.py", "monitoring", "tests", "data", "examples")


def read_hyperparameters(path: Path, kind: type[_T]) -> _T:
    """The file that SageMaker writes, as a data class of whole numbers and fractions.

    SageMaker delivers every value as text.

    Raises:
        DataError: a name is unknown or a value is not a number.
    """
    kinds: dict[str, Any] = {
        # With postponed annotations, a data class knows its types by name.
        field.name: int if field.type in ("int", int) else float
        for field in fields(kind)  # type: ignore[arg-type]  # a data class, as the caller promises
    }
    given = _without_sagemaker_keys(_json(path))
    unknown = sorted(given.keys() - kinds.keys())
    if unknown:
        raise DataError(f"hyper-parameter {unknown[0]} is unknown; allowed: {', '.join(kinds)}")
    try:
        return kind(**{name: kinds[name](str(value)) for name, value in given.items()})
    except ValueError as error:
        raise DataError(f"hyper-parameters {given}: {error}") from error


def pack_code(folder: Path, *, root: Path = ROOT) -> None:
    """Put the code that runs now beside the model: it is the code that fits it.

    The drift engine stays behind: it judges an endpoint from outside and answers nobody.
    """
    modules = [path for path in root.glob("*.py") if path.name not in _LEFT_BEHIND]
    packages = [path for path in root.glob("*/") if path.name not in _LEFT_BEHIND]
    inside = [path for package in packages for path in _files(package)]
    for path in sorted([*modules, *inside, root / "contract.json"]):
        target = folder / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _files(package: Path) -> list[Path]:
    """A package whole, with the files that it reads; a folder without a module is none."""
    found = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return found if any(path.suffix == ".py" for path in found) else []


def arguments(description: str | None) -> argparse.Namespace:
    """What the pipeline gives to every training: `train`, `validation`, the settings, the place."""
    inputs = Path("/opt/ml/input")
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--train", type=Path, default=inputs / "data/train")
    parser.add_argument("--validation", type=Path, default=inputs / "data/validation")
    parser.add_argument(
        "--hyperparameters", type=Path, default=inputs / "config/hyperparameters.json"
    )
    parser.add_argument("--model-dir", type=Path, default=Path("/opt/ml/model"))
    return parser.parse_args()


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: is not a JSON object")
    return content


def _without_sagemaker_keys(given: dict[str, Any]) -> dict[str, Any]:
    # The SDK may add settings of its own for a toolkit that this image does not have.
    return {name: value for name, value in given.items() if not name.startswith("sagemaker_")}
