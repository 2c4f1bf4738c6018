"""What the machine needs so that images can be built and run here without docker."""

import fcntl
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "buildah": "buildah",
    "docker-registry": "docker-registry",
    "jq": "jq",
    "mmdebstrap": "mmdebstrap",
    "skopeo": "skopeo",
}
"""Debian's package of each program."""


def reason_to_skip() -> str | None:
    """Why nothing can run here, or None where everything can."""
    if platform.machine() != "x86_64":
        return f"images are built for linux/amd64, this machine is {platform.machine()}"
    if not Path("/etc/debian_version").is_file():
        return "base images are made from Debian's packages, this machine is not Debian"
    if os.geteuid() != 0:
        return "namespaces and mounts need root"
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if missing:
        return f"{', '.join(missing)} not installed; remedy: make container-tools"
    return None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One run at a time makes what is kept in a folder; another waits and finds it made."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache_folder() -> Path:
    """Where bases and images are kept between runs, by the hash of what they are made from."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "sagemaker-mlops" / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
