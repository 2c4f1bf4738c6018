"""The archive of a stage's checks depends on their code and plan alone, and runs alone."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from mlops.checks.plan import Plan, PlannedRelease
from mlops_constructs.checks.check_archive import write_checks
from mlops_constructs.site import Site


def test_the_archive_depends_on_nothing_but_its_content(
    site_of: Callable[..., Site], planned: PlannedRelease, tmp_path: Path
) -> None:
    made = [
        write_checks(site=site_of("prod"), releases=[planned], build_dir=tmp_path / name)
        for name in ("one", "two")
    ]

    assert made[0].name == made[1].name
    assert made[0].read_bytes() == made[1].read_bytes()


def test_the_archive_runs_alone_with_the_plan_of_the_stage(
    site_of: Callable[..., Site], planned: PlannedRelease, tmp_path: Path
) -> None:
    archive = write_checks(site=site_of("prod"), releases=[planned], build_dir=tmp_path)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "source")
    # What CodeBuild does, with a region in which nothing answers.
    code = (
        "import sys; sys.argv = ['x', 'plan.json', '--only', 'load']\n"
        "import runpy\n"
        "try:\n    runpy.run_module('mlops.checks', run_name='__main__')\n"
        "finally:\n"
        f"    assert sys.modules['mlops'].__file__.startswith({str(tmp_path / 'source')!r})\n"
        "    assert not {'aws_cdk', 'pydantic', 'click', 'mlops.contract'} & set(sys.modules)\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "source",
        capture_output=True,
        text=True,
        check=False,
    )

    # The stage asks for the smoke check alone, so nothing is asked, and that is no pass.
    assert finished.returncode == 1, finished.stderr
    assert finished.stdout == "checks after prod: nothing was checked\n"
    assert Plan.from_json((tmp_path / "source" / "plan.json").read_text()).releases == (planned,)
