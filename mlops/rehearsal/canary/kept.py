"""Finished deployments of a rehearsal that did not come to its end, so that another goes on."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from mlops.rehearsal.canary.faults import Expectation, Fault
from mlops.rehearsal.canary.results import DeploymentResult
from mlops.rehearsal.canary.scene import Stage

_FORM: Final = TypeAdapter(DeploymentResult)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file per finished deployment, in a folder that names everything that decided it."""

    folder: Path

    @classmethod
    def of(cls, home: Path, stage: Stage) -> "Kept":
        """What was kept of this template, these versions, this traffic and this seed."""
        versions = [
            (one.release, stage.storage.fingerprint(one.release.archive_uri))
            for one in (stage.blue, stage.green)
        ]
        decides = (
            stage.endpoint, versions, stage.requests, stage.per_minute, stage.objective_seconds,
            stage.minimum_invocations, stage.seed, stage.scale,
        )  # fmt: skip
        return cls(folder=home / hashlib.sha256(repr(decides).encode()).hexdigest()[:16])

    def clear(self) -> None:
        """Forget everything."""
        for file in self.folder.glob("*.json"):
            file.unlink()

    def keep(self, result: DeploymentResult) -> None:
        """Keep a deployment that counts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{result.fault}.writing"
        temporary.write_bytes(_FORM.dump_json(result, indent=1))
        temporary.replace(self.folder / f"{result.fault}.json")

    def results(
        self, every: Mapping[str, Fault], expected: Mapping[str, Expectation]
    ) -> Iterator[tuple[str, DeploymentResult]]:
        """Each kept deployment by its fault, where fault and expectation are still the same."""
        for file in sorted(self.folder.glob("*.json")):
            result = _read(file)
            if result is None or result.fault not in every:
                continue
            expectation = expected[result.fault]
            if (result.story, result.why) == (every[result.fault].story, expectation.why):
                yield result.fault, result


def _read(file: Path) -> DeploymentResult | None:
    """A kept deployment; None where another version of this program wrote it: it is run again."""
    try:
        return _FORM.validate_json(file.read_bytes())
    except ValidationError:
        return None
