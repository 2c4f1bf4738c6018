"""The table of validation rules is what the rules say now."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.validation.plugin import MlopsRules


@pytest.fixture(scope="module")
def rules(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("rules_page", root / "tools" / "rules_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_rules_say_now(rules: Any, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--snapshot-update"):
        rules.PAGE.write_text(rules.page(), "utf-8")

    assert rules.PAGE.read_text("utf-8") == rules.page(), "run this file with --snapshot-update"


def test_every_rule_has_one_complete_row(rules: Any) -> None:
    rows = re.findall(r"^\| `(ML\d+)` \|(.+)\|$", rules.page(), re.MULTILINE)

    assert [id_ for id_, _ in rows] == sorted(MlopsRules().rule_ids)
    for id_, row in rows:
        cells = re.split(r"(?<!\\)\|", row)
        assert len([cell for cell in cells if cell.strip()]) == 3, id_
