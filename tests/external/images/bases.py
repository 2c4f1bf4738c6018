"""Stand-ins for public base images, made from Debian's packages.

Docker Hub cannot be asked for here, and its images hold little more than Debian and Python. The
stand-in has the same Debian release, the same minor version of Python and, as there, no other
Python package than pip.
"""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("python3", "python3-pip-whl", "ca-certificates")
_HOOK: Final = """\
set -e
rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED
chroot "$1" sh -c '
    wheel=$(ls /usr/share/python-wheels/pip-*.whl)
    export PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
    python3 "$wheel/pip" install --quiet --no-index "$wheel"'
"""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A root file system of one Debian release."""

    suite: str
    cache: Path

    @property
    def key(self) -> str:
        """Identifies what it is made from."""
        content = "\n".join((self.suite, *_PACKAGES, _HOOK))
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def archive(self) -> Path:
        """The root file system as one tar file, made unless it is there."""
        path = self.cache / f"{self.suite}-{self.key}.tar"
        if not path.is_file():
            hook = self.cache / f"hook-{self.key}.sh"
            hook.write_text(_HOOK)
            options = self.cache / f"apt-{self.key}.conf"
            options.write_text(_own_way_to_mirrors())
            unfinished = path.with_suffix(".unfinished.tar")
            subprocess.run(
                [
                    *("mmdebstrap", "--quiet", "--variant=apt"),
                    *("--include", ",".join(_PACKAGES)),
                    *("--customize-hook", f'sh {hook} "$1"', "--aptopt", str(options)),
                    *(self.suite, str(unfinished), mirror()),
                ],
                check=True,
            )
            unfinished.rename(path)
        return path


def mirror() -> str:
    """The mirror from which this machine installs its own packages."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = [line.split()[1] for line in targets.splitlines() if line.startswith("Debian ")]
    assert found, "apt lists no packages of Debian; remedy: apt-get update"
    return found[0]


def _own_way_to_mirrors() -> str:
    """This machine's settings of how packages are fetched: proxies, and mirrors of a fixed date."""
    kept = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http", "Acquire::https")
    command = ["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', *kept]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
