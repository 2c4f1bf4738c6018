"""AWS as the functions see it: real clients, each call held against botocore's model, no network.

`Endpoints` is a small SageMaker hosting service with the states that matter here: an update ends on
the new config, or silently on the old one; what an update to the config in force does is not
documented, so it can be told to accept or to refuse. `CloudWatch` has the past of alarms and of
fleets; `Desk` keeps a parameter and hears what is told.
"""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from mlops.aws_api.stand_in import answer_calls
from mlops_handlers import clients
from mlops_handlers.monitoring.week import Terms, Week
from mlops_handlers.monitoring.weekly_figures import Figures, Question
from mlops_handlers.rollout import contract

START = datetime(2026, 1, 1, tzinfo=UTC)
SESSION = boto3.session.Session()
"""One for all tests: it reads each service's model once."""
EVER = datetime(2000, 1, 1, tzinfo=UTC)
ENDPOINT = "acme-prod-churn"
PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
ACCOUNT = "arn:aws:sagemaker:eu-west-1:400000000000"
CONTRACT = {
    "examples": {
        "relative_tolerance": 0.25,
        "absolute_tolerance": 0.0,
        "cases": [
            {"name": "one", "request": {"age": 40}, "response": {"probability": 0.5}},
            {"name": "text", "request": "age\n40\n", "response": {"probability": 0.5}},
        ],
    }
}
Operation = Callable[..., dict[str, Any]]


