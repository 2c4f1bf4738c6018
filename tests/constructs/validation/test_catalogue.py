import subprocess
import sys
from typing import Any

import pytest

from mlops_constructs.validation.catalogue import RULES, findings


def test_every_rule_has_an_id_of_its_own_in_ascending_order() -> None:
    ids = [rule.id for rule in RULES]

    assert ids == sorted(set(ids))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_it_claims_why_and_how_to_mend(rule: Any) -> None:
    assert rule.title.endswith(".")
    assert rule.why
    assert rule.remedy


def test_findings_name_rule_and_place(endpoint: dict[str, Any]) -> None:
    del endpoint["Resources"]["Endpoint"]["Properties"]["RetainAllVariantProperties"]

    found = [(rule.id, fault.logical_id, fault.where) for rule, fault in findings(endpoint)]

    assert found == [("ML013", "Endpoint", "Properties.RetainAllVariantProperties")]


@pytest.mark.parametrize("template", [{}, {"Resources": {}}])
def test_an_empty_template_breaks_nothing(template: dict[str, Any]) -> None:
    assert list(findings(template)) == []


def test_the_rules_need_no_cdk() -> None:
    program = (
        "import sys, mlops_constructs.validation.catalogue; "
        "sys.exit(any(name in sys.modules for name in ('aws_cdk', 'jsii', 'cdk_nag')))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
