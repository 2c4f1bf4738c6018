"""Validation at every synthesis: the native CloudFormation engine, our own rules, and cdk-nag."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import cdk_nag
import cloudformation_validate as engine  # type: ignore[import-untyped]  # it ships no types
import jsii

from mlops_constructs.validation.catalogue import RULES, findings
from mlops_constructs.validation.limits import oversize, template_fits

# Informational findings of the engine ask for tags and comments; nothing is wrong there.
_WRONG: Final = (engine.Severity.FATAL, engine.Severity.ERROR, engine.Severity.WARN)


@jsii.implements(cdk.IPolicyValidationPlugin)
class MlopsRules:
    """Refuses templates that CloudFormation or SageMaker would refuse, or that break a promise."""

    @property
    def name(self) -> str:
        """First part of the id under which a finding can be acknowledged."""
        return "mlops-rules"

    @property
    def version(self) -> str:
        """Grows with the set of rules."""
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """Ids of our own rules; the engine brings its own."""
        return [*(rule.id for rule in RULES), template_fits.id]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Judge every template of the assembly."""
        violations = [
            violation
            for stack in context.stack_templates
            for violation in _violations(stack.template_path)
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)


def add_validation(app: cdk.App) -> None:
    """Let every synthesis of this app be judged."""
    cdk.Validations.of(app).add_plugins(MlopsRules(), cdk_nag.AwsSolutionsChecks())


def _violations(path: str) -> Iterator[cdk.PolicyViolation]:
    content = Path(path).read_bytes()
    yield from _size_violation(content, path)
    for rule, fault in findings(json.loads(content)):
        yield cdk.PolicyViolation(
            rule_name=rule.id,
            description=f"{rule.title} Here: {fault.detail}. Why: {rule.why}",
            fix=rule.remedy,
            severity="error",
            violating_resources=[_resource(fault.logical_id, path, fault.where)],
        )
    yield from _engine_violations(content, path)


def _size_violation(content: bytes, path: str) -> Iterator[cdk.PolicyViolation]:
    """The one rule about the file as it is uploaded, and not about what it says."""
    fault = oversize(content)
    if fault is not None:
        first = next(iter(json.loads(content)["Resources"]))
        yield cdk.PolicyViolation(
            rule_name=template_fits.id,
            description=f"{template_fits.title} Here: {fault}.",
            fix=template_fits.remedy,
            severity="error",
            violating_resources=[_resource(first, path, "")],
        )


def _engine_violations(content: bytes, path: str) -> Iterator[cdk.PolicyViolation]:
    for found in _engine().validate_template(content).diagnostics:
        if found.severity in _WRONG:
            logical_id = found.entity.logical_id if found.entity else None
            yield cdk.PolicyViolation(
                rule_name=found.rule_id,
                description=found.message,
                fix=found.suggested_fix,
                severity="error",
                violating_resources=[_resource(logical_id, path, found.property_path or "")],
            )


@cache
def _engine() -> engine.CompositeEngine:
    """The engine compiles its schemas once per process."""
    return engine.CompositeEngine()


def _resource(logical_id: str | None, path: str, where: str) -> cdk.PolicyViolatingResource:
    return cdk.PolicyViolatingResource(
        resource_logical_id=logical_id, template_path=path, locations=[where] if where else []
    )
