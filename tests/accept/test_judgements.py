"""What each probe makes of AWS's answers: the assumption held, was broken, or stays open."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from mlops.accept.assumptions import assumption
from mlops.accept.ground import Ground
from mlops.accept.ledger import Ledger
from mlops.accept.probe import Probe, Status, Verdict
from mlops.accept.probes.events import wanted
from mlops.accept.run import Run
from mlops.rehearsal.delivery.patterns import matches

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
HERE = "arn:aws:sagemaker:eu-west-1:222222222222"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
Ask = Callable[..., Verdict]


@pytest.fixture
def ask(account: Any, ground_of: Callable[[str], Ground], tmp_path: Path) -> Ask:
    """Runs one probe of a stage against the account."""

    def asked(id_: str, stage: str = "dev") -> Verdict:
        builder = assumption(id_).probe
        assert builder is not None
        probe: Probe = builder(ground_of(stage))
        run = Run(
            clients=account.clients, ledger=Ledger(path=tmp_path / "ledger"),
            sleep=lambda _: None, clock=count().__next__,
        )  # fmt: skip
        (outcome,) = run.ask([probe])
        return outcome.verdict

    return asked


def test_policies_that_access_analyzer_understands_hold(ask: Ask, account: Any) -> None:
    account.offer("ValidatePolicy", {"findings": []})

    assert ask("condition-keys").status is Status.HELD


@pytest.mark.parametrize(
    ("kind", "status"), [("ERROR", Status.BROKEN), ("SUGGESTION", Status.HELD)]
)
def test_an_unknown_condition_key_is_named(
    kind: str, status: Status, ask: Ask, account: Any
) -> None:
    finding = {
        "findingDetails": "The condition key sagemaker:Colour does not exist",
        "findingType": kind,
        "issueCode": "INVALID_CONDITION_KEY",
        "learnMoreLink": "https://docs.aws.amazon.com",
        "locations": [],
    }
    account.offer("ValidatePolicy", {"findings": [finding]})

    verdict = ask("condition-keys")

    assert verdict.status is status
    assert ("sagemaker:Colour" in verdict.detail) is (status is Status.BROKEN)


def test_patterns_are_judged_by_the_service(ask: Ask, account: Any) -> None:
    account.operations["TestEventPattern"] = lambda asked: {
        "Result": matches(json.loads(asked["EventPattern"]), json.loads(asked["Event"]))
    }

    assert ask("event-patterns").status is Status.HELD

    account.offer("TestEventPattern", {"Result": False})

    assert ask("event-patterns").status is Status.BROKEN

    account.refuse("TestEventPattern", "InvalidEventPatternException", "no such operator")

    assert ask("event-patterns").status is Status.BROKEN


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3"], "detail": {"bucket": {"name": ["a", "b"]}}},
        {"detail": {"key": [{"prefix": "x/"}], "gone": [{"exists": False}]}},
        {"resources": [{"suffix": "/1"}], "detail": {"state": [{"anything-but": ["OK"]}]}},
        {"$or": [{"source": ["a"]}, {"source": ["b"]}]},
        {"detail": {"name": [{"equals-ignore-case": "A"}], "there": [{"exists": True}]}},
    ],
    ids=str,
)
def test_the_event_made_for_a_pattern_is_one_that_it_takes(pattern: Mapping[str, Any]) -> None:
    assert matches(pattern, wanted(pattern))


def definitions_accepted(account: Any) -> None:
    role = {
        "Path": "/", "RoleName": "mlops-accept-role", "RoleId": "AROA0123456789ABCDEF",
        "Arn": "arn:aws:iam::222222222222:role/mlops-accept-role", "CreateDate": MOMENT,
    }  # fmt: skip
    account.offer("CreateRole", {"Role": role})
    account.offer("DeleteRole", {})
    account.offer("CreatePipeline", {"PipelineArn": f"{HERE}:pipeline/mlops-accept-definition-1"})
    account.offer("DeletePipeline", {"PipelineArn": f"{HERE}:pipeline/mlops-accept-definition-1"})


def test_definitions_that_are_taken_hold_and_are_gone_again(ask: Ask, account: Any) -> None:
    definitions_accepted(account)

    assert ask("pipeline-definitions").status is Status.HELD
    made = [request["PipelineName"] for request in account.asked("CreatePipeline")]
    removed = [request["PipelineName"] for request in account.asked("DeletePipeline")]
    assert removed == made[::-1]
    assert len(account.asked("DeleteRole")) == 1


def test_a_definition_that_is_refused_is_named_with_the_services_words(
    ask: Ask, account: Any
) -> None:
    definitions_accepted(account)
    account.refuse("CreatePipeline", "ValidationException", "Unable to parse: Expression")

    verdict = ask("pipeline-definitions")

    assert verdict.status is Status.BROKEN
    assert verdict.detail.startswith("mlops-bike-demand-training: ValidationException: Unable to")


@pytest.fixture
def registry(account: Any) -> Any:
    """A registry that keeps what it gets."""
    kept: dict[str, Any] = {}
    group = "arn:aws:sagemaker:eu-west-1:222222222222:model-package-group/kit"

    def create(asked: Mapping[str, Any]) -> dict[str, Any]:
        kept.update(asked)
        return {"ModelPackageArn": f"{HERE}:model-package/kit/1"}

    def describe(_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **{key: value for key, value in kept.items() if key not in ("ClientToken", "Tags")},
            "ModelPackageName": "kit",
            "ModelPackageArn": f"{HERE}:model-package/kit/1",
            "CreationTime": MOMENT,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        }

    account.offer("PutObject", {"VersionId": "v1"})
    account.offer("DeleteObject", {})
    account.offer("CreateModelPackageGroup", {"ModelPackageGroupArn": group})
    account.offer("DeleteModelPackageGroup", {})
    account.offer("DeleteModelPackage", {})
    account.operations |= {"CreateModelPackage": create, "DescribeModelPackage": describe}
    account.kept = kept
    return account


def test_a_version_that_comes_back_as_it_was_sent_holds(ask: Ask, registry: Any) -> None:
    assert ask("package-metadata").status is Status.HELD
    assert registry.asked("DeleteModelPackage") == [
        {"ModelPackageName": f"{HERE}:model-package/kit/1"}
    ]
    assert registry.asked("DeleteObject")[0]["VersionId"] == "v1"


def test_a_version_that_loses_its_metadata_is_broken(ask: Ask, registry: Any) -> None:
    describe = registry.operations["DescribeModelPackage"]
    registry.operations["DescribeModelPackage"] = lambda asked: {
        key: value for key, value in describe(asked).items() if key != "CustomerMetadataProperties"
    }

    verdict = ask("package-metadata")

    assert verdict.status is Status.BROKEN
    assert "CustomerMetadataProperties" in verdict.detail


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Value at 'customerMetadataProperties' failed to satisfy constraint", Status.BROKEN),
        ("The image acme:1 does not exist", Status.OPEN),
    ],
)
def test_a_refused_version_is_broken_but_for_an_image_that_was_not_pushed(
    message: str, status: Status, ask: Ask, registry: Any
) -> None:
    registry.refuse("CreateModelPackage", "ValidationException", message)

    assert ask("package-metadata").status is status


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("ImageDigest does not match", Status.HELD),
        ("Could not access model data", Status.OPEN),
        (None, Status.BROKEN),
    ],
)
def test_whether_digests_are_enforced_is_what_the_service_says(
    message: str | None, status: Status, ask: Ask, registry: Any
) -> None:
    if message:
        registry.refuse("CreateModelPackage", "ValidationException", message)

    assert ask("package-digest").status is status


@pytest.mark.parametrize(
    ("images", "status"),
    [
        ([{"imageManifest": "{}", "imageManifestMediaType": DOCKER}], Status.HELD),
        ([{"imageManifest": json.dumps({"mediaType": INDEX})}], Status.BROKEN),
        ([], Status.OPEN),
    ],
)
def test_an_image_needs_a_docker_manifest(
    images: list[dict[str, str]], status: Status, ask: Ask, account: Any
) -> None:
    account.offer("BatchGetImage", {"images": images, "failures": []})

    assert ask("image-manifests", "prod").status is status


@pytest.mark.parametrize(
    ("state", "status"), [("AVAILABLE", Status.HELD), ("PENDING", Status.BROKEN)]
)
def test_a_connection_must_be_authorised(
    state: str, status: Status, ask: Ask, account: Any
) -> None:
    account.offer("GetConnection", {"Connection": {"ConnectionStatus": state}})

    assert ask("connection").status is status


def metrics_of(*sets: tuple[str, ...]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda asked: {
        "Metrics": [
            {
                "Namespace": asked["Namespace"],
                "MetricName": asked["MetricName"],
                "Dimensions": [{"Name": name, "Value": "x"} for name in names],
            }
            for names in sets
        ]
    }


EVERY = (
    ("EndpointName",),
    ("EndpointName", "VariantName"),
    ("EndpointName", "VariantName", "EndpointConfigName"),
    ("EndpointName", "ModelVersion"),
    ("Check", "EndpointName"),
)


def test_metrics_under_the_alarms_dimensions_hold(ask: Ask, account: Any) -> None:
    account.operations["ListMetrics"] = metrics_of(*EVERY)

    assert ask("metric-dimensions").status is Status.HELD


def test_a_dimension_that_nobody_publishes_is_named(ask: Ask, account: Any) -> None:
    account.operations["ListMetrics"] = metrics_of(*EVERY[:2], *EVERY[3:])

    verdict = ask("metric-dimensions")

    assert verdict.status is Status.BROKEN
    assert "alarms ask by EndpointConfigName, EndpointName, VariantName" in verdict.detail


def test_metrics_that_were_never_published_decide_nothing(ask: Ask, account: Any) -> None:
    account.offer("ListMetrics", {"Metrics": []})

    assert ask("metric-dimensions").status is Status.OPEN


@pytest.mark.parametrize(
    ("failures", "runs", "status"),
    [
        ([], [{"message": "ran"}], Status.HELD),
        ([{"message": "Runtime.ImportModuleError: x"}], [{"message": "x"}], Status.BROKEN),
        ([], [], Status.OPEN),
    ],
)
def test_functions_must_have_been_imported(
    failures: list[Any], runs: list[Any], status: Status, ask: Ask, account: Any
) -> None:
    account.operations["FilterLogEvents"] = lambda asked: {
        "events": failures if "filterPattern" in asked else runs
    }

    assert ask("function-imports").status is status


def endpoint(instances: int, share: int) -> dict[str, Any]:
    return {
        "EndpointName": "e",
        "EndpointArn": f"{HERE}:endpoint/e",
        "EndpointStatus": "InService",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": instances}],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": share,
            "DestinationS3Uri": "s3://b/c",
            "KmsKeyId": "k",
        },
    }


@pytest.mark.parametrize(("instances", "status"), [(2, Status.HELD), (3, Status.BROKEN)])
def test_a_fixed_fleet_has_its_configs_size(
    instances: int, status: Status, ask: Ask, account: Any
) -> None:
    account.offer("DescribeEndpoint", endpoint(instances, 100))

    assert ask("fixed-fleet-size").status is status


@pytest.mark.parametrize(("share", "status"), [(100, Status.HELD), (10, Status.BROKEN)])
def test_capture_is_what_the_config_asks_for(
    share: int, status: Status, ask: Ask, account: Any
) -> None:
    account.offer("DescribeEndpoint", endpoint(2, share))

    assert ask("capture-after-update").status is status


@pytest.mark.parametrize(
    ("refused", "failed", "status"),
    [(1, 1, Status.HELD), (1, 0, Status.BROKEN), (0, 0, Status.OPEN)],
)
def test_what_counts_a_callers_mistake_is_what_the_metrics_say(
    refused: int, failed: int, status: Status, ask: Ask, account: Any
) -> None:
    values = {"invocation4XXErrors": [refused], "invocationModelErrors": [failed]}
    account.refuse("InvokeEndpoint", "ModelError", "Received client error (400) from primary")
    account.operations["GetMetricData"] = lambda asked: {
        "MetricDataResults": [
            {"Id": one["Id"], "Values": values[one["Id"]]} for one in asked["MetricDataQueries"]
        ]
    }

    assert ask("caller-errors").status is status


@pytest.mark.parametrize(("files", "status"), [(1, Status.HELD), (0, Status.OPEN)])
def test_captures_are_looked_for_where_the_drift_job_reads(
    files: int, status: Status, ask: Ask, account: Any, ground_of: Callable[[str], Ground]
) -> None:
    account.offer("ListObjectsV2", {"Contents": [{"Key": "x", "Size": 1}] * files})

    assert ask("captures-arrive").status is status
    ground = ground_of("dev")
    read = ground.names.captures(ground.stage, "bike-demand", "AllTraffic")
    asked = account.asked("ListObjectsV2")[0]
    assert (asked["Bucket"], asked["Prefix"]) == (
        ground.names.capture_bucket(ground.stage),
        f"{read}/",
    )


@pytest.mark.parametrize(
    ("states", "message", "status"),
    [
        (["InProgress", "Completed"], "", Status.HELD),
        (["InProgress", "Failed"], "Permission denied", Status.BROKEN),
        (["Stopped"], "", Status.OPEN),
    ],
)
def test_a_job_must_end_well(
    states: list[str], message: str, status: Status, ask: Ask, account: Any
) -> None:
    left = list(states)
    arn = f"{HERE}:processing-job/mlops-accept-job"

    def describe(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ProcessingJobName": asked["ProcessingJobName"],
            "ProcessingJobArn": arn,
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 20,
                }
            },
            "AppSpecification": {"ImageUri": "i"},
            "ProcessingJobStatus": left.pop(0) if len(left) > 1 else left[0],
            "CreationTime": MOMENT,
            "ExitMessage": message,
        }  # fmt: skip

    account.operations["DescribeProcessingJob"] = describe
    account.offer("CreateProcessingJob", {"ProcessingJobArn": arn})
    account.refuse("StopProcessingJob", "ValidationException", "it is in status Completed")
    account.operations["GetObject"] = lambda _: {"Body": StreamingBody(io.BytesIO(b"0"), 1)}
    account.offer("DeleteObject", {})

    verdict = ask("job-start")

    assert verdict.status is status
    assert message in verdict.detail
