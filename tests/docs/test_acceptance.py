"""The documented assumptions are the kit's; each page that says what is not proved names them."""

import re
from pathlib import Path

import pytest

from mlops.accept.assumptions import ASSUMPTIONS, Assumption

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGE = DOCS / "operate" / "acceptance.md"
IDS = {one.id for one in ASSUMPTIONS}
UNPROVED = re.compile(r"only\s+an\s+account\s+can\s+show|## What is not proved here", re.IGNORECASE)


def row(one: Assumption) -> str:
    otherwise = one.otherwise if one.needed else f"not needed: {one.otherwise}"
    cells = [f"`{one.id}`", one.claim, *([one.unasked] if one.unasked else []), otherwise]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("one", ASSUMPTIONS, ids=lambda one: one.id)
def test_each_assumption_has_a_probe_or_the_reason_why_there_is_none(one: Assumption) -> None:
    assert (one.probe is None) is bool(one.unasked)
    assert row(one) in PAGE.read_text("utf-8").splitlines()


def test_the_page_lists_no_other_assumption() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert listed == [
        *(one.id for one in ASSUMPTIONS if one.probe),
        *(one.id for one in ASSUMPTIONS if not one.probe),
    ]


def unproved() -> list[tuple[str, str]]:
    """Each paragraph that says that something is not proved, with the page that it stands on."""
    return [
        (page.relative_to(DOCS).as_posix(), paragraph)
        for page in sorted(DOCS.rglob("*.md"))
        for paragraph in page.read_text("utf-8").split("\n\n")
        if page != PAGE and UNPROVED.search(paragraph)
    ]


def test_there_are_pages_that_say_what_is_not_proved() -> None:
    assert {"start/deploying.md", "operate/delivery.md", "operate/checks.md"} <= {
        page for page, _ in unproved()
    }


@pytest.mark.parametrize(("page", "text"), unproved())
def test_whatever_is_not_proved_refers_to_the_acceptance_page(page: str, text: str) -> None:
    assert "acceptance.md" in text, f"{page}: {text[:80]}"


@pytest.mark.parametrize(("page", "text"), unproved())
def test_every_assumption_that_a_page_names_exists(page: str, text: str) -> None:
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+|connection|quotas)`", text))

    assert named <= IDS, f"{page}: {named - IDS}"
    assert page in ("concepts/emulation.md", "start/first-deployment.md") or named


def test_every_row_of_what_aws_does_not_document_is_an_assumption() -> None:
    table = (DOCS / "start" / "deploying.md").read_text("utf-8").split("| id | not documented |")[1]
    rows = table.split("\n\n")[0].splitlines()[2:]

    assert len(rows) >= 8
    assert [row for row in rows if row.split("`")[1] not in IDS] == []
