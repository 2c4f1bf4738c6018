"""The pages build as a site without a warning, and each construct has a page there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLASS = re.compile(r"^class ([A-Z]\w+)\(Construct\):", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", "docs", f"SITE={folder}"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.full
def test_every_page_is_on_the_site_and_can_be_searched(site: Path) -> None:
    pages = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
    }
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}

    assert pages - built == set()
    assert (site / "searchindex.js").is_file()
    assert "rollback" in (site / "searchindex.js").read_text("utf-8")


@pytest.mark.full
def test_every_construct_has_a_page_with_its_parameters(site: Path) -> None:
    package = ROOT / "constructs" / "mlops_constructs"
    named = {name for path in package.rglob("*.py") for name in CLASS.findall(path.read_text())}
    page = (site / "reference" / "constructs" / "CanaryEndpoint.html").read_text("utf-8")

    assert len(named) > 40
    for name in named:
        assert (site / "reference" / "constructs" / f"{name}.html").is_file(), name
    assert "CfnEndpointConfig" in page
