"""The room is tested with what the job will have, and imports nothing that it will not have."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements" / "monitoring.txt"
MODEL_LOCKS = sorted(ROOT.glob("model_code/*/requirements.lock"))
BESIDE = {
    *("mlops.sheet", "sheet"),
    *("mlops.container.jobs", "jobs", "mlops.container.jobs.bodies", "jobs.bodies"),
    *("mlops.rollout.content", "content"),
}
"""Beside the room an archive has the frame of pages, the server's reader of bodies, and the hash
of an archive's content."""
ROOM = sorted((ROOT / "mlops" / "container" / "monitoring").glob("*.py"))


def _versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.M))


@pytest.mark.parametrize("lock", MODEL_LOCKS, ids=lambda lock: lock.parent.name)
@pytest.mark.parametrize("library", ["numpy", "scipy"])
def test_the_libraries_are_those_of_every_models_image(lock: Path, library: str) -> None:
    assert _versions(LOCK)[library] == _versions(lock)[library]


@pytest.mark.parametrize("module", ROOM, ids=lambda module: module.stem)
def test_a_module_imports_what_a_models_image_has(module: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node)
    }
    allowed = sys.stdlib_module_names | {"numpy", "scipy"}

    assert {name.split(".")[0] for name in imported - BESIDE} <= allowed


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """What comes from outside of the room; its own modules are named relative to it."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level <= 1, "an archive has nothing above the room"
    return [] if node.level else [str(node.module)]
