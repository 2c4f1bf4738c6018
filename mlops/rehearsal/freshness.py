"""The assembly that says what stands in the folder now, made again where none does.

A rehearsal reads a copy of its own, named by the content that it was synthesized from. So neither
an edit nor `make synth` in another terminal changes what a running rehearsal executes, and
unchanged content is never synthesized twice.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mlops.contract import ContractError, load_platform
from mlops.pipeline import (
    CompileError,
    SynthesisInputs,
    compile_model,
    has_sdk,
    load_compiled,
    sdk_python,
)
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.synthesis import require_app, synthesize
from mlops.rehearsal.workspace import Workspace

SYNTHESIZED: Final = "cdk.out"
_KEPT: Final = 3
_NAMED: Final = 4
_DIGITS: Final = 16
_MAKING: Final = ".making-"


class StaleError(RehearsalError):
    """What was synthesized is not what the folder says, and nothing may be made again."""


@contextmanager
def current_assembly(
    root: Path, model: str, *, frozen: bool, say: Callable[[str], None]
) -> Iterator[Path]:
    """A model's assembly as its folder, `config/` and the platform are now.

    It is what `cdk.out` holds where that was made from this content. Otherwise the model's
    definition is compiled and its stacks are synthesized again, unless `frozen`. The folder stays
    as it is until the block ends.

    Raises:
        ContractError: the configuration is wrong.
        RehearsalError: it cannot be synthesized; StaleError where it would have to be.
    """
    request = _Request(root=root, model=model, say=say)
    stale = request.staleness()
    if frozen and stale:
        raise StaleError(f"{stale}; remedy: run `make synth`, or leave out --frozen")
    if stale and not request.folder().is_dir():
        request.compile()
    folder = request.folder()
    if stale and folder.is_dir():
        say(f"{stale}; rehearsing what was synthesized since")
    with _held(folder, make=lambda: request.make(folder, stale)):
        folder.touch()
        yield folder


def described_assembly(
    root: Path, assembly: Path, model: str, *, frozen: bool, say: Callable[[str], None]
) -> None:
    """Say in which way an assembly that a person named differs from the folder.

    Raises:
        StaleError: it does, and `frozen` allows no difference.
    """
    stale = _staleness(assembly, SynthesisInputs.of(root), model)
    if stale and frozen:
        raise StaleError(f"{stale}; remedy: synthesize it again, or leave out --frozen")
    if stale:
        say(f"{stale}; it is rehearsed as it is, because --assembly names it")


def warn_of_age(root: Path, assembly: Path, *, say: Callable[[str], None]) -> None:
    """Say in which way an assembly of the whole app differs from the folder."""
    stale = _staleness(assembly, SynthesisInputs.of(root), None)
    if stale and assembly.is_dir():
        say(f"mind: {stale}; remedy: run `make synth`")


@dataclass(frozen=True, kw_only=True)
class _Request:
    """One model of one checkout."""

    root: Path
    model: str
    say: Callable[[str], None]

    @property
    def synthesized(self) -> Path:
        """What `make synth` makes."""
        return self.root / SYNTHESIZED

    def folder(self) -> Path:
        """Where the assembly of the present content is, once it was made."""
        return Workspace.of(self.root).assemblies / self._name(SynthesisInputs.of(self.root))

    def _name(self, inputs: SynthesisInputs | None) -> str:
        return "" if inputs is None else f"{self.model}-{inputs.digest(self.model)[:_DIGITS]}"

    def staleness(self) -> str:
        """In which way `cdk.out` differs from the folder; "" where it does not."""
        return _staleness(self.synthesized, SynthesisInputs.of(self.root), self.model)

    def compile(self) -> None:
        """Compile the model's definition again where the contract asks for other steps.

        Raises:
            ContractError: the configuration is wrong.
            RehearsalError: the SDK is not installed, or refuses the steps.
        """
        require_app(self.root)
        spec = load_platform(self.root, model=self.model).model(self.model)
        try:
            load_compiled(self.root, spec)
        except ContractError as error:
            (problem,) = error.problems
            if not has_sdk(self.root):
                raise RehearsalError(
                    f"{problem.file}: {problem.problem}; remedy: run `mlops pipeline compile "
                    f"{self.model}`, which installs the SageMaker SDK once (0.7 GB)"
                ) from error
            self._compile_with_sdk(problem.file)

    def _compile_with_sdk(self, file: str) -> None:
        spec = load_platform(self.root, model=self.model).model(self.model)
        try:
            compile_model(self.root, spec, python=sdk_python(self.root, say=self.say))
        except CompileError as error:
            raise RehearsalError(str(error)) from error
        self.say(f"{file}: compiled again, because its steps changed; commit it with the change")

    def make(self, folder: Path, stale: str) -> None:
        """Make the assembly of the present content: copied where it was synthesized already.

        Raises:
            RehearsalError: it cannot be synthesized, or is edited meanwhile.
        """
        prefix = f"{_MAKING}{os.getpid()}-"
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as beside:
            made = Path(beside) / SYNTHESIZED
            if stale or not self._copied(made):
                self._synthesized(made, stale or f"{SYNTHESIZED} is being changed")
            if self._name(SynthesisInputs.recorded(made)) != folder.name:
                raise RehearsalError(
                    f"{self.root}: was edited while {self.model} was synthesized; "
                    "remedy: run it again"
                )
            made.replace(folder)
        _prune(folder.parent, self.model, keep=folder)

    def _synthesized(self, made: Path, why: str) -> None:
        self.say(f"{why}; synthesizing {self.model}")
        began = time.monotonic()
        shutil.rmtree(made, ignore_errors=True)
        synthesize(self.root, made, model=self.model)
        self.say(f"synthesized in {time.monotonic() - began:.0f} s")

    def _copied(self, made: Path) -> bool:
        """Copy `cdk.out`; False where another synthesis changes it meanwhile."""
        before = SynthesisInputs.recorded(self.synthesized)
        try:
            shutil.copytree(self.synthesized, made)
        except (shutil.Error, FileNotFoundError):
            return False
        # A synthesis takes the record away before it writes, and puts it back at its end.
        return before is not None and SynthesisInputs.recorded(self.synthesized) == before


def _staleness(assembly: Path, now: SynthesisInputs, model: str | None) -> str:
    """Why an assembly does not stand for the present content; "" where it does."""
    if not assembly.is_dir():
        return f"{assembly.name} does not exist"
    recorded = SynthesisInputs.recorded(assembly)
    if recorded is None:
        return f"{assembly.name} does not say what it was made from"
    if not recorded.covers(model):
        asked = recorded.model or recorded.stage
        return f"{assembly.name} was synthesized for {asked} alone"
    changed = recorded.differences(now, model=model)
    if not changed:
        return ""
    return f"{assembly.name} is older than {summarized(changed)}"


def summarized(names: Sequence[str]) -> str:
    """The first names, and how many follow."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


@contextmanager
def _held(folder: Path, *, make: Callable[[], None]) -> Iterator[None]:
    """Keep an assembly from being removed; one process makes it, and others wait for that."""
    with _lock(folder) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not folder.is_dir():
            # A lock changes its kind by being given up first, so the answer may be another by now.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                make()
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _lock(folder: Path) -> IO[str]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return (folder.parent / f".{folder.name}.lock").open("w")


def _prune(home: Path, model: str, *, keep: Path) -> None:
    """Remove the oldest assemblies of a model, except those that a rehearsal reads."""
    for half_made in home.glob(f"{_MAKING}*"):
        if not _is_running(int(half_made.name.split("-")[1])):
            shutil.rmtree(half_made, ignore_errors=True)
    made = [path for path in home.glob(f"{model}-*") if _model_of(path) == model and path != keep]
    made.sort(key=lambda path: path.stat().st_mtime)
    for folder in made[: max(0, 1 + len(made) - _KEPT)]:
        with _lock(folder) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _model_of(folder: Path) -> str:
    return folder.name.rpartition("-")[0]
