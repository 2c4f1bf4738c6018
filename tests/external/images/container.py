"""A container: an image, what is mounted, what it is told, and how much memory it has."""

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops.contract.instance_types import virtual_cpus
from mlops.rehearsal.local_aws.processes import Command

_ENTER: Final = Path(__file__).with_name("enter.py")
_NAMESPACES: Final = ("--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child")
_GIB: Final = 1024**3
_GIB_PER_CPU: Final = {"c": 2, "m": 4, "r": 8, "t": 2}
"""Of the families for computation, general purpose, memory, and burstable ones."""
_CGROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that was pushed, and its files."""

    name: str
    root: Path
    config: Mapping[str, Any]
    python: str
    """Minor version of its Python."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the image sets."""
        pairs = (text.partition("=") for text in self.config["config"].get("Env") or ())
        return {name: value for name, _, value in pairs}


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container, not yet started."""

    image: Image
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    """Of this machine, for the container's own layer."""
    opt_ml: Path | None = None
    """What is mounted as /opt/ml."""
    read_only: Sequence[str] = ()
    """Folders of the container that it may not write."""
    working_directory: str = ""
    """Where it begins; the image's own where nothing is said."""
    binds: Mapping[Path, str] = field(default_factory=dict)
    """Further folders of this machine, read-only."""

    @contextmanager
    def starting(self, *, memory: int) -> Iterator[Command]:
        """The command that starts it, with so many bytes of memory."""
        with memory_limit(memory) as cgroup:
            self.folder.mkdir(parents=True, exist_ok=True)
            specification = self.folder / "container.json"
            specification.write_text(json.dumps(self._specification(cgroup)), "utf-8")
            program = [sys.executable, "-I", str(_ENTER), str(specification)]
            yield Command(
                arguments=["unshare", *_NAMESPACES, *program], environment={}, folder=self.folder
            )

    def _specification(self, cgroup: Path) -> dict[str, Any]:
        binds = [
            {"source": str(path), "target": to, "read_only": True}
            for path, to in self.binds.items()
        ]
        if self.opt_ml is not None:
            binds.append({"source": str(self.opt_ml), "target": "/opt/ml", "read_only": False})
            for inside in self.read_only:
                source = self.opt_ml / Path(inside).relative_to("/opt/ml")
                binds.append({"source": str(source), "target": inside, "read_only": True})
        inner = self.image.config["config"]
        return {
            "image": str(self.image.root),
            "folder": str(self.folder),
            "cgroup": str(cgroup),
            "hostname": "algo-1",
            "user": inner.get("User", ""),
            "working_directory": self.working_directory or inner.get("WorkingDir", ""),
            "binds": binds,
            "command": list(self.command),
            # Docker sets these two itself.
            "environment": {
                "HOME": "/root", "HOSTNAME": "algo-1", **self.image.environment, **self.environment,
            },
        }  # fmt: skip


def memory_bytes(instance_type: str) -> int:
    """The memory of a SageMaker instance type.

    Raises:
        KeyError: of a family whose memory is not known here.
    """
    family = re.fullmatch(r"ml\.([a-z])\d\w*\.\w+", instance_type)
    if family is None or family[1] not in _GIB_PER_CPU:
        raise KeyError(f"{instance_type}: add its family's memory to {__name__}")
    return virtual_cpus(instance_type) * _GIB_PER_CPU[family[1]] * _GIB


@contextmanager
def memory_limit(most: int) -> Iterator[Path]:
    """A control group whose processes together get no more memory; it ends with the block."""
    first, limit = _memory_controller()
    group = first / f"mlops-{secrets.token_hex(6)}"
    group.mkdir()
    try:
        (group / limit).write_text(str(most))
        yield group
    finally:
        _removed(group)


def _memory_controller() -> tuple[Path, str]:
    """Where groups are made that limit memory, and the file of the limit, in either version."""
    if (_CGROUPS / "memory" / "memory.usage_in_bytes").exists():
        return _CGROUPS / "memory", "memory.limit_in_bytes"
    control = _CGROUPS / "cgroup.subtree_control"
    if "memory" not in control.read_text().split():
        control.write_text("+memory")
    return _CGROUPS, "memory.max"


def _removed(group: Path) -> None:
    """A group goes when the last of its processes has; the kernel may still be burying them."""
    for _ in range(200):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{group}: processes are left: {(group / 'cgroup.procs').read_text()}")


def give_to_root(folder: Path) -> None:
    """What SageMaker mounts belongs to root, and nobody else may write it."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
