"""Writes docs/nist-800-53-r5.md from a synthesized app: `python docs/nist.py [cdk.out]`."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from mlops_constructs.validation.nist import nist_findings, nist_table

PAGE: Final = Path(__file__).parent / "nist-800-53-r5.md"

# One answer per rule of the pack; a rule without one is shown as open.
ANSWERS: Final = {
    "IAMNoInlinePolicy": (
        "kept: a policy inside its role cannot be attached elsewhere, and nothing can use the role "
        "before its permissions exist"
    ),
    "LambdaConcurrency": (
        "kept: few calls at a time, by a pipeline, a deployment, the clock, drift or the changes "
        "of one endpoint; a reserved concurrency would be taken from the whole account"
    ),
    "LambdaDLQ": (
        "kept: the pipeline's step receives the error; the release check answers CloudFormation "
        "itself; what the clock calls is called again, and its schedule keeps what was undelivered"
    ),
    "LambdaInsideVPC": (
        "kept: they talk to AWS's own APIs only; the data that they handle is the contract's "
        "published examples, the names and metadata of published data, and a batch's answers on "
        "their way from one bucket of the stage to the other"
    ),
    "S3BucketReplicationEnabled": (
        "kept: data has its source and models are reproducible from a commit; an organization "
        "that must survive a region adds replication to the bucket"
    ),
    "S3DefaultEncryptionKMS": (
        "kept for the log bucket alone: server access logs cannot be delivered under a "
        "customer-managed key"
    ),
}

_INTRODUCTION: Final = """\
# NIST 800-53 R5

What the NIST 800-53 R5 pack of cdk-nag says about the synthesized stacks, and our answer to each
rule. The pack reports here and blocks nothing: a control is an organization's decision, a template
is only its evidence. What it found and could be mended was mended; nothing is acknowledged in the
app for its sake. Equal stacks of several stages count once.

Generated from `cdk.out` by `python docs/nist.py`; a test compares this page with the app.
"""


def page(assembly: Path) -> str:
    """The whole page for one assembly."""
    with tempfile.TemporaryDirectory() as folder:
        findings = nist_findings(stacks_of(assembly), Path(folder) / "cdk.out")
    return f"{_INTRODUCTION}\n{nist_table(findings, ANSWERS)}\n"


def stacks_of(assembly: Path) -> dict[str, Path]:
    """Template files by the path of their stack."""
    found = {}
    for manifest in sorted(assembly.rglob("manifest.json")):
        for artifact in json.loads(manifest.read_text()).get("artifacts", {}).values():
            if artifact["type"] == "aws:cloudformation:stack":
                path = artifact["displayName"].partition(" ")[0]
                found[path] = manifest.parent / artifact["properties"]["templateFile"]
    return found


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1] if len(sys.argv) > 1 else "cdk.out")))
