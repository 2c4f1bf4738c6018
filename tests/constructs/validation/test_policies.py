from typing import Any

from mlops_constructs.validation.policies import Statement, allowing, statements

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def statement(**body: Any) -> Statement:
    return Statement(logical_id="It", resource_type="X", where="Y", kind="resource", body=body)


def test_policies_are_found_wherever_a_type_hides_them() -> None:
    document = {"Statement": [ALLOW]}
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": document,
                    "Policies": [{"PolicyDocument": document}],
                },
            },
            "Policy": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}},
            "Bus": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": ALLOW}},
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}},
            "Text": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": "{}"}},
        }
    }

    found = {(one.logical_id, one.kind) for one in statements(template)}

    assert found == {
        ("Role", "trust"),
        ("Role", "identity"),
        ("Policy", "identity"),
        ("Bus", "resource"),
        ("Key", "resource"),
    }


def test_only_what_gives_something_is_asked_for() -> None:
    document = {"Statement": [ALLOW, DENY]}
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}

    found = list(allowing({"Resources": {"It": policy}}, "identity"))

    assert [one.actions for one in found] == [["s3:GetObject"]]


def test_principals_are_pairs_of_kind_and_name() -> None:
    assert statement(Principal="*").principals == [("AWS", "*")]
    assert statement(Principal={"Service": ["a", "b"]}).principals == [
        ("Service", "a"),
        ("Service", "b"),
    ]
    assert statement().principals == []


def test_condition_keys_are_read_without_their_case() -> None:
    condition = {"StringEquals": {"AWS:SourceAccount": ["1", "2"]}}

    assert statement(Condition=condition).conditions == {"aws:sourceaccount": "1,2"}
