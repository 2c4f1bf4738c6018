"""What this machine refuses, in a sentence: a full disk, a read-only checkout, broken state.

Anything else that the operating system says is a defect of ours, and keeps its traceback.
"""

import errno
import os
import sys
from typing import Final

_FREE: Final = "free some space, for example old folders of `.mlops/executions`"
_PERMIT: Final = "give yourself permission, or work in a checkout of your own"
_REMEDIES: Final = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EFBIG: "raise the limit on the size of a file, `ulimit -f`",
    errno.EROFS: "work in a checkout that can be written",
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EMFILE: "raise the limit on open files, `ulimit -n`",
    errno.ENFILE: "close programs that hold many files open",
    errno.ENOMEM: "close programs, or use a machine with more memory",
    errno.EIO: "look at the disk; then run it again",
    errno.ESTALE: "mount the file system again",
}
_LOCAL_STATE: Final = ("/.mlops/", "/cdk.out/")


def explained(error: OSError) -> str | None:
    """The sentence for an error that a person can fix; None for any other."""
    place = f"{error.filename}: " if error.filename else ""
    said = (error.strerror or str(error)).lower()
    if error.errno in _REMEDIES:
        return f"{place}{said}; remedy: {_REMEDIES[error.errno]}"
    if any(part in str(error.filename) for part in _LOCAL_STATE):
        return f"{place}{said}; remedy: remove what is broken there, and run it again"
    return None


def remedy_in(output: str) -> str | None:
    """The remedy for what the operating system told a program that we started; None for others."""
    return next(
        (
            remedy
            for number, remedy in _REMEDIES.items()
            if os.strerror(number).lower() in output.lower()
        ),
        None,
    )


def accept_every_character() -> None:
    """Let output in an encoding that lacks a character show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and stream.errors == "strict":
            reconfigure(errors="replace")
