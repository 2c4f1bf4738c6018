"""Compiles definitions in the SDK's own environment, which it makes when it is first needed."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mlops.contract import ModelSpec
from mlops.machine import remedy_in
from mlops.pipeline.compiled import SDK_LOCK, Definition, compiled_path, rendered

ENVIRONMENT: Final = ".envs/sdk"
_READY: Final = ".lock-sha256"
_PACKAGE_ROOT: Final = Path(__file__).parents[2]
_LAST_LINES: Final = 5


class CompileError(Exception):
    """The SDK's environment could not be made, or the SDK refused the graph."""


def compile_model(root: Path, spec: ModelSpec, *, python: Path) -> Path:
    """Compile a model's definition with the SDK's interpreter and write it for review.

    Raises:
        CompileError: with the last lines that the SDK printed.
    """
    path = compiled_path(root, spec)
    path.write_text(rendered(root, spec, compiled_definition(spec, python=python)), "utf-8")
    return path


def compiled_definition(spec: ModelSpec, *, python: Path) -> Definition:
    """A model's definition, freshly made by the SDK in a process of its own.

    Raises:
        CompileError: with the last lines that the SDK printed.
    """
    printed = run_in_sdk(
        python,
        "-m",
        "mlops.pipeline.definition",
        what=f"compiling {spec.name}",
        text=spec.model_dump_json(by_alias=True),
    )
    definition: Definition = json.loads(printed)
    return definition


def run_in_sdk(python: Path, *arguments: str, what: str, text: str) -> str:
    """What a program prints in the SDK's environment, where nobody's AWS settings are.

    Raises:
        CompileError: with the last lines that the SDK printed.
    """
    return _run([str(python), *arguments], what=what, text=text, environment=_clean_environment())


def sdk_python(root: Path, *, say: Callable[[str], None]) -> Path:
    """The interpreter of the SDK's environment; made from the hashed lock, or taken as it is.

    Raises:
        CompileError: the environment could not be made.
    """
    lock, home = root / SDK_LOCK, root / ENVIRONMENT
    python = home / "bin" / "python"
    if has_sdk(root):
        return python
    say(f"installing the SageMaker SDK into {ENVIRONMENT}: 0.7 GB, once per version")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    _run([*uv, "venv", "--clear", "--python", sys.executable, str(home)], what=f"making {home}")
    install = ["pip", "sync", "--require-hashes", "--python", str(python), str(lock)]
    _run([*uv, *install], what=f"installing {SDK_LOCK}")
    (home / _READY).write_text(_digest(lock), "utf-8")
    return python


def has_sdk(root: Path) -> bool:
    """Whether the SDK's environment is there, made from the lock as it is."""
    ready = root / ENVIRONMENT / _READY
    return ready.is_file() and ready.read_text("utf-8") == _digest(root / SDK_LOCK)


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _clean_environment() -> dict[str, str]:
    """This process's environment without anybody's AWS or SDK settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAGEMAKER_", "PYTHON"))
    }
    seed = {"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "random"), "PYTHONUTF8": "1"}
    return kept | seed | {"PYTHONPATH": str(_PACKAGE_ROOT), "PYTHONWARNINGS": "ignore"}


def _run(
    command: list[str],
    *,
    what: str,
    text: str | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    done = subprocess.run(  # noqa: S603  # our own interpreter with our own arguments
        command, input=text, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        last = "\n".join(done.stderr.splitlines()[-_LAST_LINES:])
        remedy = remedy_in(last)
        way_out = "" if remedy is None else f"\nremedy: {remedy}"
        raise CompileError(f"{what} failed with exit code {done.returncode}:\n{last}{way_out}")
    return done.stdout
