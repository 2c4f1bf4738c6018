"""The acceptance kit against two implementations of AWS that we did not write.

Neither is AWS: what an emulator does not know stays open, and each such answer is listed here. What
is proved is that the kit's requests are understood, and that nothing of what it makes stays.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mlops.accept.assumptions import ASSUMPTIONS
from mlops.accept.deployed import Deployed, deployed
from mlops.accept.ground import PREFIX, Ground
from mlops.accept.ledger import Ledger
from mlops.accept.probe import Status
from mlops.accept.run import PATIENCE_SECONDS, Outcome, Run
from mlops.contract import load_platform
from tests.external.emulator.accounts import DEV, root_of
from tests.external.emulator.servers import Server

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def ground(root: Path, assembly: Path) -> Ground:
    platform = load_platform(root)
    (stage,) = (stage for stage in platform.stages.stages if stage.name == "dev")
    return Ground(names=platform.names, stage=stage, folder=assembly, stamp="20260101000000")


@pytest.fixture(scope="module", params=["moto", "ministack"])
def emulator(request: pytest.FixtureRequest) -> str:
    """moto for all services, or the other one for those that it knows and moto for SageMaker."""
    return str(request.param)


@pytest.fixture(scope="module")
def clients(
    emulator: str, sagemaker: Server, aws: Server, ground: Ground
) -> Iterator[Callable[[str], Callable[[str], Any]]]:
    def client(service: str) -> Any:
        everywhere = emulator == "moto" or service == "sagemaker"
        return (sagemaker if everywhere else aws).client(service, root_of(DEV))

    # The other tests' deployments make this bucket themselves.
    bucket = ground.names.artifact_bucket(ground.stage)
    known = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    if bucket not in known:
        region = {"LocationConstraint": ground.stage.region}
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    yield lambda _place: client
    if bucket not in known:
        client("s3").delete_bucket(Bucket=bucket)


@pytest.fixture(scope="module")
def outcomes(
    emulator: str, clients: Any, ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    ledger = Ledger(path=tmp_path_factory.mktemp("kit") / "ledger.json")
    clock = count(step=PATIENCE_SECONDS / 3).__next__
    run = Run(clients=clients, ledger=ledger, sleep=lambda _: None, clock=clock)
    # moto fails on a stack that is not there.
    nothing = Deployed(names={}, missing={})
    names = nothing if emulator == "moto" else deployed(ground, clients("stage"))
    probes = [names.applied_to(one.probe(ground)) for one in ASSUMPTIONS if one.probe is not None]
    return {one.probe.assumption: one for one in run.ask(probes)}


HELD = {"pipeline-definitions"}
UNLIKE_AWS = {
    "package-metadata": "SageMaker's emulator keeps no model card",
    "package-digest": "SageMaker's emulator compares no digests",
    "job-start": "it runs no job, so none writes anything",
}
KNOWN: dict[str, set[str]] = {"moto": set(), "ministack": {"event-patterns"}}
UNREMOVED = {"DeleteModelPackage", "DeleteModelPackageGroup"}
"""What SageMaker's emulator cannot delete, although it makes it."""


def test_what_an_emulator_knows_is_understood(outcomes: dict[str, Outcome], emulator: str) -> None:
    by_status = {
        status: {id_ for id_, one in outcomes.items() if one.verdict.status is status}
        for status in Status
    }

    assert by_status[Status.HELD] == HELD | KNOWN[emulator]
    assert by_status[Status.BROKEN] <= set(UNLIKE_AWS)


def test_nothing_stays_but_what_the_emulator_cannot_delete(
    outcomes: dict[str, Outcome], clients: Any, ground: Ground
) -> None:
    left = {line.split()[0] for one in outcomes.values() for line in one.left}
    client = clients("stage")
    bucket = ground.names.artifact_bucket(ground.stage)

    assert left == UNREMOVED
    pipelines = client("sagemaker").list_pipelines()["PipelineSummaries"]
    roles = client("iam").list_roles()["Roles"]
    objects = client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())
    names = [
        *(one["PipelineName"] for one in pipelines),
        *(one["RoleName"] for one in roles),
        *(one["Key"] for one in objects),
    ]
    assert [name for name in names if f"-{PREFIX}-" in name] == []
