"""What holds for every template, whatever is in it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Templates = dict[str, dict[str, Any]]


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement anywhere in a template."""
    if isinstance(node, dict):
        if "Effect" in node and "Action" in node:
            yield node
        for value in node.values():
            yield from statements(value)
    if isinstance(node, list):
        for value in node:
            yield from statements(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(templates: Templates) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, statement)
        for path, template in templates.items()
        for statement in statements(template)
        if statement["Effect"] == "Allow"
    ]


def test_no_value_crosses_a_stack_by_a_weak_reference(templates: Templates) -> None:
    assert "Fn::GetStackOutput" not in json.dumps(templates)


def test_the_key_is_all_that_crosses_a_stack(templates: Templates) -> None:
    imports = set(re.findall(r'"Fn::ImportValue": "([^"]+)"', json.dumps(templates)))

    assert {re.sub("[0-9A-F]{8}", "", name) for name in imports} == {
        f"mlops-{stage}-foundation:ExportsOutputFnGetAttKeyArn"
        for stage in ("dev", "staging", "prod")
    }


def test_nothing_is_allowed_to_do_everything(templates: Templates) -> None:
    broad = [
        (path, action)
        for path, statement in allowed(templates)
        for action in listed(statement["Action"])
        if action == "*" or (action.endswith(":*") and not owns_the_key(statement))
    ]

    assert broad == []


def owns_the_key(statement: dict[str, Any]) -> bool:
    """The account keeps its key: without this statement nobody could ever manage it again."""
    root = str(statement.get("Principal", {}).get("AWS", ""))
    return statement["Action"] == "kms:*" and root.endswith(":root")


def test_nobody_gets_a_managed_policy_but_the_published_one(templates: Templates) -> None:
    attached = [
        arn
        for template in templates.values()
        for resource in template["Resources"].values()
        for arn in resource.get("Properties", {}).get("ManagedPolicyArns", [])
    ]

    assert attached
    assert [
        arn
        for arn in attached
        if not re.fullmatch(r"arn:aws:iam::\d{12}:policy/mlops-[a-z]+-[a-z-]+-invoke", arn)
    ] == []
    assert "FullAccess" not in json.dumps(templates)


def trusts(templates: Templates, principal: str) -> list[tuple[str, dict[str, Any]]]:
    """Statements that let a principal of a kind assume a role, by the path of their stack."""
    return [
        (path, statement)
        for path, template in templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in statements(resource["Properties"]["AssumeRolePolicyDocument"])
        if principal in statement["Principal"]
    ]


def test_every_service_role_is_assumed_for_its_own_account_only(templates: Templates) -> None:
    found = trusts(templates, "Service")

    assert found
    assert [
        path
        for path, trust in found
        if "aws:SourceAccount" not in trust.get("Condition", {}).get("StringEquals", {})
    ] == []


def test_every_other_role_is_assumed_by_one_role_alone(templates: Templates) -> None:
    found = [
        (path.partition("/")[2], trust)
        for path, trust in trusts(templates, "AWS")
        if "Fn::GetAtt" not in trust["Principal"]["AWS"]
    ]
    delivery = "arn:aws:iam::111111111111"

    assert {
        (
            stack,
            json.dumps(one["Principal"]["AWS"]),
            one["Condition"]["ArnEquals"]["aws:PrincipalArn"],
        )
        for stack, one in found
    } == {
        (stack, f'"{delivery}:root"', f"{delivery}:role/{role}")
        for stack, role in (
            ("Foundation", "mlops-release-automation"),
            ("Registry", "mlops-release-automation"),
            ("Checks", "mlops-delivery-verification"),
        )
    }


def role_named(templates: Templates, name: str) -> list[dict[str, Any]]:
    """Statements of the role with this name, its trust left out."""
    return [
        statement
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource.get("Properties", {}).get("RoleName") == name
        for statement in statements(resource["Properties"]["Policies"])
    ]


def test_the_release_automation_assumes_its_four_roles_and_no_other(templates: Templates) -> None:
    assumed = [
        role
        for statement in role_named(templates, "mlops-release-automation")
        if "sts:AssumeRole" in listed(statement["Action"])
        for role in listed(statement["Resource"])
    ]

    assert assumed == [
        "arn:aws:iam::222222222222:role/mlops-dev-release-decisions",
        "arn:aws:iam::222222222222:role/mlops-dev-release-records",
        "arn:aws:iam::333333333333:role/mlops-staging-release-records",
        "arn:aws:iam::444444444444:role/mlops-prod-release-records",
    ]


def test_nothing_that_is_deployed_may_approve_a_version(templates: Templates) -> None:
    updating = [
        (path, statement["Condition"], statement)
        for path, statement in allowed(templates)
        if "UpdateModelPackage" in json.dumps(statement)
    ]

    assert [(path, condition) for path, condition, _ in updating] == [
        ("dev/Registry", {"StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"}})
    ]
    assert updating[0][2] in role_named(templates, "mlops-dev-release-decisions")


def test_nothing_is_looked_up(assembly: Path) -> None:
    manifests = [json.loads(path.read_text()) for path in assembly.rglob("manifest.json")]

    assert [manifest["missing"] for manifest in manifests if manifest.get("missing")] == []


