"""What the NIST 800-53 R5 pack of cdk-nag says about the synthesized app, as a table.

The pack reports and never blocks: many of its controls are decisions of an organization, not of a
template.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import cdk_nag
from aws_cdk import cloudformation_include

_PLUGIN: Final = "NIST.800.53.R5"
_HEADER: Final = "| rule | what the pack says | where | our answer |\n|---|---|---|---|"


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A rule of the pack that the stacks of one kind break."""

    rule: str
    stack: str
    resource: str
    says: str


def nist_findings(templates: Mapping[str, Path], folder: Path) -> list[Finding]:
    """Findings over templates by stack path; those of equal stacks of several stages count once."""
    app = cdk.App(outdir=str(folder), builtin_cloud_formation_validation=False)
    for path, file in templates.items():
        stack = cdk.Stack(app, path.replace("/", "-"), synthesizer=cdk.BootstraplessSynthesizer())
        cloudformation_include.CfnInclude(stack, "Included", template_file=str(file))
    cdk.Validations.of(app).add_plugins(cdk_nag.NIST80053R5Checks())
    try:
        app.synth()
    except RuntimeError as error:  # the pack found something: that is what the report holds
        if "ValidationFailed" not in str(error):
            raise
    return sorted(set(_findings(json.loads((folder / "validation-report.json").read_text()))))


def _findings(report: Mapping[str, Any]) -> Iterator[Finding]:
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                stack, _, resource = construct["constructPath"].split("/", 2)
                yield Finding(
                    rule=violation["ruleName"].removeprefix(f"{_PLUGIN}-"),
                    stack=stack.rpartition("-")[2],
                    resource=re.sub(r"[0-9A-F]{8}$", "", resource),
                    says=_first_sentence(violation["description"]),
                )


def _first_sentence(description: str) -> str:
    return description.partition(" - (Control ID")[0].partition(". ")[0].rstrip(".").strip()


def nist_table(findings: list[Finding], answers: Mapping[str, str]) -> str:
    """The table, a row for each rule; a finding without an answer is shown as open."""
    rows = []
    for rule in sorted({finding.rule for finding in findings}):
        of_rule = [finding for finding in findings if finding.rule == rule]
        where = ", ".join(f"{finding.stack}/{finding.resource}" for finding in of_rule)
        rows.append(f"| {rule} | {of_rule[0].says} | {where} | {answers.get(rule, '**open**')} |")
    return "\n".join([_HEADER, *rows])
