"""Which commit a rehearsal runs."""

import copy
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

from mlops.pipeline.expressions import all_steps
from mlops.rehearsal.local_aws.assembly import SynthesizedPipeline

UNKNOWN: Final = "unknown"
"""What a synthesis records that no `-c commit=` told of its commit: `cdk.json` says so."""


def commit_of(root: Path) -> str:
    """The checkout's commit, marked when the folder holds anything else; "unrecorded" without git.

    A file that was never added counts, whatever the person's git is set to show: a new model is
    such a folder. What git ignores does not count.
    """
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return "unrecorded"
    return f"{commit}-dirty" if changed else commit


def with_commit(pipeline: SynthesizedPipeline, root: Path) -> SynthesizedPipeline:
    """The pipeline as `-c commit=` would have made it, where its synthesis was not told."""
    definition = copy.deepcopy(dict(pipeline.definition))
    for step in all_steps(definition):
        metadata = step.get("Arguments", {}).get("CustomerMetadataProperties", {})
        if metadata.get("commit") == UNKNOWN:
            metadata["commit"] = commit_of(root)
    return replace(pipeline, definition=definition)


def _git(root: Path, *arguments: str) -> str:
    answer = subprocess.run(  # noqa: S603  # fixed arguments
        ["git", "-C", str(root), *arguments],  # noqa: S607  # the person's own git
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=30,
    )
    return answer.stdout.strip()
