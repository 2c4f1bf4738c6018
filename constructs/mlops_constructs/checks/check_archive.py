"""The checks of a stage as one archive: their code, and the plan of what they expect."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import mlops
from mlops import sheet
from mlops.checks.plan import Plan, PlannedRelease
from mlops_constructs.handler_archive import JUDGEMENT, packed, sources, write_once
from mlops_constructs.site import Site

PLAN: Final = "plan.json"
"""Name of the plan at the root of the archive."""


def write_checks(*, site: Site, releases: Sequence[PlannedRelease], build_dir: Path) -> Path:
    """Pack the checks of everything that a stage is asked to serve."""
    plan = Plan(
        stage=site.stage.name,
        account=site.stage.account,
        region=site.stage.region,
        checks=tuple(site.stage.checks),
        releases=tuple(releases),
    )
    files = {
        PLAN: plan.to_json().encode(),
        # The frame of every report's page, which needs nothing but the standard library.
        "mlops/sheet.py": Path(sheet.__file__).read_bytes(),
        **sources((mlops, (*JUDGEMENT, "checks"))),
    }
    return write_once(packed(files), build_dir, "checks-{}.zip")
