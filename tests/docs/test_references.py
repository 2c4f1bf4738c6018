"""Every page that anything refers to exists; a heading, too, where one is named."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"(?<![\w/.-])docs/([\w/.-]+\.(?:md|json|svg|png))(?:#([\w-]+))?")
# Only history, and what stands in the text of a test to be refused.
ELSEWHERE = (
    "CHANGELOG.md",
    "tests/docs/test_references.py",
    "tests/pipeline/test_synthesis_inputs.py",
)


def sources() -> Iterator[Path]:
    """Every file in git that is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name not in ELSEWHERE and path.is_file() and b"\0" not in path.read_bytes()[:1024]:
            yield path


def missing(text: str) -> list[str]:
    """The references of a text that lead nowhere."""
    found = []
    for match in REFERENCE.finditer(text):
        page = ROOT / "docs" / match[1]
        if not page.is_file() or (match[2] and match[2] not in headings(page)):
            found.append(match[0])
    return found


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site and its host name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_that_a_file_refers_to_exists() -> None:
    files = list(sources())
    lost = {
        path.relative_to(ROOT).as_posix(): found
        for path in files
        if (found := missing(path.read_text("utf-8")))
    }

    assert len(files) > 500
    assert lost == {}


@pytest.mark.parametrize(
    "text",
    ["see docs/nowhere.md", "docs/schema/nothing.json", "docs/runbooks/batch-failed.md#nothing"],
)
def test_a_reference_that_leads_nowhere_is_found(text: str) -> None:
    assert len(missing(text)) == 1


def test_a_reference_to_a_heading_is_followed() -> None:
    assert missing("docs/runbooks/batch-failed.md#empty-file") == []
