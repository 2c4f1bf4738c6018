"""The drift job's definition is one that SageMaker takes, and isolates what reads people's data."""

import json

import pytest

from mlops.contract import Network
from mlops.pipeline.contract_check import contract_findings
from mlops.pipeline.drift_definition import DriftJob, drift_definition
from mlops.pipeline.reference_check import reference_findings

ACCOUNT = "eu-west-1:444444444444"
NETWORK = Network(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    security_group_ids=("sg-0123456789abcdef0",),
)


def definition(
    network: Network | None = None, *, labelled: bool = True, instance_type: str = "ml.m5.large"
) -> dict:
    return drift_definition(
        DriftJob(
            find_window_arn=f"arn:aws:lambda:{ACCOUNT}:function:find",
            publish_arn=f"arn:aws:lambda:{ACCOUNT}:function:publish",
            role_arn="arn:aws:iam::444444444444:role/job",
            image_uri="111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/bike-demand:0123",
            code_uri="s3://assets/0123.gz",
            key_arn=f"arn:aws:kms:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
            instance_type=instance_type,
            timeout_minutes=60,
            labelled=labelled,
            network=network,
        )
    )


@pytest.mark.parametrize("network", [None, NETWORK], ids=["no network", "network"])
def test_sagemaker_takes_it_and_everything_it_refers_to_exists(network: Network | None) -> None:
    made = definition(network)

    assert [*contract_findings(made), *reference_findings(made)] == []


def test_the_checks_would_notice_a_wrong_reference_and_a_wrong_type() -> None:
    made = json.loads(json.dumps(definition()).replace("'TruthUri'", "'Truth'"))
    made["Steps"][1]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = "long"

    assert reference_findings(made)
    assert contract_findings(made)


def test_the_job_reaches_no_network_and_its_traffic_and_disk_are_encrypted() -> None:
    arguments = definition(NETWORK)["Steps"][1]["Arguments"]

    assert arguments["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert arguments["NetworkConfig"]["EnableInterContainerTrafficEncryption"] is True
    assert arguments["NetworkConfig"]["VpcConfig"]["Subnets"] == list(NETWORK.subnet_ids)
    assert arguments["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    assert arguments["ProcessingOutputConfig"]["KmsKeyId"]


def test_disks_of_the_instance_are_left_to_its_hardware() -> None:
    made = definition(instance_type="ml.g5.xlarge")
    arguments = made["Steps"][1]["Arguments"]

    assert "VolumeKmsKeyId" not in arguments["ProcessingResources"]["ClusterConfig"]
    assert arguments["ProcessingOutputConfig"]["KmsKeyId"]
    assert [*contract_findings(made), *reference_findings(made)] == []


def test_drift_does_not_fail_the_job_so_that_it_is_published() -> None:
    monitor, publish = definition()["Steps"][1:]

    assert "--report-only" in monitor["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert publish["DependsOn"] == ["Monitor"]


def test_a_job_without_labels_is_given_none() -> None:
    with_labels, without = (
        definition(labelled=labelled)["Steps"][1]["Arguments"]["AppSpecification"]
        for labelled in (True, False)
    )

    assert "--truth" in with_labels["ContainerArguments"]
    assert "--truth" not in without["ContainerArguments"]
