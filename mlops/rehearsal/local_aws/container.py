"""A job step as SageMaker's container would see it: the layout below /opt/ml, and nothing else.

Every job has a folder of its own that stands for the container's file system. `/opt/ml` and `/tmp`
in its entry point, arguments and environment are rewritten to it.
"""

import json
import re
import shutil
import signal
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.plain_paths import plain
from mlops.rehearsal.local_aws.processes import Command, Ending, Processes
from mlops.rehearsal.local_aws.storage import LocalS3

Arguments = Mapping[str, Any]
Properties = dict[str, Any]

MESSAGE_CHARACTERS: Final = 1024
DEFAULT_TIMEOUT_SECONDS: Final = 86_400
_CONTAINER_PATH = re.compile(r"(?<![\w/.-])/(opt/ml|tmp)(?![\w.-])")
_SIGNALLED: Final = 128


class JobError(RehearsalError):
    """A job that failed; the text is its FailureReason."""

    def __init__(self, reason: str, *, exit_code: int | None = None) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The folder that stands for a container's root."""

    folder: Path
    python: Path
    """Interpreter of the environment that stands for the image."""

    @property
    def opt_ml(self) -> Path:
        """What the container sees as /opt/ml."""
        return self.folder / "opt" / "ml"

    @property
    def message_file(self) -> Path:
        """Where a script leaves the reason of its failure."""
        return self.opt_ml / "output" / "message"

    def prepare(self) -> None:
        """Make the container's standing folders."""
        for path in ("opt/ml/output", "opt/ml/input/config", "tmp", "home"):
            (self.folder / path).mkdir(parents=True, exist_ok=True)

    def inside(self, container_path: str) -> Path:
        """Where a path of the container is on this machine."""
        return self.folder / container_path.lstrip("/")

    def rewritten(self, text: str) -> str:
        """Text with the container's paths in it replaced by this machine's."""
        return _CONTAINER_PATH.sub(lambda found: f"{plain(self.folder)}/{found[1]}", text)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """A job's variables: no credentials, no way out, nothing of the person who rehearses."""
        nowhere = "http://127.0.0.1:9"
        return {
            "PATH": f"{plain(self.python.parent)}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(plain(self.folder / "home")),
            "TMPDIR": str(plain(self.folder / "tmp")),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONNOUSERSITE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "http_proxy": nowhere,
            "https_proxy": nowhere,
            "SM_OUTPUT_MESSAGE_FILE": str(plain(self.message_file)),
            **{key: self.rewritten(value) for key, value in given.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Job:
    """One Processing or Training step with its arguments resolved."""

    name: str
    kind: str
    arguments: Arguments
    sandbox: Sandbox
    storage: LocalS3
    log: Path

    def run(self, processes: Processes) -> Properties:
        """Run the job and return what Describe would say about it.

        Raises:
            JobError: it failed, was killed, or took too long.
            StorageError: an input is missing.
        """
        self.sandbox.prepare()
        contents = _PROCESSING if self.kind == "Processing" else _TRAINING
        contents.bring_in(self)
        try:
            self._execute(processes, contents.command(self))
        except JobError:
            contents.take_out(self, failed=True)
            raise
        return contents.take_out(self, failed=False)

    def _execute(self, processes: Processes, arguments: list[str]) -> None:
        command = Command(
            arguments=[self.sandbox.rewritten(argument) for argument in arguments],
            environment=self.sandbox.environment(self.arguments.get("Environment", {})),
            folder=self.sandbox.folder,
        )
        limit = self.arguments.get("StoppingCondition", {}).get(
            "MaxRuntimeInSeconds", DEFAULT_TIMEOUT_SECONDS
        )
        with self.log.open("ab") as log:
            try:
                ending = processes.run(command, log=log, timeout_seconds=float(limit))
            except (FileNotFoundError, PermissionError) as error:
                raise JobError(f"the entry point cannot be started: {error}") from error
        reason = failure_reason(ending, limit=float(limit), message=self._message())
        if reason:
            raise JobError(reason, exit_code=ending.exit_code)

    def _message(self) -> str:
        for name in ("message", "failure"):
            path = self.sandbox.opt_ml / "output" / name
            if path.is_file():
                return path.read_text("utf-8", errors="replace")[:MESSAGE_CHARACTERS].strip()
        return ""


def failure_reason(ending: Ending, *, limit: float, message: str) -> str | None:
    """Why a program failed, or None if it did not."""
    if ending.timed_out:
        return f"exceeded MaxRuntimeInSeconds ({limit:g} s)"
    if ending.exit_code == 0:
        return None
    if ending.stopped:
        return "stopped with the rehearsal"
    number = -ending.exit_code if ending.exit_code < 0 else ending.exit_code - _SIGNALLED
    if number in set(signal.Signals):
        cause = f"killed by signal {number} ({signal.Signals(number).name})"
        hint = "; often too little memory" if number == signal.SIGKILL else ""
        return f"{cause}{hint}{': ' + message if message else ''}"
    return f"AlgorithmError: {message or 'see its log'} (exit code {ending.exit_code})"


class _Processing:
    """The layout of a Processing job."""

    def bring_in(self, job: Job) -> None:
        for given in job.arguments.get("ProcessingInputs", []):
            source = given["S3Input"]
            target = job.sandbox.inside(source["LocalPath"])
            if source.get("S3DataType") == "ManifestFile":
                job.storage.download_listed(source["S3Uri"], target)
            else:
                job.storage.download(source["S3Uri"], target)
        for output in _outputs(job.arguments):
            job.sandbox.inside(output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def command(self, job: Job) -> list[str]:
        image = job.arguments["AppSpecification"]
        return [*image["ContainerEntrypoint"], *image.get("ContainerArguments", [])]

    def take_out(self, job: Job, *, failed: bool) -> Properties:
        for output in _outputs(job.arguments):
            place = output["S3Output"]
            if not failed or place.get("S3UploadMode") == "Continuous":
                job.storage.put_folder(job.sandbox.inside(place["LocalPath"]), place["S3Uri"])
        return {
            **job.arguments,
            "ProcessingJobName": job.name,
            "ProcessingJobStatus": "Failed" if failed else "Completed",
        }


class _Training:
    """The layout of a Training job; /opt/ml/model becomes model.tar.gz."""

    def bring_in(self, job: Job) -> None:
        sandbox = job.sandbox
        (sandbox.opt_ml / "model").mkdir(parents=True, exist_ok=True)
        for channel in job.arguments.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]["S3Uri"]
            job.storage.download(source, sandbox.opt_ml / "input" / "data" / channel["ChannelName"])
        for name, content in _training_config(job.arguments):
            path = sandbox.opt_ml / "input" / "config" / name
            path.write_text(json.dumps(content, indent=1), "utf-8")

    def command(self, job: Job) -> list[str]:
        image = job.arguments["AlgorithmSpecification"]
        return [*image["ContainerEntrypoint"], *image.get("ContainerArguments", [])]

    def take_out(self, job: Job, *, failed: bool) -> Properties:
        prefix = job.arguments["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        uri = f"{prefix}/{job.name}/output/model.tar.gz"
        if not failed:
            archive = job.sandbox.folder / "model.tar.gz"
            pack(job.sandbox.opt_ml / "model", archive)
            job.storage.put(archive, uri)
            archive.unlink()
        return {
            **job.arguments,
            "TrainingJobName": job.name,
            "TrainingJobStatus": "Failed" if failed else "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": uri},
        }


_PROCESSING: Final = _Processing()
_TRAINING: Final = _Training()


def pack(folder: Path, archive: Path) -> None:
    """Everything below a folder as a .tar.gz, names relative to it."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, arcname=path.name)


def clear(folder: Path) -> None:
    """Throw a sandbox's bulk away; logs lie outside of it."""
    shutil.rmtree(folder, ignore_errors=True)


def _outputs(arguments: Arguments) -> list[Mapping[str, Any]]:
    outputs: list[Mapping[str, Any]] = arguments.get("ProcessingOutputConfig", {}).get(
        "Outputs", []
    )
    return outputs


def _training_config(arguments: Arguments) -> Iterator[tuple[str, Any]]:
    """The files of /opt/ml/input/config; every hyper-parameter is text there."""
    given = arguments.get("HyperParameters", {})
    yield "hyperparameters.json", {key: str(value) for key, value in given.items()}
    channels = arguments.get("InputDataConfig", [])
    yield (
        "inputdataconfig.json",
        {
            channel["ChannelName"]: {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
            }
            for channel in channels
        },
    )
    yield "resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]}
