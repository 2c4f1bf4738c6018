"""Becomes a container's first process; started by `unshare` in namespaces of its own.

Standard library alone, no import of ours: `python enter.py <specification.json>`. The mounts are
those that a container of docker has: the image below a layer of its own, /proc, /dev, and what the
specification binds. Nothing of the environment that started it is left.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PIVOT_ROOT = 155  # of x86_64
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def main() -> None:
    """Build the container's file system, move into it, become its program."""
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    if given["cgroup"]:
        Path(given["cgroup"], "cgroup.procs").write_text("0")
    bring_up_loopback()
    socket.sethostname(given["hostname"])
    root = mounted_root(given)
    pivot(root)
    start(given)


def mounted_root(given: dict[str, Any]) -> Path:
    """The container's root: the image, a layer for what the container writes, and the mounts."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    work = Path(given["folder"])
    for name in ("upper", "work", "root"):
        (work / name).mkdir(parents=True, exist_ok=True)
    root = work / "root"
    layers = f"lowerdir={given['image']},upperdir={work / 'upper'},workdir={work / 'work'}"
    mount("overlay", root, "overlay", 0, layers)
    for place in ("proc", "dev", "sys"):
        (root / place).mkdir(exist_ok=True)
    mount("proc", root / "proc", "proc", MS_NOSUID)
    mount("tmpfs", root / "dev", "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        (root / "dev" / name).touch()
        mount(f"/dev/{name}", root / "dev" / name, "", MS_BIND)
    (root / "dev" / "shm").mkdir()
    mount("tmpfs", root / "dev" / "shm", "tmpfs", MS_NOSUID, "mode=1777")
    (root / "dev" / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    for bind in given["binds"]:
        bound(root, bind)
    return root


def bound(root: Path, bind: dict[str, Any]) -> None:
    """One folder of this machine inside the container; what is read-only is so for root, too."""
    target = root / bind["target"].lstrip("/")
    target.mkdir(parents=True, exist_ok=True)
    mount(bind["source"], target, "", MS_BIND)
    if bind["read_only"]:
        mount("none", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def pivot(root: Path) -> None:
    """Leave this machine's file system behind."""
    os.chdir(root)
    checked(LIBC.syscall(PIVOT_ROOT, b".", b"."), "pivot_root")
    checked(LIBC.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def start(given: dict[str, Any]) -> None:
    """Become the program, as the image's user."""
    user, group = identity(given["user"])
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    os.chdir(given["working_directory"] or "/")
    environment: dict[str, str] = given["environment"]
    program, *_ = command = given["command"]
    path = environment.get("PATH", "/usr/bin:/bin").split(":")
    places = [program] if "/" in program else [f"{folder}/{program}" for folder in path]
    for place in places:
        if os.access(place, os.X_OK):
            os.execve(place, command, environment)
    sys.exit(f"{program}: not found in the image")


def identity(user: str) -> tuple[int, int]:
    """Numbers of a user as a Dockerfile names it."""
    name, _, group = user.partition(":")
    if not name:
        return 0, 0
    lines = [line.split(":") for line in Path("/etc/passwd").read_text("utf-8").splitlines()]
    known = {line[0]: (int(line[2]), int(line[3])) for line in lines}
    found = known.get(name) or (int(name), 0)
    return found[0], int(group) if group.isdecimal() else found[1]


def bring_up_loopback() -> None:
    """A new network has nothing but a loopback, and that is down."""
    with socket.socket() as control:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def mount(source: object, target: object, kind: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    texts = [str(text).encode() for text in (source, target, kind, data)]
    failed = LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    checked(failed, f"mount {source} at {target}")


def checked(failed: int, what: str) -> None:
    """Raise what a call of the C library left in errno."""
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
