"""What the proof of an archive costs at a container's start, beside coreutils' sha256sum.

The same files, just written and so in the page cache, are hashed by both in turn; each shows its
best of a few rounds. A ratio of two programs of one run says more than seconds of one machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 2**20
FILES = 5
"""Few and large, as models are; the code beside them is small."""


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "code").mkdir()
        (folder / "code" / "serve.py").write_text("")
        for number in range(FILES):
            path = folder / f"part-{number}.onnx"
            path.write_bytes(os.urandom(given.mebibytes * MEBIBYTE // FILES))
        ours, theirs, empty = best(given.rounds, folder)
    rate = given.mebibytes / ours
    print(f"archive of {given.mebibytes} MiB in {FILES} files, best of {given.rounds} rounds")
    print(f"proof, from the start of the interpreter   {ours:6.2f} s  {rate:6.0f} MiB/s")
    print(f"sha256sum of the same files                {theirs:6.2f} s")
    print(f"proof of an archive without a byte         {empty:6.2f} s")
    print(f"ratio of the proof to sha256sum            {ours / theirs:6.2f}")


def best(rounds: int, folder: Path) -> tuple[float, float, float]:
    """The quickest round of each, taken in turn."""
    with tempfile.TemporaryDirectory() as bare:
        (Path(bare) / "code").mkdir()
        (Path(bare) / "code" / "serve.py").write_text("")
        found = [
            (
                seconds(lambda: proof(folder)),
                seconds(lambda: sha256sum(folder)),
                seconds(lambda: proof(Path(bare))),
            )
            for _ in range(rounds)
        ]
    ours, theirs, empty = (min(column) for column in zip(*found, strict=True))
    return ours, theirs, empty


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def proof(folder: Path) -> None:
    """The image's command over an archive that it refuses, so that no server starts."""
    module = ROOT / "mlops/rollout/content.py"
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(module), "--model-dir", str(folder)],
        env={"MODEL_CONTENT": "0" * 64}, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 3, "the proof must have read the archive and refused it"  # noqa: PLR2004


def sha256sum(folder: Path) -> None:
    """The same files by the tool that defines the hash."""
    files = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    subprocess.run(["sha256sum", "--", *files], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
