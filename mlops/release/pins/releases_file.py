"""`config/releases.yaml` as something to edit: read, changed in memory, proved, then written."""

import copy
import difflib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from mlops.contract import (
    ContentSpec,
    ContractError,
    Platform,
    Problem,
    ReleasesSpec,
    load_config,
    load_platform,
)
from mlops.contract.document import Document, read_document
from mlops.contract.guardrails import of_releases
from mlops.contract.platform import RELEASES
from mlops.contract.translation import checked
from mlops.release.errors import ReleaseError
from mlops.release.pins.layout import RELEASES_KEY, with_content, with_pin, without_pin

_BOM: Final = "\ufeff"
_MERGE_MARKER: Final = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |\r?$)", flags=re.MULTILINE)

Pins = dict[str, dict[str, int | str]]


@dataclass(frozen=True, kw_only=True)
class ReleasesFile:
    """The file's content at one moment; an edit makes another one, and only `write` touches disk.

    Every content that exists here has passed the contract.
    """

    platform: Platform
    spec: ReleasesSpec
    text: str

    @classmethod
    def read(cls, root: Path, *, model: str | None) -> "ReleasesFile":
        """The file of a repository, for an edit of one model's pins, or of any model's with None.

        Raises:
            ContractError: the configuration is wrong, or the contract of the model that was named.
        """
        _refuse_merge_markers(root / RELEASES)
        platform = load_config(root) if model is None else load_platform(root, model=model)
        text = (platform.root / RELEASES).read_bytes().decode("utf-8")
        return cls(platform=platform, spec=platform.releases, text=text)

    @property
    def path(self) -> Path:
        """Where the file is, behind all links."""
        return (self.platform.root / RELEASES).resolve()

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages' names in the order of promotion."""
        return tuple(stage.name for stage in self.platform.stages.stages)

    def require_stage(self, stage: str) -> None:
        """Make sure that there is such a stage.

        Raises:
            ReleaseError: there is none.
        """
        if stage not in self.stages:
            raise ReleaseError(
                f"there is no stage {stage!r}; allowed: {', '.join(self.stages)}; "
                "remedy: name a stage of config/stages.yaml"
            )

    def version(self, *, model: str, stage: str) -> int | None:
        """The pinned version, or None where the model is not released.

        Raises:
            ReleaseError: there is no such stage.
        """
        self.require_stage(stage)
        return self.spec.version(model=model, stage=stage)

    def pinned(
        self, *, model: str, stage: str, version: int, content: ContentSpec | None = None
    ) -> "ReleasesFile":
        """The file with this pin; an ARN stays an ARN, and an equal pin leaves the file alone.

        With a content the file also says what the version consists of.

        Raises:
            ContractError: the contract refuses the result.
            ReleaseError: there is no such stage, the file's layout defeats the edit, or the
                version was released with another content.
        """
        if content is not None:
            recorded = self._recorded(model, version, content)
            return recorded.pinned(model=model, stage=stage, version=version)
        if self.version(model=model, stage=stage) == version:
            return self
        text = with_pin(self._yaml, model=model, stage=stage, version=version, stages=self.stages)
        asked = copy.deepcopy(self.spec.releases)
        pins = asked.setdefault(model, {})
        pins[stage] = _like(pins.get(stage), version)
        return self._proved(text, asked)

    def _recorded(self, model: str, version: int, content: ContentSpec) -> "ReleasesFile":
        """The file with a version's content, which is written once and never changed."""
        found = self.spec.content(model=model, version=version)
        if found == content:
            return self
        if found is not None:
            raise ReleaseError(
                f"{model} {version}: consists of {_one_line(content)} by now, and {RELEASES} "
                f"released {_one_line(found)}: its archive, image, answers or baseline was "
                "replaced; remedy: reject the version and find out by whom"
            )
        text = with_content(self._yaml, model=model, version=version, content=_one_line(content))
        asked = copy.deepcopy(self.spec.contents)
        asked.setdefault(model, {})[str(version)] = content
        written = self._proved(text, self.spec.releases)
        if written.spec.contents != asked:
            raise _defeated()
        return written

    def unpinned(self, *, model: str, stage: str) -> "ReleasesFile":
        """The file without this pin; the file itself where there is none.

        Raises:
            ReleaseError: there is no such stage, or the file's layout defeats the edit.
        """
        if self.version(model=model, stage=stage) is None:
            return self
        text = without_pin(self._yaml, model=model, stage=stage)
        asked = copy.deepcopy(self.spec.releases)
        del asked[model][stage]
        return self._proved(text, asked)

    def diff(self, before: "ReleasesFile") -> str:
        """What changed since `before`, as a unified diff; empty if nothing did."""
        lines = difflib.unified_diff(
            before.text.splitlines(keepends=True),
            self.text.splitlines(keepends=True),
            fromfile=f"a/{RELEASES}",
            tofile=f"b/{RELEASES}",
        )
        ended = "{}\n\\ No newline at end of file\n"
        return "".join(line if line.endswith("\n") else ended.format(line) for line in lines)

    def write(self, *, before: "ReleasesFile") -> None:
        """Put this content in the place of `before`, at once or not at all.

        Raises:
            ReleaseError: the file on disk is not `before` any more, or cannot be written.
        """
        try:
            if self.path.read_bytes() != before.text.encode():
                raise ReleaseError(
                    f"{RELEASES}: changed while this command ran; remedy: run the command again"
                )
            _replace(self.path, self.text.encode())
        except OSError as error:
            raise ReleaseError(f"{RELEASES}: cannot be written: {error.strerror}") from error

    @property
    def _yaml(self) -> str:
        return self.text.removeprefix(_BOM)

    def _proved(self, yaml: str, asked: Pins) -> "ReleasesFile":
        """The edited file, once it is read back as exactly what was asked for."""
        document = _read_back(yaml)
        if document is None or not isinstance(document.data, dict):
            raise _defeated()
        if document.data.get(RELEASES_KEY) != asked:
            raise _defeated()
        spec = checked(document, ReleasesSpec)
        known = self.platform.model_names
        problems = of_releases(document, spec, self.platform.stages, known)
        if problems:
            raise ContractError(tuple(problems))
        bom = self.text[: len(self.text) - len(self._yaml)]
        return replace(self, text=bom + yaml, spec=spec)


