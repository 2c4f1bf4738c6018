"""Lambda steps: the handler that the template would deploy, called with the local registry."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlops
from mlops.rehearsal.local_aws.assembly import SynthesizedFunction
from mlops.rehearsal.local_aws.container import JobError
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.local_aws.processes import Command, Processes


@dataclass(frozen=True, kw_only=True)
class LambdaCall:
    """One call of a function, in a folder of its own."""

    function: SynthesizedFunction
    event: Mapping[str, Any]
    place: Place
    registry: Path
    folder: Path
    log: Path
    runtime: str = "mlops.rehearsal.local_aws.lambda_runtime"
    """Module that runs the handler, with its stand-ins for AWS."""
    stand_ins: Mapping[str, object] = field(default_factory=dict)
    """What else that module has to know."""

    def run(self, processes: Processes) -> dict[str, Any]:
        """Call the handler and return what it answers.

        Raises:
            JobError: it raised, took longer than the function's timeout, or answered no object.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        request, answer = self.folder / "request.json", self.folder / "answer.json"
        request.write_text(json.dumps(self._request(answer)), "utf-8")
        limit = self.function.timeout_seconds
        with self.log.open("ab") as log:
            ending = processes.run(self._command(request), log=log, timeout_seconds=limit)
        if ending.timed_out:
            raise JobError(f"Lambda timed out after {limit} s")
        if ending.exit_code != 0:
            raise JobError(f"Lambda failed: {_last_line(self.log)}", exit_code=ending.exit_code)
        return _object(answer)

    def _request(self, answer: Path) -> dict[str, Any]:
        return {
            **self.stand_ins,
            "event": self.event,
            "handler": self.function.handler,
            "code": str(self.function.code.unpacked(self.folder / "code")),
            "registry": str(self.registry),
            "account": self.place.account,
            "region": self.place.region,
            "answer": str(answer),
        }

    def _command(self, request: Path) -> Command:
        platform = Path(mlops.__file__).resolve().parents[1]
        return Command(
            arguments=[sys.executable, "-P", "-m", self.runtime, str(request)],
            environment={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(platform),
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_REGION": self.place.region,
                "HOME": str(self.folder),
                **self.function.environment,
            },
            folder=self.folder,
        )


def _object(path: Path) -> dict[str, Any]:
    answer = json.loads(path.read_text("utf-8"))
    if not isinstance(answer, dict):
        raise JobError(f"Lambda answered {answer!r:.80}; a Lambda step needs an object")
    return answer


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