def refused(code: str, message: str = "no", operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Aws:
    """Clients whose operations are Python functions; a call nobody expects fails the test."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.regions: dict[str, str] = {}

    def client(self, service: str, region_name: str | None = None, config: Any = None) -> Any:
        region = region_name or "eu-west-1"
        self.regions[service] = region
        client = SESSION.client(service, region_name=region, config=config)
        return answer_calls(client, self._answer)

    def _answer(self, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((name, dict(asked)))
        return self.operations[name](**asked)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


class Endpoints:
    """One endpoint, its configs and its models."""

    def __init__(self, aws: Aws, *, accepts_current: bool = True) -> None:
        self.configs: dict[str, dict[str, Any]] = {}
        self.status = "InService"
        self.config = ""
        self.pending = ""
        self.failure_reason = ""
        self.image = ""
        self.environment: dict[str, Any] = {}
        self.alarms: list[str] = []
        self.created = self.updated = START
        self.accepts_current = accepts_current
        operations: tuple[Operation, ...] = (
            self.describe_endpoint,
            self.describe_endpoint_config,
            self.describe_model,
            self.list_tags,
            self.list_endpoints,
            self.list_endpoint_configs,
            self.update_endpoint,
            self.delete_endpoint_config,
            self.delete_model,
        )
        for operation in operations:
            name = "".join(part.capitalize() for part in operation.__name__.split("_"))
            aws.operations[name] = operation

    def add_config(
        self, release: str, *, version: int = 3, age: timedelta = timedelta(), owner: str = ENDPOINT
    ) -> str:
        """A config as the template makes it."""
        self.configs[f"config-{release}"] = {
            "model": f"model-{release}",
            "package": f"{PACKAGES}/{version}",
            "created": START - age,
            "tags": {"mlops:release": release, "mlops:endpoint": owner},
        }
        return f"config-{release}"

    def create(self, config: str) -> None:
        self.config = config

    def release(self, config: str, *, rolled_back: bool = False, hours: int = 1) -> None:
        """A whole deployment of an hour, so many hours after the endpoint's creation."""
        if config != self.config:
            self.configs[config]["created"] = START + timedelta(hours=hours)
        self.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
        self.finish(rolled_back=rolled_back)
        self.updated = START + timedelta(hours=hours + 1)

    def finish(self, *, rolled_back: bool = False) -> None:
        self.config = self.config if rolled_back else self.pending
        self.pending = ""
        self.status = "InService"
        self.updated = START + timedelta(hours=2)

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> dict[str, Any]:
        if EndpointConfigName == self.config and not self.accepts_current:
            raise refused("ValidationException", "you must create a new EndpointConfig")
        self.status, self.pending = "Updating", EndpointConfigName
        return {"EndpointArn": f"{ACCOUNT}:endpoint/{EndpointName}"}

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        if not self.config:
            raise refused("ValidationException", "Could not find endpoint", "DescribeEndpoint")
        alarms = [{"AlarmName": name} for name in self.alarms]
        images = [{"ResolvedImage": f"registry/acme/churn@sha256:{self.image}"}]
        variant = {"VariantName": "AllTraffic", "DeployedImages": images}
        optional = {
            "ProductionVariants": self.image and [variant],
            "FailureReason": self.failure_reason,
            "PendingDeploymentSummary": self.pending and {"EndpointConfigName": self.pending},
            "LastDeploymentConfig": alarms and {"AutoRollbackConfiguration": {"Alarms": alarms}},
        }
        return {
            **{key: value for key, value in optional.items() if value},
            "EndpointName": EndpointName,
            "EndpointArn": f"{ACCOUNT}:endpoint/{EndpointName}",
            "EndpointConfigName": self.config,
            "EndpointStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.updated,
        }

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        config = self.configs[EndpointConfigName]
        return {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{EndpointConfigName}",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": config["model"]}],
            "CreationTime": config["created"],
        }

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        package = next(c["package"] for c in self.configs.values() if c["model"] == ModelName)
        return {
            "ModelName": ModelName,
            "ModelArn": f"{ACCOUNT}:model/{ModelName}",
            "Containers": [{"ModelPackageName": package, **self.environment}],
            "CreationTime": START,
        }

    def list_tags(self, *, ResourceArn: str) -> dict[str, Any]:
        tags = self.configs[ResourceArn.rpartition("/")[2]]["tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def list_endpoints(self) -> dict[str, Any]:
        summary = {
            "EndpointName": ENDPOINT,
            "EndpointArn": f"{ACCOUNT}:endpoint/{ENDPOINT}",
            "CreationTime": self.created,
            "LastModifiedTime": self.updated,
            "EndpointStatus": self.status,
        }
        return {"Endpoints": [summary]}

    def list_endpoint_configs(
        self,
        *,
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        CreationTimeAfter: datetime = EVER,
        NextToken: str = "0",
    ) -> dict[str, Any]:
        """Pages of two, as if there were many."""
        summaries = [
            {
                "EndpointConfigName": name,
                "EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{name}",
                "CreationTime": config["created"],
            }
            for name, config in self.configs.items()
            if config["created"] >= CreationTimeAfter
        ]
        summaries.sort(key=lambda one: one[SortBy], reverse=SortOrder == "Descending")
        begin = int(NextToken)
        more = {"NextToken": str(begin + 2)} if begin + 2 < len(summaries) else {}
        return {"EndpointConfigs": summaries[begin : begin + 2], **more}

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        del self.configs[EndpointConfigName]
        return {}

    def delete_model(self, *, ModelName: str) -> dict[str, Any]:
        return {}


class CloudWatch:
    """Alarms with a past, and the requests of each fleet by the minute."""

    def __init__(self, aws: Aws) -> None:
        self.history: list[tuple[str, datetime, str]] = []
        self.requests: dict[str, dict[datetime, float]] = {}
        self.per_request: dict[str, dict[str, float]] = {}
        """What each request of a fleet reports, beside itself."""
        self.status = "Complete"
        aws.operations["DescribeAlarmHistory"] = self.describe_alarm_history
        aws.operations["GetMetricData"] = self.get_metric_data

    def turned(self, alarm: str, state: str, at: datetime) -> None:
        self.history.append((alarm, at, state))

    def canary(
        self, old: str, new: str, *, start: datetime, per_minute: float, total: float = 300
    ) -> None:
        """Ten minutes of canary, after which all requests are the old fleet's again."""
        minutes = [start + timedelta(minutes=n) for n in range(20)]
        shares = dict(zip(minutes, [per_minute] * 10 + [0.0] * 10, strict=True))
        self.requests[new] = {minute: count for minute, count in shares.items() if count}
        rest = {minute: total - count for minute, count in shares.items()}
        self.requests[old] = self.requests.get(old, {}) | rest
        self.per_request[old] = {"ModelLatency": 20_000.0}
        self.per_request[new] = {
            "ModelLatency": 900_000.0,
            "Invocation5XXErrors": 0.2,
            "InvocationModelErrors": 0.2,
        }

    def describe_alarm_history(
        self,
        *,
        AlarmName: str,
        HistoryItemType: str,
        StartDate: datetime,
        EndDate: datetime,
        NextToken: str = "0",
    ) -> dict[str, Any]:
        """Pages of one, as if there were many."""
        assert HistoryItemType == "StateUpdate"
        found = [
            {"AlarmName": name, "Timestamp": at, "HistoryData": history_data(state)}
            for name, at, state in self.history
            if name == AlarmName and StartDate <= at <= EndDate
        ]
        begin = int(NextToken)
        more = {"NextToken": str(begin + 1)} if begin + 1 < len(found) else {}
        return {"AlarmHistoryItems": found[begin : begin + 1], **more}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        results = [
            {
                "Id": query["Id"],
                "StatusCode": self.status,
                "Timestamps": list(series),
                "Values": list(series.values()),
            }
            for query in request["MetricDataQueries"]
            for series in [self._series(query, request["StartTime"], request["EndTime"])]
        ]
        return {"MetricDataResults": results}

    def _series(
        self, query: dict[str, Any], start: datetime, end: datetime
    ) -> dict[datetime, float]:
        metric = query["MetricStat"]["Metric"]
        assert metric["Namespace"] == "AWS/SageMaker"
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        asked = dimensions.get("EndpointConfigName")
        series: dict[datetime, float] = {}
        for config, requests in self.requests.items():
            for minute, count in requests.items():
                if asked in (None, config) and start <= minute < end:
                    reported = {"Invocations": 1.0} | self.per_request.get(config, {})
                    value = count * reported.get(metric["MetricName"], 0.0)
                    series[minute] = series.get(minute, 0) + value
        return dict(sorted(series.items()))


def history_data(state: str) -> str:
    """As CloudWatch writes it, in the fields that matter."""
    return json.dumps({"version": "1.0", "newState": {"stateValue": state}})


class Desk:
    """The record's parameter, the people's topic and the delivery's bus, in the order of use."""

    def __init__(self, aws: Aws) -> None:
        self.parameters: dict[str, str] = {}
        self.told: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.broken: set[str] = set()
        self.order: list[str] = []
        aws.operations |= {
            "GetParameter": self.get_parameter,
            "PutParameter": self.put_parameter,
            "Publish": self.publish,
            "PutEvents": self.put_events,
        }

    @property
    def record(self) -> dict[str, Any]:
        (value,) = self.parameters.values()
        found: dict[str, Any] = json.loads(value)
        return found

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        self._refuse("GetParameter")
        if Name not in self.parameters:
            raise refused("ParameterNotFound")
        return {"Parameter": {"Name": Name, "Value": self.parameters[Name]}}

    def put_parameter(
        self, *, Name: str, Value: str, Type: str, Tier: str, Overwrite: bool
    ) -> dict[str, Any]:
        self._refuse("PutParameter")
        assert (Type, Tier, Overwrite) == ("String", "Standard", True)
        self.order.append("record")
        self.parameters[Name] = Value
        return {"Version": 1, "Tier": Tier}

    def publish(self, **message: str) -> dict[str, Any]:
        self._refuse("Publish")
        assert len(message["Subject"]) <= 100
        assert message["Subject"].isascii()
        self.order.append("people")
        self.told.append(message)
        return {"MessageId": "1"}

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        if "PutEvents" in self.broken:
            failed = {"ErrorCode": "AccessDenied", "ErrorMessage": "not you"}
            return {"FailedEntryCount": 1, "Entries": [failed]}
        self.order.append("event")
        self.events += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def _refuse(self, operation: str) -> None:
        if operation in self.broken:
            raise refused("AccessDeniedException", operation=operation)


@pytest.fixture
def cloudwatch(aws: Aws) -> CloudWatch:
    return CloudWatch(aws)


@pytest.fixture
def desk(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Where records go, with the environment that says so."""
    literals = {
        "STAGE": "prod",
        "MODEL": "churn",
        "ENDPOINT_NAME": ENDPOINT,
        "RELEASE_RECORD": "/acme/prod/churn/release-record",
        "ALERT_TOPIC": "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts",
        "DELIVERY_BUS": "arn:aws:events:eu-central-1:100000000000:event-bus/acme-delivery",
    }
    for name, value in literals.items():
        monkeypatch.setenv(name, value)
    return Desk(aws)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    fake = Aws()
    monkeypatch.setattr(clients.boto3, "client", fake.client)
    clients.client.cache_clear()
    yield fake
    clients.client.cache_clear()


@pytest.fixture
def endpoints(aws: Aws) -> Endpoints:
    return Endpoints(aws)


@pytest.fixture
def contract_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The contract that the archive holds beside the handlers."""
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    monkeypatch.setattr(contract, "_ROOT", tmp_path)
    monkeypatch.setenv("CONTRACT", "contract.json")
    contract._examples.cache_clear()
    yield
    contract._examples.cache_clear()


@pytest.fixture
def body() -> Callable[[bytes], StreamingBody]:
    """The body of an answer, as a client returns it."""
    return lambda content: StreamingBody(io.BytesIO(content), len(content))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    """A clock that only sleeping moves."""
    clock = Clock()
    monkeypatch.setattr("time.sleep", clock.sleep)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    return clock


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


class Executions:
    """A pipeline's executions, newest first; a token starts one, and is answered with it again."""

    def __init__(self, aws: Aws) -> None:
        self.summaries: list[dict[str, Any]] = []
        self.tokens: dict[str, str] = {}
        self.listing_is_behind = False
        self.refusal = ""
        aws.operations["ListPipelineExecutions"] = self.list_pipeline_executions
        aws.operations["StartPipelineExecution"] = self.start_pipeline_execution

    @property
    def arns(self) -> list[str]:
        """What was started by a call."""
        return list(self.tokens.values())

    def add(
        self,
        *,
        name: str,
        status: str,
        age: timedelta = timedelta(),
        at: datetime | None = None,
    ) -> str:
        arn = f"{ACCOUNT}:pipeline/acme-churn-training/execution/{len(self.summaries):012}"
        summary = {
            "PipelineExecutionArn": arn,
            "StartTime": at or datetime.now(UTC) - age,
            "PipelineExecutionStatus": status,
        }
        # Where nobody gave a display name there is none.
        self.summaries.append(summary | ({"PipelineExecutionDisplayName": name} if name else {}))
        return arn

    def list_pipeline_executions(
        self,
        *,
        PipelineName: str,
        SortBy: str,
        SortOrder: str,
        MaxResults: int,
        NextToken: str = "0",
    ) -> dict[str, Any]:
        """Pages of two, as if there were many."""
        known = [] if self.listing_is_behind else self.summaries
        newest = sorted(known, key=lambda one: one["StartTime"], reverse=True)
        begin = int(NextToken)
        more = {"NextToken": str(begin + 2)} if begin + 2 < len(newest) else {}
        return {"PipelineExecutionSummaries": newest[begin : begin + 2], **more}

    def start_pipeline_execution(
        self, *, ClientRequestToken: str, PipelineExecutionDisplayName: str, **_: Any
    ) -> dict[str, Any]:
        if self.refusal:
            raise refused(self.refusal, operation="StartPipelineExecution")
        if ClientRequestToken not in self.tokens:
            arn = self.add(name=PipelineExecutionDisplayName, status="Executing")
            self.tokens[ClientRequestToken] = arn
        return {"PipelineExecutionArn": self.tokens[ClientRequestToken]}


class Published:
    """Published data of one model in the artifact bucket."""

    def __init__(self, aws: Aws) -> None:
        self.objects: dict[str, tuple[datetime, dict[str, str]]] = {}
        aws.operations["ListObjectsV2"] = self.list_objects_v2
        aws.operations["HeadObject"] = self.head_object
        aws.operations["Publish"] = lambda **_: {"MessageId": "1"}

    def put(
        self,
        sha256: str,
        *,
        age: timedelta = timedelta(),
        training_end: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        """As `mlops data publish` does it, unless the metadata is given."""
        own = {"sha256": sha256} | ({"training-end": training_end} if training_end else {})
        key = f"data/churn/{sha256[:16]}/rows.csv.gz"
        self.objects[key] = (START - age, own if metadata is None else metadata)

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0", **_: Any
    ) -> dict[str, Any]:
        """Pages of one, as if there were many; an empty one has no contents at all."""
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        if not keys:
            return {"IsTruncated": False, "KeyCount": 0}
        begin = int(ContinuationToken)
        key = keys[begin]
        more = begin + 1 < len(keys)
        return {
            "IsTruncated": more,
            "Contents": [{"Key": key, "LastModified": self.objects[key][0], "Size": 3}],
            **({"NextContinuationToken": str(begin + 1)} if more else {}),
        }

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        modified, metadata = self.objects[Key]
        return {"Metadata": metadata, "LastModified": modified}


@pytest.fixture
def executions(aws: Aws) -> Executions:
    return Executions(aws)


@pytest.fixture
def published(aws: Aws) -> Published:
    return Published(aws)


WEEK = datetime(2026, 2, 23, tzinfo=UTC)


def week(*, releases: Any = (), **said: Any) -> Any:
    """A quiet week of a model without labels, but for what is said about it."""
    terms: dict[str, Any] = {
        "model": "churn",
        "stage": "prod",
        "endpoint": ENDPOINT,
        "owner": "science@example.com",
        "requests_per_minute": 10,
        "latency_p99_ms": 200,
        "error_ratio": 0.02,
        "instance_type": "ml.m5.large",
        "min_instances": 2,
        "fields": (),
        "metrics": ("accuracy",),
        "limits": (),
        "dashboard": "acme-prod-model-churn",
        "watched": True,
        "batch_pipeline": None,
    }
    given = {name: said.pop(name) for name in list(said) if name in terms}
    return Week(
        terms=Terms(**terms | given), start=WEEK, figures=week_figures(**said), releases=releases
    )


def week_figures(
    *,
    requests: list[float] | None = None,
    server_errors: Any = (),
    p50: list[float] | None = None,
    p99: list[float] | None = None,
    runs: list[float] | None = None,
    checks: Any = None,
    indices: Any = None,
    performance: Any = None,
    labelled: Any = (),
    hourly: Any = None,
    batches: Any = None,
) -> Figures:
    """What CloudWatch knows: a value for each day, or for each hour a pair."""
    found = {
        requests_question("Invocations", "Sum"): daily(
            [1_000.0] * 7 if requests is None else requests
        ),
        requests_question("Invocation5XXErrors", "Sum"): daily(server_errors),
        requests_question("ModelLatency", "p50"): daily([20_000.0] * 7 if p50 is None else p50),
        requests_question("ModelLatency", "p99"): daily([150_000.0] * 7 if p99 is None else p99),
        job_question("Runs", "Sum"): daily([1.0] * 7 if runs is None else runs),
        job_question("LabelledShare", "Maximum"): daily(labelled),
    }
    for name, by, series in (
        ("Check", "Check", checks),
        ("PopulationStabilityIndex", "Field", indices),
        ("Performance", "Metric", performance),
    ):
        for key, values in (series or {}).items():
            found[job_question(name, "Maximum", **{by: key})] = daily(values)
    for place, name in enumerate(("Invocations", "InvocationsPerInstance")):
        found[requests_question(name, "Sum", 3600)] = {
            WEEK + timedelta(hours=hour): pair[place] for hour, pair in (hourly or {}).items()
        }
    for name, values in (batches or {}).items():
        found[batch_question(name)] = daily(values)
    return Figures(series=found)


def daily(values: Any) -> dict[datetime, float]:
    """Values of the days from the first on."""
    return {WEEK + timedelta(days=day): value for day, value in enumerate(values)}


def requests_question(name: str, statistic: str, period: int = 86_400) -> Question:
    return Question(
        namespace="AWS/SageMaker", name=name, statistic=statistic, period=period,
        further=(("VariantName", "AllTraffic"),),
    )  # fmt: skip


def job_question(name: str, statistic: str, **further: str) -> Question:
    return Question(
        namespace="Mlops/Monitoring", name=name, statistic=statistic,
        further=tuple(further.items()),
    )  # fmt: skip


def batch_question(name: str) -> Question:
    return Question(namespace="Mlops/Batch", name=name, statistic="Sum")


@pytest.fixture
def a_week() -> Callable[..., Week]:
    """Makes a week."""
    return week
