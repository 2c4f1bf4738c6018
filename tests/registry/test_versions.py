import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from mlops.registry import (
    RegistryError,
    SageMakerClient,
    approve,
    list_versions,
    local_client,
    reject,
    show,
)
from mlops.registry.table import lineage_table, versions_table

GROUP = "mlops-bike-demand"
EVALUATION = {"metrics": {"r2": {"value": 0.94, "low": 0.93, "high": 0.95}, "mae": {"value": 20}}}


@pytest.fixture
def client(tmp_path: Path) -> SageMakerClient:
    client = local_client(tmp_path)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    for number in (1, 2):
        client.create_model_package(**registration(number))
    return client


def registration(number: int) -> dict[str, object]:
    statistics = {"ContentType": "application/json", "S3Uri": "s3://b/evaluation.json"}
    return {
        "ModelPackageGroupName": GROUP,
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "CustomerMetadataProperties": {"commit": f"commit-{number}", "owner": "team"},
        "InferenceSpecification": {
            "Containers": [{"Image": "image:tag", "ModelDataUrl": f"s3://b/{number}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    }


def printed(renderable: object) -> str:
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(renderable)
    return console.export_text()


def test_versions_are_listed_newest_first(client: SageMakerClient) -> None:
    assert [version.number for version in list_versions(client, GROUP)] == [2, 1]


def test_more_versions_than_a_page_holds_are_all_listed(client: SageMakerClient) -> None:
    for number in range(3, 106):
        client.create_model_package(**registration(number))

    assert len(list_versions(client, GROUP)) == 105


def test_approval_and_rejection_keep_their_reason(client: SageMakerClient) -> None:
    approved = approve(client, GROUP, 1, reason=" good ")
    rejected = reject(client, GROUP, 2, reason="worse on weekends")

    assert (approved.status, rejected.status) == ("Approved", "Rejected")
    assert show(client, GROUP, 1).reason == "good"
    assert [found.number for found in list_versions(client, GROUP, status="Approved")] == [1]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1025])
def test_a_decision_needs_a_reason_that_fits(client: SageMakerClient, reason: str) -> None:
    with pytest.raises(RegistryError, match=r"reason: .* allowed: 1 to 1024; remedy"):
        approve(client, GROUP, 1, reason=reason)


def test_a_missing_version_is_named(client: SageMakerClient) -> None:
    with pytest.raises(RegistryError, match=f"version 9 of {GROUP}: .*does not exist"):
        approve(client, GROUP, 9, reason="x")
    with pytest.raises(RegistryError, match="does not exist"):
        list_versions(client, "nothing")


def test_the_lineage_names_commit_model_and_metrics(client: SageMakerClient) -> None:
    lineage = show(client, GROUP, 2, read=lambda _: json.dumps(EVALUATION))

    assert lineage.commit == "commit-2"
    assert lineage.data_version == "unrecorded"
    assert lineage.model_data_url == "s3://b/2/model.tar.gz"
    assert [(m.name, m.value, m.low) for m in lineage.metrics] == [
        ("r2", 0.94, 0.93),
        ("mae", 20, None),
    ]
    assert lineage.metadata == {"owner": "team"}


CARD = {
    "training_details": {
        "training_job_details": {"hyper_parameters": [{"name": "max_depth", "value": "6"}]}
    }
}


def test_the_lineage_names_hyperparameters_card_life_cycle_and_who_decided(
    client: SageMakerClient,
) -> None:
    card = {"ModelCardContent": json.dumps(CARD), "ModelCardStatus": "Draft"}
    cycle = {"Stage": "Staging", "StageStatus": "Deployed"}
    client.create_model_package(**registration(3), ModelCard=card, ModelLifeCycle=cycle)
    approve(client, GROUP, 3, reason="good")

    lineage = show(client, GROUP, 3)
    shown = printed(lineage_table(lineage))

    assert lineage.hyperparameters == {"max_depth": "6"}
    assert (lineage.card, lineage.stage) == ("Draft", "Staging: Deployed")
    assert lineage.decided_by == "local"
    for said in ("hyper-parameter max_depth", "Staging: Deployed", "decided by"):
        assert said in shown


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"training_details": 1}'])
def test_a_card_of_another_form_leaves_the_lineage_without_hyperparameters(
    client: SageMakerClient, content: str
) -> None:
    card = {"ModelCardContent": content, "ModelCardStatus": "Approved"}
    client.create_model_package(**registration(3), ModelCard=card)

    lineage = show(client, GROUP, 3)

    assert (dict(lineage.hyperparameters), lineage.card) == ({}, "Approved")
    assert show(client, GROUP, 1).card == show(client, GROUP, 1).decided_by == "unrecorded"


def test_who_decided_is_the_role_that_aws_names(client: SageMakerClient) -> None:
    from mlops.registry.lineage import _who

    arn = "arn:aws:sts::111111111111:assumed-role/Approver/ada"

    assert _who({"IamIdentity": {"Arn": arn}, "UserProfileName": "ada"}) == arn


def test_a_lineage_without_a_readable_report_has_no_metrics(client: SageMakerClient) -> None:
    def gone(_: str) -> str:
        raise FileNotFoundError

    assert show(client, GROUP, 1, read=gone).metrics == ()
    assert show(client, GROUP, 1, read=lambda _: "no json").metrics == ()


def test_the_tables_show_what_people_decide_on(client: SageMakerClient) -> None:
    listed = printed(versions_table(list_versions(client, GROUP)))
    shown = printed(lineage_table(show(client, GROUP, 1, read=lambda _: json.dumps(EVALUATION))))

    assert "PendingManualApproval" in listed
    assert "commit-1" in shown
    assert "0.93 to 0.95" in shown
    assert "no version" in printed(versions_table([]))
