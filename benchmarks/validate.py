"""Times the validation of this repository, and of as many copies of its model as a company has."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = "bike_demand"
COUNTS = (1, 50, 200)
LIMIT_SECONDS = 3.0


def main() -> None:
    """Print seconds and milliseconds per model, beside a start of Python with the same imports."""
    bare = _best("import mlops.cli.validate")
    print(f"{'models':>8}{'seconds':>10}{'x imports alone':>18}{'ms per further model':>22}")
    print(f"{'none':>8}{bare:>10.2f}{1:>18.1f}")
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            seconds = _validated(Path(folder), count)
        further = 1000 * (seconds - bare) / count
        print(f"{count:>8}{seconds:>10.2f}{seconds / bare:>18.1f}{further:>22.1f}")
    print(f"the limit for this repository is {LIMIT_SECONDS:g} seconds")


def _validated(root: Path, count: int) -> float:
    shutil.copytree(ROOT / "config", root / "config")
    for index in range(count):
        _copy(root / "model_code" / f"model_{index}", f"model-{index}")
    return _best(
        "import sys, pathlib; from mlops.contract import load_platform; "
        f"load_platform(pathlib.Path({str(root)!r}))"
    )


def _copy(folder: Path, name: str) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(ROOT / "model_code" / MODEL, folder, ignore=ignored)
    contract = folder / "model.yaml"
    text = re.sub("^name: .*$", f"name: {name}", contract.read_text("utf-8"), flags=re.MULTILINE)
    contract.write_text(text, "utf-8")


def _best(code: str) -> float:
    """The best of three whole processes, imports included."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
