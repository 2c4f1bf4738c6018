"""Step caching as SageMaker does it, made safe: the content of every input is part of the key.

A success is reused while it is no older than ExpireAfter, its outputs are still there unchanged,
and its arguments are the same but for the places where outputs go, which differ per execution.
"""

import copy
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.storage import LocalS3

_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_UNIT_SECONDS: Final = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)


class CacheConfigError(RehearsalError):
    """A CacheConfig that SageMaker would refuse."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A success that may be reused."""

    execution: str
    finished: float
    properties: Mapping[str, Any]
    outputs: Mapping[str, str]
    """URI -> fingerprint of what the step wrote."""


@dataclass(frozen=True, kw_only=True)
class StepCache:
    """The successes of one pipeline's steps."""

    folder: Path
    storage: LocalS3
    environment: str
    """Identifies what the scripts run in, beside the image's URI."""

    def key(self, kind: str, arguments: Mapping[str, Any]) -> str:
        """What must be equal for a step to be reused."""
        content = {
            "kind": kind,
            "arguments": without_outputs(arguments),
            "inputs": {uri: self.storage.fingerprint(uri) for uri in input_uris(arguments)},
            "environment": self.environment,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def find(self, step: str, key: str, *, expire_after: str | None, now: float) -> Entry | None:
        """A success that may be reused now, or None."""
        try:
            entry = Entry(**json.loads(self._path(step, key).read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            # An unreadable entry only costs running the step again.
            return None
        if expire_after is not None and now - entry.finished > seconds_of(expire_after):
            return None
        same = (self.storage.fingerprint(uri) == found for uri, found in entry.outputs.items())
        return entry if all(same) else None

    def store(
        self, step: str, key: str, *, execution: str, properties: Mapping[str, Any], now: float
    ) -> None:
        """Remember a success."""
        outputs = {uri: self.storage.fingerprint(uri) for uri in output_uris(properties)}
        entry = {
            "execution": execution,
            "finished": now,
            "properties": properties,
            "outputs": outputs,
        }
        path = self._path(step, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(entry, file)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def _path(self, step: str, key: str) -> Path:
        return self.folder / step / f"{key}.json"


def seconds_of(duration: str) -> int:
    """An ISO 8601 duration in seconds; a month counts 30 days, a year 365.

    Raises:
        CacheConfigError: it is none.
    """
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        raise CacheConfigError(
            f"CacheConfig.ExpireAfter: {duration!r} is not an ISO 8601 duration; allowed: like P30D"
        )
    parts = zip(found.groups(), _UNIT_SECONDS, strict=True)
    return sum(int(number or 0) * unit for number, unit in parts)


def input_uris(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The S3 URIs that a job reads."""
    for given in arguments.get("ProcessingInputs", []):
        yield given["S3Input"]["S3Uri"]
    for channel in arguments.get("InputDataConfig", []):
        yield channel["DataSource"]["S3DataSource"]["S3Uri"]


def output_uris(properties: Mapping[str, Any]) -> Iterator[str]:
    """The S3 URIs that a job wrote."""
    for output in properties.get("ProcessingOutputConfig", {}).get("Outputs", []):
        yield output["S3Output"]["S3Uri"]
    if "ModelArtifacts" in properties:
        yield properties["ModelArtifacts"]["S3ModelArtifacts"]


def without_outputs(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without the places where outputs go."""
    kept = copy.deepcopy(dict(arguments))
    for output in kept.get("ProcessingOutputConfig", {}).get("Outputs", []):
        del output["S3Output"]["S3Uri"]
    kept.get("OutputDataConfig", {}).pop("S3OutputPath", None)
    return kept
