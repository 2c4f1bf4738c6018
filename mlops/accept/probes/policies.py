"""Whether IAM knows every action and condition key of the stage's policies."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

KEYS: Final = "condition-keys"
_OBJECTIONS: Final = ("ERROR", "SECURITY_WARNING")
_RESOURCE_POLICIES: Final = {
    "AWS::KMS::Key": ("KeyPolicy", "AWS::KMS::Key"),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "AWS::S3::Bucket"),
}


def condition_keys(ground: Ground) -> Probe:
    """Let Access Analyzer read each policy; it keeps nothing."""
    calls = {call.request["policyDocument"]: call for call in _calls(ground)}
    if not calls:
        return idle(KEYS, "the stage has no policy")
    return Probe(assumption=KEYS, calls=tuple(calls.values()), judge=_judged)


def _calls(ground: Ground) -> Iterator[Call]:
    for logical_id, role, values in ground.resources("AWS::IAM::Role"):
        trust = values.value(role["AssumeRolePolicyDocument"])
        yield _call(f"trust of {logical_id}", trust, "AWS::IAM::AssumeRolePolicyDocument")
        for policy in role.get("Policies", ()):
            yield _call(logical_id, values.value(policy["PolicyDocument"]))
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for logical_id, policy, values in ground.resources(kind):
            yield _call(logical_id, values.value(policy["PolicyDocument"]))
    for kind, (key, resource) in _RESOURCE_POLICIES.items():
        for logical_id, owner, values in ground.resources(kind):
            # Access Analyzer knows no key policies by name; it reads them as any resource's.
            known = resource if kind != "AWS::KMS::Key" else ""
            yield _call(logical_id, values.value(owner[key]), known, resource=True)


def _call(
    name: str, document: Mapping[str, Any], resource_type: str = "", *, resource: bool = False
) -> Call:
    is_resource = resource or bool(resource_type)
    text = json.dumps(document, sort_keys=True)
    return Call(
        name=f"{name} {len(text)}",
        place="stage",
        service="accessanalyzer",
        operation="ValidatePolicy",
        request={
            "policyDocument": text,
            "policyType": "RESOURCE_POLICY" if is_resource else "IDENTITY_POLICY",
            **({"validatePolicyResourceType": resource_type} if resource_type else {}),
        },
    )


def _judged(answers: Answers) -> Verdict:
    found = []
    for name, answer in answers.items():
        if isinstance(answer, Refusal):
            return still_open(f"{name}: {answer}")
        found += [
            f"{name}: {one['issueCode']}: {one['findingDetails']}"
            for one in answer.get("findings", ())
            if one["findingType"] in _OBJECTIONS
        ]
    return broken("; ".join(found)) if found else held(f"{len(answers)} policies were understood")
