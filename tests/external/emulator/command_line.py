"""The CDK command line of package-lock.json, let loose on the emulator alone."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.external.emulator.servers import Credentials, Server

Finished = subprocess.CompletedProcess[str]

TIMEOUT_SECONDS: Final = 180


def said(finished: Finished) -> str:
    """Everything that a run printed."""
    return finished.stdout + finished.stderr


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """Runs `cdk`, in an empty folder by default: no cdk.json, so no app but the one asked for."""

    program: Path
    server: Server
    folder: Path

    def __call__(self, *arguments: str, by: Credentials, folder: Path | None = None) -> Finished:
        return subprocess.run(
            [self.program, *arguments, "--no-notices", "--no-color"],
            env=self.server.environment(by) | {"CDK_HOME": str(self.folder), "CI": "true"},
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            check=False,  # a refusal is a result
            timeout=TIMEOUT_SECONDS,
        )

    def deploy(self, app: Path, *stacks: str, by: Credentials) -> Finished:
        """`cdk deploy` without a question."""
        return self("deploy", *stacks, "--app", str(app), "--require-approval", "never", by=by)

    def diff(self, app: Path, *stacks: str, by: Credentials) -> Finished:
        """`cdk diff` by change sets; a difference is an exit code of its own."""
        return self("diff", *stacks, "--app", str(app), "--fail", by=by)
