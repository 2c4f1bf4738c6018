"""What tools need that judge the synthesized app from outside."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Template = dict[str, Any]
EXPLAINED = Path(__file__).parent / "explained"


@pytest.fixture(scope="session")
def template_files(
    templates: dict[str, Template],
    codecommit_assembly: Path,
    read_templates: Callable[[Path], dict[str, Template]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Path, str]:
    """Each template as a file, with the kind of its stack: `Foundation`, `Registry`, `Training`.

    Findings are counted once per kind: what is true of one stage's stack is true of all. The
    delivery is there twice, once for each kind of source.
    """
    folder = tmp_path_factory.mktemp("templates")
    files = {}
    delivery = read_templates(codecommit_assembly)["Delivery"]
    for path, template in {**templates, "codecommit/Delivery": delivery}.items():
        file = folder / f"{path.replace('/', '-')}.template.json"
        file.write_text(json.dumps(template))
        files[file] = path.rpartition("/")[2].rpartition("-")[2]
    return files


@pytest.fixture(scope="session")
def offline() -> dict[str, str]:
    """An environment in which no tool reaches out."""
    return os.environ | {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "BC_SKIP_MAPPING": "TRUE",
    }


@pytest.fixture(scope="session")
def unexplained() -> Callable[..., str]:
    """One line per finding that no reason is given for, and per reason without a finding."""

    def lines(tool: str, found: set[str], *, about: str = "") -> str:
        reasons: dict[str, str] = json.loads((EXPLAINED / f"{tool}.json").read_text())
        known = {name for name in reasons if name.startswith(about)}
        unexpected = [f"unexpected: {name}" for name in sorted(found - known)]
        return "\n".join(unexpected + [f"vanished: {name}" for name in sorted(known - found)])

    return lines
