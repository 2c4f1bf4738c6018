"""What the release automation may do in a stage: read how its last releases went."""

from constructs import Construct

from mlops_constructs.cross_account_role import cross_account_role
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site


class ReleaseRecords(Construct):
    """A role that the release automation assumes; it reads these parameters and nothing else."""

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        names = site.names
        records = names.release_record(site.stage, "*").removeprefix("/")
        read = Permission(
            sid="ReadReleaseRecords",
            # The history holds the records of earlier deployments, and the newest one.
            actions=["ssm:GetParameterHistory"],
            resources=[site.arn("ssm", f"parameter/{records}")],
            because="one record for each model, which this stack does not know; the stage is exact",
        )
        self.role = cross_account_role(
            self,
            "Role",
            names=site.names,
            arn=names.release_records_role(site.stage),
            trusted=names.release_automation_role,
            permissions=[read],
        )
