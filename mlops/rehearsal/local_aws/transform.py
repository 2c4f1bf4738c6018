"""A Transform step as Batch Transform runs it: files, split by line, answered over HTTP, joined.

What it does with a file: SageMaker Developer Guide, "Batch transform for inference", and the API
reference of CreateTransformJob and DataProcessing. One request holds as many lines as fit into
MaxPayloadInMB; a file has an output if all of its lines were answered; the job fails if one file
failed, and the outputs of the others stay.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.local_aws.container import JobError
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import Server, ServingCheck, ServingError
from mlops.rehearsal.local_aws.storage import LocalS3

ANSWER: Final = "SageMakerOutput"
"""Key under which an answer is joined to its line."""
_MEGABYTE: Final = 1024 * 1024
_OK: Final = 200
_SERVER_FAULT: Final = 500
_ROW: Final = re.compile(r"\brow (\d+)\b")
_NAME: Final = re.compile(r"\$\.([A-Za-z_]\w*)")


@dataclass(frozen=True, kw_only=True)
class ScoredFile:
    """What became of one file."""

    name: str
    rows: int
    """Lines that were answered."""
    requests: int
    seconds: float
    failure: str | None
    """Why there is no output, with the line where it can be told."""
    first: Sequence[Any] = ()
    """Its first lines, joined."""


class _RefusedError(Exception):
    """A file that gets no output; the text says which line and why."""


@dataclass(frozen=True, kw_only=True)
class TransformJob:
    """One Transform step with its arguments resolved."""

    name: str
    arguments: Mapping[str, Any]
    archive_uri: str
    content: str
    """What the archive must hold, or that nobody recorded it."""
    environment: Mapping[str, str]
    folder: Path
    python: Path
    storage: LocalS3

    def run(self, processes: Processes, scored: list[ScoredFile]) -> dict[str, Any]:
        """Answer every file and return what Describe would say; `scored` tells of each file.

        Raises:
            JobError: a file failed.
            RehearsalError: the version cannot be served, or an input is missing.
        """
        check = ServingCheck(
            folder=self.folder,
            python=self.python,
            storage=self.storage,
            processes=processes,
            content=self.content,
            environment=self.environment,
        )
        with check.served(self.archive_uri) as server:
            found = [self._scored(server, name, uri) for name, uri in self._files()]
        scored += found
        failed = [f"{one.name}: {one.failure}" for one in found if one.failure]
        if failed:
            raise JobError(f"ClientError: {'; '.join(failed)}")
        return {
            **self.arguments,
            "TransformJobName": self.name,
            "TransformJobStatus": "Completed",
        }

    def _files(self) -> Iterator[tuple[str, str]]:
        source = self.arguments["TransformInput"]["DataSource"]["S3DataSource"]
        prefix, *names = json.loads(self.storage.read_text(source["S3Uri"]))
        for name in names:
            yield name, f"{prefix['prefix']}{name}"

    def _scored(self, server: Server, name: str, uri: str) -> ScoredFile:
        began, failure = time.monotonic(), None
        joined: list[Any] = []
        requests = 0
        try:
            for batch in self._batches(self.storage.read_text(uri)):
                joined += self._answered(server, batch)
                requests += 1
        except _RefusedError as error:
            failure = str(error)
        else:
            self._write(name, joined)
        return ScoredFile(
            name=name, rows=len(joined), requests=requests, failure=failure,
            seconds=time.monotonic() - began, first=joined[:3],
        )  # fmt: skip

    def _batches(self, text: str) -> Iterator[list["_Line"]]:
        """Lines in requests that are as long as the job allows, and no longer."""
        most = self.arguments["MaxPayloadInMB"] * _MEGABYTE
        batch: list[_Line] = []
        size = 0
        for number, raw in enumerate(text.split("\n"), 1):
            if not raw.strip():
                continue
            line = _Line.read(number, raw, self.arguments["DataProcessing"]["InputFilter"])
            if line.size > most:
                raise _RefusedError(f"line {number} is longer than MaxPayloadInMB")
            if size + line.size > most:
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += line.size
        if batch:
            yield batch

    def _answered(self, server: Server, batch: Sequence["_Line"]) -> Iterator[Any]:
        status, text = self._asked(server, "".join(f"{line.sent}\n" for line in batch))
        if status != _OK:
            raise _RefusedError(f"{_place(text, batch)}: HTTP {status}: {text.strip():.300}")
        answers = [line for line in text.split("\n") if line.strip()]
        if len(answers) != len(batch):
            raise _RefusedError(f"{len(batch)} lines were sent and {len(answers)} came back")
        for line, answer in zip(batch, answers, strict=True):
            yield {**line.content, ANSWER: json.loads(answer)}

    def _asked(self, server: Server, body: str) -> tuple[int, str]:
        """One request; a fault of the server, unlike a refusal, is tried again."""
        kinds = self.arguments["TransformInput"], self.arguments["TransformOutput"]
        status, text = 0, ""
        for _ in range(1 + self.arguments["ModelClientConfig"]["InvocationsMaxRetries"]):
            try:
                reply = server.ask(body, kinds[0]["ContentType"], accept=kinds[1]["Accept"])
                status, text = reply.status, reply.text
            except ServingError as error:
                status, text = _SERVER_FAULT, str(error)
            if status < _SERVER_FAULT:
                break
        return status, text

    def _write(self, name: str, joined: Sequence[Any]) -> None:
        uri = f"{self.arguments['TransformOutput']['S3OutputPath']}/{name}.out"
        path = self.folder / "output.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in joined), "utf-8")
        self.storage.put(path, uri)
        path.unlink()


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A line of a file, and the part of it that is sent."""

    number: int
    content: Mapping[str, Any]
    sent: str

    @property
    def size(self) -> int:
        """Bytes, its end included."""
        return len(self.sent.encode()) + 1

    @classmethod
    def read(cls, number: int, raw: str, filter_: str) -> "_Line":
        try:
            content = json.loads(raw)
        except ValueError as error:
            raise _RefusedError(f"line {number} is not JSON: {error}") from error
        found = _NAME.fullmatch(filter_)
        assert found is not None, f"the rehearsal understands no filter {filter_}"
        if not isinstance(content, dict) or found[1] not in content:
            raise _RefusedError(f"line {number} has no {found[1]}")
        return cls(number=number, content=content, sent=json.dumps(content[found[1]]))


def _place(text: str, batch: Sequence[_Line]) -> str:
    """Which line of the file a refusal is about; the server counts rows of its request from 0."""
    row = _ROW.search(text)
    if row and int(row[1]) < len(batch):
        return f"line {batch[int(row[1])].number}"
    return f"lines {batch[0].number} to {batch[-1].number}"
