"""Builds images with buildah and reads what a registry got, without a docker daemon."""

import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_BASE_DOCKERFILE: Final = """\
FROM scratch
ADD base.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["python3"]
"""
_START_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of one storage folder."""

    folder: Path

    @property
    def _storage(self) -> tuple[str, ...]:
        root, run = self.folder / "storage", self.folder / "run"
        return ("--root", str(root), "--runroot", str(run), "--storage-driver", "vfs")

    def exists(self, name: str) -> bool:
        """Whether an image was built before."""
        return self._buildah("inspect", "--type", "image", name, check=False).returncode == 0

    def import_base(self, name: str, archive: Path, build: Path) -> None:
        """Make an image of a root file system."""
        if self.exists(name):
            return
        build.mkdir(parents=True, exist_ok=True)
        (build / "Dockerfile").write_text(_BASE_DOCKERFILE)
        (build / "base.tar").unlink(missing_ok=True)
        (build / "base.tar").hardlink_to(archive)
        self.build(name, dockerfile=build / "Dockerfile", context=build)

    def build(
        self,
        name: str,
        *,
        dockerfile: Path,
        context: Path,
        arguments: Mapping[str, str] | None = None,
        volumes: Mapping[Path, str] | None = None,
        contexts: Mapping[str, Path] | None = None,
    ) -> None:
        """Build a Dockerfile as it is; arguments, volumes and contexts are all that is added.

        Raises:
            AssertionError: it cannot be built; the text ends with what buildah said.
        """
        options = [f"--build-arg={key}={value}" for key, value in (arguments or {}).items()]
        options += [f"--volume={path}:{to}:ro" for path, to in (volumes or {}).items()]
        options += [f"--build-context={key}={path}" for key, path in (contexts or {}).items()]
        done = self._buildah(
            *("bud", "--isolation", "chroot", "--format", "docker", "--platform", "linux/amd64"),
            *(*options, "--tag", name, "--file", str(dockerfile), str(context)),
            check=False,
        )
        assert done.returncode == 0, f"{dockerfile} cannot be built:\n{done.stdout[-3000:]}"

    def root(self, name: str) -> Path:
        """The image's files, unpacked; they are read, never written."""
        container = name.replace("/", "-").replace(":", "-")
        mounted = self._buildah("mount", container, check=False)
        if mounted.returncode != 0:
            self._buildah("from", "--pull-never", "--name", container, name)
            mounted = self._buildah("mount", container)
        return Path(mounted.stdout.strip().splitlines()[-1])

    def push(self, name: str, reference: str) -> None:
        """Push to a registry on this machine."""
        self._buildah("push", "--quiet", "--tls-verify=false", name, f"docker://{reference}")

    def _buildah(
        self, command: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["buildah", *self._storage, command, *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0 or not check, done.stdout
        return done


def pushed_manifest(reference: str) -> dict[str, Any]:
    """The manifest as the registry keeps it."""
    found: dict[str, Any] = json.loads(_skopeo("--raw", reference))
    return found


def pushed_config(reference: str) -> dict[str, Any]:
    """The image's configuration as the registry keeps it."""
    found: dict[str, Any] = json.loads(_skopeo("--config", reference))
    return found


def _skopeo(option: str, reference: str) -> str:
    command = ["skopeo", "inspect", option, "--tls-verify=false", f"docker://{reference}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """The address of an empty registry on loopback; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
        try:
            _wait_for(address, process)
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the registry does not answer at {address}")


def wheelhouse(lock: Path, folder: Path, *, python: str) -> Path:
    """The locked wheels for linux/amd64 and a version of Python, downloaded once.

    This machine's pip downloads them, with its own index and certificates, so that the build of
    the image needs neither.
    """
    if not (folder / "complete").is_file():
        platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 42)]
        tags = [*platforms, "manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"]
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "-qq", "--no-deps"),
                *("--python-version", python, "--only-binary=:all:", "--require-hashes"),
                *(f"--platform={tag}" for tag in (*tags, "any")),
                *("--requirement", str(lock), "--dest", str(folder)),
            ],
            check=True,
        )
        (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
        (folder / "complete").touch()
    return folder


def user_of(config: Mapping[str, Any]) -> str:
    """The user as the image names it."""
    return str(config["config"].get("User", ""))


def start_command(config: Mapping[str, Any], arguments: Sequence[str]) -> list[str]:
    """What `docker run <image> <arguments>` starts."""
    inner = config["config"]
    return [*(inner.get("Entrypoint") or ()), *(arguments or inner.get("Cmd") or ())]


def content_key(*paths: Path) -> str:
    """Identifies files by their content."""
    content = hashlib.sha256()
    for path in paths:
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:16]
