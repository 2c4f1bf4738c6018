"""Whether what a stage serves keeps its promises, asked from inside of the stage."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.checks.plan import PlannedRelease
from mlops_constructs.checks.check_archive import write_checks
from mlops_constructs.checks.check_callers import CheckCallers
from mlops_constructs.checks.check_runner import CheckRunner
from mlops_constructs.checks.check_starter import CheckStarter
from mlops_constructs.site import Site


class ChecksStack(Stack):
    """The runner, the applications that it stands for, and who starts it.

    It spans all models that are released in the stage: a synthesis of one model must never remove
    another's checks.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        releases: Sequence[PlannedRelease],
        build_dir: Path,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{site.prefix}-checks",
            description=f"Checks of what {site.prefix} serves",
        )
        archive = write_checks(site=site, releases=releases, build_dir=build_dir)
        runner = CheckRunner(self, "Runner", site=site, releases=releases, archive=archive, key=key)
        CheckCallers(self, "Callers", site=site, releases=releases, runner=runner.role)
        if site.names.stages.delivery.source is not None:
            CheckStarter(self, "Starter", site=site)
