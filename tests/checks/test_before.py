"""Before a stage is touched: every reason to stop, and the way back that nothing may block."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops.checks.before import PRECHECKS, before
from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Deployment, Image, Move, Proof, move_of
from mlops.checks.execution_role import ExecutionRole
from mlops.checks.result import Result
from mlops.rollout.record import ReleaseRecord

PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
URI = "100000000000.dkr.ecr.eu-west-1.amazonaws.com/acme/churn:t1"
ENDPOINT = "acme-prod-churn"
PREFIX = f"{ENDPOINT}-rollback-"
PROOF = "/acme/test/churn/release-record"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
CANDIDATE = Candidate(
    model="churn",
    version=3,
    package=f"{PACKAGES}/3",
    endpoint=ENDPOINT,
    instance_type="ml.m5.large",
    min_instances=2,
    alarms=PREFIX,
    proof=Proof(
        parameter=PROOF,
        stage="test",
        endpoint="acme-test-churn",
        alarms="acme-test-churn-rollback-",
    ),
)
RECORD = ReleaseRecord(
    stage="test",
    model="churn",
    endpoint="acme-test-churn",
    release="aaaabbbbcccc",
    package=f"{PACKAGES}/3",
    version=3,
    deployment="config-1",
    outcome="healthy",
    cause=None,
    reasons=(),
    red_alarms=(),
    canary_invocations=500,
    live_version=3,
    time="2026-01-01T00:00:00+00:00",
)


class Account:
    """Everything that a pre-check reads, as it is on a good day: version 2 runs, 3 is to come."""

    def __init__(self, aws: Any, described: Any) -> None:
        self.aws, self.described = aws, described
        self.bootstrap = "30"
        self.quotas = {"ml.m5.large for endpoint usage": 8.0}
        self.defaults: dict[str, float] = {}
        self.others: dict[str, int] = {}
        self.red: list[str] = []
        self.images = {"t1"}
        self.approval = "Approved"
        self.uri = URI
        self.record: str | None = RECORD.to_json()
        described.package = f"{PACKAGES}/2"
        aws.offer(
            self.get_parameter,
            self.list_service_quotas,
            self.list_endpoints,
            self.describe_alarms,
            self.describe_images,
            self.describe_model_package,
            self.list_attached_role_policies,
        )
        aws.operations["ListAWSDefaultServiceQuotas"] = self.list_defaults

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803  # the API's name
        values = {"/cdk-bootstrap/hnb659fds/version": self.bootstrap, PROOF: self.record}
        if values.get(Name) is None:
            raise self.aws.refused("ParameterNotFound")
        return {"Parameter": {"Name": Name, "Value": values[Name]}}

    def list_attached_role_policies(self, **_: Any) -> dict[str, Any]:
        return {"AttachedPolicies": []}

    def list_service_quotas(self, **_: Any) -> dict[str, Any]:
        return {"Quotas": [{"QuotaName": n, "Value": v} for n, v in self.quotas.items()]}

    def list_defaults(self, **_: Any) -> dict[str, Any]:
        return {"Quotas": [{"QuotaName": n, "Value": v} for n, v in self.defaults.items()]}

    def list_endpoints(self, **_: Any) -> dict[str, Any]:
        summary = {
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:400000000000:endpoint/e",
            "CreationTime": MOMENT,
            "LastModifiedTime": MOMENT,
            "EndpointStatus": "InService",
        }
        names = [ENDPOINT, *self.others]
        return {"Endpoints": [summary | {"EndpointName": name} for name in names]}

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        assert asked["AlarmNamePrefix"] == PREFIX
        assert asked["StateValue"] == "ALARM"
        return {"MetricAlarms": [{"AlarmName": name} for name in self.red]}

    def describe_images(self, *, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803  # the API's name
        if imageIds[0].get("imageTag") not in self.images:
            raise self.aws.refused("ImageNotFoundException")
        return {"imageDetails": [{}]}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803  # the API's name
        return {
            "ModelPackageName": "acme-churn",
            "ModelPackageArn": ModelPackageName,
            "CreationTime": MOMENT,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "ModelApprovalStatus": self.approval,
            "InferenceSpecification": {"Containers": [{"Image": self.uri}]},
        }


@pytest.fixture
def account(aws: Any, described: Any) -> Account:
    return Account(aws, described)


@pytest.fixture
def ask(clients: Clients) -> Callable[..., list[Result]]:
    def asked(**changes: Any) -> list[Result]:
        deployment = Deployment(
            stage="prod",
            candidates=(CANDIDATE,),
            images=(),
            execution=ExecutionRole(name="cfn-exec", policies=()),
            here=clients,
            before=clients,
            registry=clients,
            repositories=clients,
        )
        only = changes.pop("only", PRECHECKS)
        return list(before(replace(deployment, **changes), only=only))

    return asked


def details(results: list[Result]) -> dict[str, str]:
    return {r.question.name.partition(":")[0]: r.finding.detail for r in results}


def stopping(results: list[Result]) -> list[str]:
    return [r.question.name.partition(":")[0] for r in results if r.finding.status.stops]


def test_on_a_good_day_everything_is_asked_and_passes(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    results = ask(images=(Image(repository="acme/churn", tag="t1"),))

    assert stopping(results) == []
    assert [r.question.name.partition(":")[0] for r in results] == list(PRECHECKS)


def test_only_what_is_asked_for_is_looked_up(
    account: Account, aws: Any, ask: Callable[..., list[Result]]
) -> None:
    ask(only=("bootstrap",), candidates=())

    assert [name for name, _ in aws.calls] == ["GetParameter"]


@pytest.mark.parametrize(
    ("version", "said"),
    [(None, "not bootstrapped"), ("7", "version 7; allowed: 8 or more")],
)
def test_an_account_without_a_recent_bootstrap_stops(
    account: Account, ask: Callable[..., list[Result]], version: str | None, said: str
) -> None:
    account.bootstrap = version  # type: ignore[assignment]  # no parameter

    results = ask()

    assert stopping(results) == ["bootstrap"]
    assert said in details(results)["bootstrap"]


def test_both_fleets_of_a_release_must_fit_beside_everybody_elses(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.quotas["ml.m5.large for endpoint usage"] = 7.0
    account.described.instances = 3
    account.others = {"somebody": 1}

    results = ask()

    # Another endpoint of 3 machines, since all are described alike, and twice our own 3.
    assert stopping(results) == ["quota"]
    assert details(results)["quota"].startswith("9 may be needed, two fleets")


def test_an_endpoint_that_is_not_there_yet_needs_its_smallest_fleet_twice(
    account: Account, ask: Callable[..., list[Result]], clients: Clients
) -> None:
    newcomer = replace(CANDIDATE, endpoint="acme-prod-new")

    results = ask(candidates=(newcomer,), only=("quota",))

    assert details(results)["quota"] == "6 of 8 may be needed"


def test_a_quota_that_nobody_changed_has_its_default(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.defaults, account.quotas = {"ml.m5.large for endpoint usage": 3.0}, {}

    results = ask()

    assert stopping(results) == ["quota"]
    assert "the quota is 3" in details(results)["quota"]


def test_a_type_without_a_quota_is_skipped_with_the_number_that_may_be_needed(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.quotas = {}

    results = ask()

    assert stopping(results) == []
    assert details(results)["quota"].startswith("skipped: Service Quotas names no quota")


def test_an_image_of_this_commit_that_nobody_pushed_stops(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    results = ask(images=(Image(repository="acme/churn", tag="t2"),))

    assert stopping(results) == ["image"]
    assert (
        "remedy: `sh constructs/mlops_constructs/delivery/push-image.sh churn`"
        in details(results)["image"]
    )


@pytest.mark.parametrize(
    ("approval", "uri", "said"),
    [
        ("Rejected", URI, "version 3 is Rejected; allowed: Approved"),
        ("Approved", URI.replace("t1", "t9"), "the image of version 3 is gone"),
        ("Approved", "docker.io/x:1", "which is not an ECR image"),
    ],
)
def test_a_version_that_cannot_be_served_stops(
    account: Account, ask: Callable[..., list[Result]], approval: str, uri: str, said: str
) -> None:
    account.approval, account.uri = approval, uri

    results = ask()

    assert stopping(results) == ["version"]
    assert said in details(results)["version"]


def test_a_version_that_nobody_registered_stops_unless_the_stage_never_served_the_model(
    account: Account, aws: Any, ask: Callable[..., list[Result]]
) -> None:
    gone = f"ModelPackage {PACKAGES}/3 does not exist."
    aws.refuse("DescribeModelPackage", "ValidationException", gone)

    assert stopping(ask()) == ["version"]
    aws.refuse("DescribeEndpoint", "ValidationException", 'Could not find endpoint "x".')
    results = ask()
    assert stopping(results) == []
    assert details(results)["version"] == "skipped: version 3 is not registered yet"


def test_a_red_alarm_of_the_running_release_stops(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.red = [f"{PREFIX}latency-0123456789ab"]

    results = ask()

    assert stopping(results) == ["alarms"]
    assert f"red: {PREFIX}latency-0123456789ab" in details(results)["alarms"]


def test_a_red_alarm_of_a_release_that_was_rolled_back_does_not(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.red = [f"{PREFIX}latency-ffffffffffff"]

    assert stopping(ask()) == []


def test_every_red_alarm_stops_where_nobody_can_tell_which_release_runs(
    account: Account, aws: Any, ask: Callable[..., list[Result]]
) -> None:
    aws.operations["ListTags"] = lambda **_: {"Tags": []}
    account.red = [f"{PREFIX}latency-ffffffffffff"]

    results = ask()

    assert stopping(results) == ["alarms"]
    assert f"red: {PREFIX}latency-ffffffffffff" in details(results)["alarms"]


def test_the_way_back_is_open_whatever_is_red_and_whatever_the_stage_before_runs(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.described.package = f"{PACKAGES}/4"
    account.red = [f"{PREFIX}latency-0123456789ab"]
    account.record = replace(RECORD, version=4, outcome="unhealthy").to_json()

    results = ask()

    assert stopping(results) == []
    assert details(results)["alarms"].endswith("version 3 replaces what they watch")
    assert details(results)["previous"] == "version 3 is the way back"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (replace(RECORD, version=2), "test was last asked for version 2, not for 3"),
        (
            replace(RECORD, outcome="unhealthy", reasons=("5xx",)),
            "version 3 is unhealthy in test: 5xx",
        ),
        (replace(RECORD, outcome="inconclusive"), "version 3 is inconclusive in test"),
    ],
)
def test_a_version_that_the_stage_before_did_not_prove_stops(
    account: Account, ask: Callable[..., list[Result]], record: ReleaseRecord, said: str
) -> None:
    account.record = record.to_json()

    results = ask()

    assert stopping(results) == ["previous"]
    assert said in details(results)["previous"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": "prod"}, "it is the record of churn in prod"),
        ({"model": "fraud"}, "it is the record of fraud in test"),
        ({"endpoint": ENDPOINT}, "it is of the endpoint acme-prod-churn"),
        ({"package": f"{PACKAGES}/2"}, "it is of the package"),
        ({"deployment": ""}, "it names no deployment"),
        ({"time": "9999-12-31T23:59:59+00:00"}, "is in the future"),
        ({"live_version": 2}, "it calls version 3 healthy, and 2 serves"),
        ({"live_version": None}, "it calls version 3 healthy, and None serves"),
        ({"cause": "model"}, "it calls version 3 healthy, and names what went wrong"),
        ({"red_alarms": ("a",)}, "a is not a rollback alarm of release 'aaaabbbbcccc'"),
    ],
)
def test_a_forged_proof_of_the_stage_before_stops(
    account: Account, ask: Callable[..., list[Result]], changes: dict[str, Any], said: str
) -> None:
    account.record = replace(RECORD, **changes).to_json()

    results = ask()

    assert stopping(results) == ["previous"]
    assert f"{PROOF}: is not believed: " in details(results)["previous"]
    assert said in details(results)["previous"]


def test_a_record_that_cannot_be_read_stops(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.record = "{}"

    results = ask()

    assert stopping(results) == ["previous"]
    assert details(results)["previous"].startswith(f"{PROOF}: schema")


def test_without_a_record_nothing_was_judged_there_and_that_is_told(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.record = None

    results = ask()

    assert stopping(results) == []
    assert details(results)["previous"].startswith(f"{PROOF} does not exist")


def test_the_first_stage_has_none_before_it(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    results = ask(candidates=(replace(CANDIDATE, proof=None),), before=None)

    assert details(results)["previous"] == "the first stage has none before it"


def test_a_version_that_runs_here_already_needs_no_proof(
    account: Account, ask: Callable[..., list[Result]]
) -> None:
    account.described.package = f"{PACKAGES}/3"
    account.record = replace(RECORD, version=9).to_json()
    account.approval = "Rejected"

    results = ask()

    assert stopping(results) == []
    assert details(results)["previous"] == "version 3 runs here already"


def test_a_stage_without_the_endpoint_passes_with_that_note(
    account: Account, aws: Any, ask: Callable[..., list[Result]]
) -> None:
    aws.refuse("DescribeEndpoint", "ValidationException", 'Could not find endpoint "x".')

    results = ask()

    assert stopping(results) == []
    assert details(results)["alarms"] == "nothing is deployed here yet"


def test_a_refusal_is_an_answer_and_the_other_questions_are_asked_all_the_same(
    account: Account, aws: Any, ask: Callable[..., list[Result]]
) -> None:
    aws.refuse("ListEndpoints", "AccessDeniedException")
    aws.refuse("DescribeAlarms", "AccessDeniedException")

    results = ask()

    assert stopping(results) == ["quota", "alarms"]
    assert len(results) == 6


@pytest.mark.parametrize(
    ("package", "move"),
    [
        (f"{PACKAGES}/2", Move.FORWARD),
        (f"{PACKAGES}/3", Move.NONE),
        (f"{PACKAGES}/10", Move.BACK),
        (None, Move.FORWARD),
    ],
)
def test_a_move_goes_by_the_numbers_of_the_versions(
    described: Any, clients: Clients, package: str | None, move: Move
) -> None:
    from mlops.checks.live import live_or_none

    described.package = package

    assert move_of(CANDIDATE, live_or_none(clients, ENDPOINT)) is move
