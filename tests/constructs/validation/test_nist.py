import json
from pathlib import Path

from mlops_constructs.validation.nist import Finding, nist_findings, nist_table

TOPIC = {"Resources": {"TopicBFC7AF6E": {"Type": "AWS::SNS::Topic"}}}


def test_equal_findings_of_several_stages_count_once(tmp_path: Path) -> None:
    file = tmp_path / "t.template.json"
    file.write_text(json.dumps(TOPIC))
    templates = {"dev/Foundation": file, "prod/Foundation": file}

    found = nist_findings(templates, tmp_path / "cdk.out")

    assert [(one.rule, one.stack) for one in found] == [("SNSEncryptedKMS", "Foundation")]


def test_a_finding_without_an_answer_is_open() -> None:
    finding = Finding(rule="A", stack="Foundation", resource="Topic", says="It is wrong")

    assert "| A | It is wrong | Foundation/Topic | **open** |" in nist_table([finding], {})
    assert "| A | It is wrong | Foundation/Topic | kept |" in nist_table([finding], {"A": "kept"})
