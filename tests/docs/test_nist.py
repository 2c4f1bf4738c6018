import importlib.util
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def nist(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("nist_page", root / "tools" / "nist_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(nist: Any, assembly: Path) -> str:
    text: str = nist.page(assembly)
    return text


def test_the_nist_page_is_what_the_pack_says_now(
    nist: Any, page: str, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--snapshot-update"):
        nist.PAGE.write_text(page)

    assert nist.PAGE.read_text() == page, "run this file with --snapshot-update"


def test_every_rule_that_the_pack_names_has_an_answer(page: str) -> None:
    assert "**open**" not in page


def test_every_rule_named_about_a_codecommit_delivery_has_an_answer(
    nist: Any, codecommit_assembly: Path
) -> None:
    assert "**open**" not in nist.page(codecommit_assembly)


def test_every_answer_is_still_asked_for(nist: Any, page: str) -> None:
    assert [rule for rule in nist.ANSWERS if f"| {rule} |" not in page] == []