def test_templates_stay_far_below_the_limits_of_cloudformation(templates: Templates) -> None:
    sizes = {path: len(json.dumps(template)) for path, template in templates.items()}
    counts = {path: len(template["Resources"]) for path, template in templates.items()}

    assert max(sizes.values()) < 500_000
    assert max(counts.values()) < 250


def only(template: dict[str, Any], type_: str) -> dict[str, Any]:
    (found,) = [r for r in template["Resources"].values() if r["Type"] == type_]
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_every_endpoint_is_followed_by_a_check_of_the_same_release(templates: Templates) -> None:
    serving = [path for path in templates if path.endswith("-Serving")]

    assert serving
    for path in serving:
        check = only(
            templates[path.removesuffix("Serving") + "ReleaseCheck"], "Custom::ReleaseCheck"
        )
        config = only(templates[path], "AWS::SageMaker::EndpointConfig")
        endpoint = only(templates[path], "AWS::SageMaker::Endpoint")
        rollback = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
        assert {"Key": "mlops:release", "Value": check["Release"]} in config["Tags"]
        assert check["EndpointName"] == endpoint["EndpointName"]
        assert check["AlarmNames"] == [alarm["AlarmName"] for alarm in rollback]


def test_a_check_is_a_literal_and_refers_to_nothing_that_it_checks(templates: Templates) -> None:
    for path, template in templates.items():
        if path.endswith("-ReleaseCheck"):
            check = only(template, "Custom::ReleaseCheck")
            assert "Fn::" not in json.dumps({k: v for k, v in check.items() if k != "ServiceToken"})


def test_every_endpoint_is_probed_while_it_is_updated(templates: Templates) -> None:
    for path, template in templates.items():
        if path.endswith("-Serving"):
            probed = [
                r["Properties"]["Environment"]["Variables"]["ENDPOINT_NAME"]
                for r in template["Resources"].values()
                if r["Type"] == "AWS::Lambda::Function"
                and r["Properties"]["Handler"].endswith("prober.handler")
            ]
            assert probed == [only(template, "AWS::SageMaker::Endpoint")["EndpointName"]]


def functions(template: dict[str, Any], handler: str) -> list[dict[str, Any]]:
    """Environments of the functions that run a handler."""
    return [
        resource["Properties"]["Environment"]["Variables"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"].endswith(f"{handler}.handler")
    ]


def test_every_endpoint_has_somebody_who_notices_a_rollback(templates: Templates) -> None:
    serving = [path for path in templates if path.endswith("-Serving")]

    assert serving
    for path in serving:
        template = templates[path]
        endpoint = only(template, "AWS::SageMaker::Endpoint")
        alarms = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
        (reporter,) = functions(template, "rollback_report")
        pattern = only(template, "AWS::Events::Rule")["EventPattern"]
        assert reporter["ENDPOINT_NAME"] == endpoint["EndpointName"]
        assert pattern["detail"] == {"EndpointName": [endpoint["EndpointName"]]}
        known = [f"{reporter['ALARM_PREFIX']}{key}" for key in reporter["ALARM_KEYS"].split(",")]
        assert [alarm["AlarmName"].rpartition("-")[0] for alarm in alarms] == known


def test_the_check_and_the_reporter_keep_the_same_record_and_tell_the_same_people(
    templates: Templates,
) -> None:
    shared = ("STAGE", "MODEL", "ENDPOINT_NAME", "RELEASE_RECORD", "ALERT_TOPIC", "DELIVERY_BUS")
    for path, template in templates.items():
        if path.endswith("-Serving"):
            check = templates[path.removesuffix("Serving") + "ReleaseCheck"]
            (reporter,) = functions(template, "rollback_report")
            (checker,) = functions(check, "release_check")
            assert {key: reporter[key] for key in shared} == {key: checker[key] for key in shared}


def test_every_stage_reports_on_the_bus_of_the_delivery(templates: Templates) -> None:
    bus = only(templates["Delivery"], "AWS::Events::EventBus")["Name"]
    named = {
        reporter["DELIVERY_BUS"]
        for path, template in templates.items()
        if path.endswith("-Serving")
        for reporter in functions(template, "rollback_report")
    }

    assert named == {f"arn:aws:events:eu-west-1:111111111111:event-bus/{bus}"}


def test_the_checks_act_with_the_policy_that_applications_get(templates: Templates) -> None:
    published = {
        only(template, "AWS::IAM::ManagedPolicy")["ManagedPolicyName"]
        for path, template in templates.items()
        if path.endswith("-Serving")
    }
    attached = {
        arn.rpartition("/")[2]
        for path, template in templates.items()
        if path.endswith("/Checks")
        for resource in template["Resources"].values()
        for arn in resource["Properties"].get("ManagedPolicyArns", [])
    }

    assert attached == published


def test_every_alarm_leads_to_a_runbook_that_exists(templates: Templates, root: Path) -> None:
    descriptions = [
        resource["Properties"]["AlarmDescription"]
        for path, template in templates.items()
        if path.endswith("-Serving")
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]

    assert descriptions
    for description in descriptions:
        path, _, section = description.partition("Runbook: ")[2].partition("#")
        text = (root / path).read_text()
        assert not section or f"\n## {section}\n" in text
