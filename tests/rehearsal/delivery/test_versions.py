from pathlib import Path

from mlops.registry import local_client
from mlops.rehearsal.delivery.versions import registered_again

GROUP = "mlops-bike-demand"
BASELINE = {
    "ModelDataQuality": {
        kind: {"ContentType": "application/json", "S3Uri": f"s3://bucket/{kind.lower()}.json"}
        for kind in ("Statistics", "Constraints")
    }
}


def test_a_version_keeps_its_evidence_and_its_drift_baseline_and_waits_again(
    tmp_path: Path,
) -> None:
    client = local_client(tmp_path)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    answer = client.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        ModelMetrics=BASELINE,
        DriftCheckBaselines=BASELINE,
        CustomerMetadataProperties={"training_end": "2012-01-01", "trigger": "drift"},
    )
    package = client.describe_model_package(ModelPackageName=answer["ModelPackageArn"])

    number = registered_again(client, package)

    arn = answer["ModelPackageArn"].rpartition("/")[0] + f"/{number}"
    again = client.describe_model_package(ModelPackageName=arn)
    assert (number, again["ModelApprovalStatus"]) == (2, "PendingManualApproval")
    for key in ("ModelMetrics", "DriftCheckBaselines", "CustomerMetadataProperties"):
        assert again[key] == package[key]
