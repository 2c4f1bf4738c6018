"""What a synthesis costs as models are added, beside the practical floor from Python.

The floor re-emits the very same templates through CfnInclude, one call a stack, in the same run on
the same machine: what remains is the price of loading CDK and of writing files. Processor seconds
count Python and node; wall time on a shared machine says little.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mlops.contract import load_platform
from mlops.pipeline import input_hashes

ROOT = Path(__file__).resolve().parent.parent
WAYS = Path(__file__).with_name("synth_ways.py")
MODELS = (1, 10, 50)
_TICK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one process and its children took."""

    cpu_seconds: float
    peak_megabytes: float
    phases: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One size of platform: ours, the same with validation, and the floor."""

    models: int
    stacks: int
    resources: int
    ours: Cost
    validated: Cost
    floor: Cost


def main() -> None:
    """Measure every size, then print the table, the growth and where the time goes."""
    print("measuring; about two minutes")
    rows = [measured(count) for count in MODELS]
    print_table(rows)
    print_growth(rows)
    print_phases(rows[-1])


def measured(count: int) -> Row:
    """Copy the real model `count` times, synthesize it in three ways, and count what came out."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        platform_of(count, home / "root")
        assembly = home / "ours"
        ours = cost_of("ours", home / "root", assembly)
        validated = cost_of("validated", home / "root", home / "validated")
        floor = cost_of("floor", assembly, home / "floor")
        templates = templates_of(assembly)
        resources = sum(len(template["Resources"]) for template in templates)
    return Row(
        models=count,
        stacks=len(templates),
        resources=resources,
        ours=ours,
        validated=validated,
        floor=floor,
    )


def platform_of(count: int, root: Path) -> None:
    """A repository with `count` models that differ by their name and are served in each stage."""
    for folder in ("config", "requirements"):
        shutil.copytree(ROOT / folder, root / folder)
    names = [f"bike-demand-{number}" for number in range(count)]
    pins = "".join(f"  {name}: {{dev: 1, staging: 1, prod: 1}}\n" for name in names)
    (root / "config" / "releases.yaml").write_text("releases: {}\n")
    for name in names:
        copy_model(root / "model_code" / name.replace("-", "_"), name)
    (root / "config" / "releases.yaml").write_text(f"releases:\n{pins}")


def copy_model(folder: Path, name: str) -> None:
    """The real model under another name, with its compiled pipeline marked as its own."""
    ignore = shutil.ignore_patterns("tests", "__pycache__", ".*")
    shutil.copytree(ROOT / "model_code" / "bike_demand", folder, ignore=ignore)
    contract = folder / "model.yaml"
    contract.write_text(contract.read_text().replace("name: bike-demand\n", f"name: {name}\n", 1))
    compiled = json.loads((folder / "pipeline.json").read_text())
    root = folder.parent.parent
    model = load_platform(root, model=name).model(name)
    compiled["inputs"] = input_hashes(root, model)
    (folder / "pipeline.json").write_text(json.dumps(compiled))


def cost_of(way: str, source: Path, target: Path) -> Cost:
    """Run one synthesis in a process of its own and watch it."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    environment = os.environ | {
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(target),
        "CDK_VALIDATION": "false",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }
    before = children_cpu()
    process = subprocess.Popen(
        [sys.executable, str(WAYS), way, str(source)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak: list[float] = [0.0]
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    output, errors = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(errors)
    return Cost(
        cpu_seconds=children_cpu() - before,
        peak_megabytes=peak[0],
        phases=json.loads(output.splitlines()[-1]),
    )


def children_cpu() -> float:
    """Processor seconds of every finished child, and of its children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(process: subprocess.Popen[str], peak: list[float]) -> None:
    """Keep the largest memory that the process and its descendants held at one moment."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(resident_megabytes, tree(process.pid))))
        time.sleep(_TICK_SECONDS)


def tree(pid: int) -> list[int]:
    """A process and its descendants; empty once it is gone."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(found for child in children for found in tree(int(child)))]


def resident_megabytes(pid: int) -> float:
    """Memory of one process; nothing once it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1e6


def templates_of(assembly: Path) -> list[dict[str, dict[str, object]]]:
    """Every template of an assembly."""
    return [json.loads(path.read_text()) for path in sorted(assembly.rglob("*.template.json"))]


def print_table(rows: list[Row]) -> None:
    """Sizes and costs, and the ratio to the floor."""
    print(f"\n{'models':>6}{'stacks':>8}{'resources':>11}{'cpu s':>8}{'validated':>11}", end="")
    print(f"{'floor':>8}{'ratio':>7}{'peak MB':>9}{'floor MB':>10}")
    for row in rows:
        ratio = row.ours.cpu_seconds / row.floor.cpu_seconds
        print(f"{row.models:>6}{row.stacks:>8}{row.resources:>11}", end="")
        print(f"{row.ours.cpu_seconds:>8.1f}{row.validated.cpu_seconds:>11.1f}", end="")
        print(f"{row.floor.cpu_seconds:>8.1f}{ratio:>7.2f}", end="")
        print(f"{row.ours.peak_megabytes:>9.0f}{row.floor.peak_megabytes:>10.0f}")


def print_growth(rows: list[Row]) -> None:
    """Processor milliseconds for each further stack: linear growth repeats the number."""
    print("\ngrowth, cpu ms per further stack (ours, floor):")
    for smaller, larger in pairwise(rows):
        stacks = larger.stacks - smaller.stacks
        ours = 1000 * (larger.ours.cpu_seconds - smaller.ours.cpu_seconds) / stacks
        floor = 1000 * (larger.floor.cpu_seconds - smaller.floor.cpu_seconds) / stacks
        print(f"  {smaller.models} to {larger.models} models: {ours:.0f}, {floor:.0f}")


def print_phases(row: Row) -> None:
    """Where the wall time of the largest platform goes."""
    total = sum(row.ours.phases.values())
    print(f"\nwhere the time goes with {row.models} models (wall {total:.1f} s):")
    for phase, seconds in row.ours.phases.items():
        print(f"  {phase:<10}{seconds:6.1f} s {100 * seconds / total:4.0f} %")


if __name__ == "__main__":
    main()
