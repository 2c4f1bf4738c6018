"""Where rehearsals keep what they make, below one folder that git ignores."""

import secrets
import string
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops.rehearsal.local_aws.storage import LocalS3

FOLDER: Final = ".mlops"
_DIGITS: Final = string.digits + string.ascii_lowercase


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The folders of one checkout."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> "Workspace":
        """The workspace of a checkout."""
        return cls(folder=root / FOLDER)

    @property
    def storage(self) -> LocalS3:
        """All buckets."""
        return LocalS3(self.folder / "s3")

    @property
    def registry(self) -> Path:
        """The model registry."""
        return self.folder / "registry"

    @property
    def environments(self) -> Path:
        """Environments by the content of their lock."""
        return self.folder / "envs"

    @property
    def assemblies(self) -> Path:
        """Assemblies by the content that they were synthesized from."""
        return self.folder / "assemblies"

    def cache(self, pipeline: str) -> Path:
        """Successes of a pipeline's steps."""
        return self.folder / "cache" / pipeline

    def execution(self, id_: str) -> Path:
        """Sandboxes and logs of one execution."""
        return self.folder / "executions" / id_

    def report(self, id_: str) -> Path:
        """What one execution found."""
        return self.folder / "reports" / id_


def execution_id() -> str:
    """Twelve characters as SageMaker's; later ones sort later, and no two are the same."""
    moment, digits = int(time.time() * 1000), ""
    for _ in range(8):
        moment, digit = divmod(moment, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits + "".join(secrets.choice(_DIGITS) for _ in range(4))