@cache
def releases_in(text: str) -> ReleasesSpec | None:
    """The pins of any text, an old commit's for example; None where the contract cannot read it."""
    document = _read_back(text)
    if document is None:
        return None
    try:
        return checked(document, ReleasesSpec)
    except ContractError:
        return None


def _read_back(text: str) -> Document | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RELEASES
        path.parent.mkdir()
        path.write_bytes(text.encode())
        try:
            return read_document(path, root=Path(folder))
        except ContractError:
            return None


def _one_line(content: ContentSpec) -> str:
    return f"{{{', '.join(f'{part}: {digest}' for part, digest in content)}}}"


def _like(written: int | str | None, version: int) -> int | str:
    """A version in the form of the one that it replaces."""
    if isinstance(written, str):
        return f"{written.rpartition('/')[0]}/{version}"
    return version


def _refuse_merge_markers(path: Path) -> None:
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    found = _MERGE_MARKER.search(text)
    if found:
        problem = Problem(
            file=RELEASES,
            key="",
            line=text.count("\n", 0, found.start()) + 1,
            problem="has the markers of an unfinished merge",
            remedy="decide which versions are meant, and remove the markers",
        )
        raise ContractError((problem,))


def _defeated() -> ReleaseError:
    return ReleaseError(
        f"{RELEASES}: an anchor, a merge or an unusual layout stands in the way, so nothing was "
        "changed; remedy: write the pin by hand, then run `mlops validate`"
    )


def _replace(path: Path, content: bytes) -> None:
    # In the same folder: a rename is atomic within one file system only.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        shutil.copymode(path, name)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
