"""The AWS services of one stage, as its deployed functions see them, kept in one JSON file.

Real boto3 clients ask; every request is held against the service's own model before it is answered
from what the rehearsed deployment left behind. A call that is not listed here is refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import boto3

from mlops.aws_api.stand_in import Answer, RefusedError, answer_calls
from mlops.rollout.content import VARIABLE
from mlops.rollout.published import missing

State = dict[str, Any]
_MINUTE: Final = 60


@dataclass(frozen=True, kw_only=True)
class StageServices:
    """One stage's account and region; `state` is what its services know."""

    account: str
    region: str
    state: State

    @classmethod
    def read(cls, path: Path) -> "StageServices":
        """The services as a file left them."""
        content = json.loads(path.read_text("utf-8"))
        return cls(account=content["account"], region=content["region"], state=content["state"])

    @classmethod
    def empty(cls, *, account: str, region: str) -> "StageServices":
        """The services of an account in which nothing was deployed yet."""
        tables: dict[str, dict[str, Any]] = {
            name: {} for name in ("endpoints", "configs", "models", "alarms", "parameters", "sums")
        }
        lists: dict[str, list[Any]] = {name: [] for name in ("history", "events", "messages")}
        return cls(account=account, region=region, state={**tables, **lists})

    def write(self, path: Path) -> None:
        """Keep what the services know."""
        content = {"account": self.account, "region": self.region, "state": self.state}
        path.write_text(json.dumps(content, indent=1), "utf-8")

    def client(self, service: str, **_: Any) -> Any:
        """A client of one service; nothing that it asks ever leaves this process."""
        session = boto3.Session(
            region_name=self.region,
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",  # noqa: S106  # signs requests that are never sent
        )
        client = session.client(service)  # type: ignore[call-overload]  # any service
        return answer_calls(client, self._answer)

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource here."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def _answer(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        if operation not in self.operations:
            raise RefusedError("UnknownOperationException", f"{operation} is not rehearsed")
        return self.operations[operation](asked)

    @property
    def operations(self) -> dict[str, Callable[[Mapping[str, Any]], Answer]]:
        """Every operation that is answered here, by its name in the API."""
        return {
            "DescribeAlarmHistory": self._alarm_history,
            "DescribeAlarms": self._alarms,
            "DescribeEndpoint": self._endpoint,
            "DescribeEndpointConfig": self._config,
            "DescribeModel": self._model,
            "DescribeStacks": self._stacks,
            "GetMetricData": self._metric_data,
            "GetParameter": self._parameter,
            "ListEndpointConfigs": self._configs,
            "ListTags": self._tags,
            "Publish": self._publish,
            "PutEvents": self._put_events,
            "PutParameter": self._put_parameter,
        }

    def _row(self, table: str, name: str, code: str) -> Any:
        if name not in self.state[table]:
            raise RefusedError(code, f'Could not find {table} "{name}".')
        return self.state[table][name]

    def _endpoint(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["EndpointName"]
        row = self._row("endpoints", name, "ValidationException")
        return {
            "EndpointName": name,
            "EndpointArn": self.arn("sagemaker", f"endpoint/{name}"),
            "EndpointConfigName": row["config"],
            "EndpointStatus": row["status"],
            "CreationTime": _moment(row["created"]),
            "LastModifiedTime": _moment(row["changed"]),
            **({"FailureReason": row["failure"]} if row.get("failure") else {}),
        }

    def _config(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["EndpointConfigName"]
        row = self._row("configs", name, "ValidationException")
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": self.arn("sagemaker", f"endpoint-config/{name}"),
            "ProductionVariants": [{"VariantName": row["variant"], "ModelName": row["model"]}],
            "CreationTime": _moment(row["created"]),
        }

    def _configs(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        names = sorted(
            (name for name in self.state["configs"] if asked.get("NameContains", "") in name),
            key=lambda name: self.state["configs"][name]["created"],
            reverse=asked.get("SortOrder", "Descending") == "Descending",
        )
        described = (self._config({"EndpointConfigName": name}) for name in names)
        kept = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        return {"EndpointConfigs": [{key: one[key] for key in kept} for one in described]}

    def _model(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["ModelName"]
        row = self._row("models", name, "ValidationException")
        return {
            "ModelName": name,
            "ModelArn": self.arn("sagemaker", f"model/{name}"),
            "Containers": [
                {"ModelPackageName": row["package"], "Environment": {VARIABLE: row["content"]}}
            ],
            "CreationTime": _moment(row["created"]),
        }

    def _tags(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["ResourceArn"].rpartition("/")[2]
        tags = self._row("configs", name, "ValidationException")["tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _alarms(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        names = asked.get("AlarmNames")
        prefix = asked.get("AlarmNamePrefix", "")
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": state}
                for name, state in sorted(self.state["alarms"].items())
                if (names is None or name in names) and name.startswith(prefix)
            ]
        }

    def _alarm_history(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        start = asked.get("StartDate", _moment(0)).timestamp()
        end = asked.get("EndDate", _moment(2**33)).timestamp()
        items = [
            {
                "AlarmName": row["alarm"],
                "Timestamp": _moment(row["at"]),
                "HistoryItemType": "StateUpdate",
                "HistorySummary": f"Alarm updated to {row['state']}",
                "HistoryData": json.dumps({"newState": {"stateValue": row["state"]}}),
            }
            for row in self.state["history"]
            if row["alarm"] == asked.get("AlarmName", row["alarm"]) and start <= row["at"] <= end
        ]
        oldest_first = asked.get("ScanBy") == "TimestampAscending"
        items.sort(key=lambda item: item["Timestamp"], reverse=not oldest_first)
        return {"AlarmHistoryItems": items}

    def _metric_data(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        span = (asked["StartTime"].timestamp(), asked["EndTime"].timestamp())
        return {
            "MetricDataResults": [self._series(query, span) for query in asked["MetricDataQueries"]]
        }

    def _series(self, query: Mapping[str, Any], span: tuple[float, float]) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        stat = query["MetricStat"]
        if stat["Stat"] != "Sum" or stat["Period"] % _MINUTE:
            asked = f"{stat['Stat']} of {stat['Period']} seconds"
            raise RefusedError("ValidationError", f"{asked}: allowed is Sum, of whole minutes")
        dimensions = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
        exists = self._publishes(metric, dimensions, unit=stat.get("Unit"))
        # CloudWatch has no points of a metric that nobody publishes, and no error either.
        points = sorted(self._points(metric["MetricName"], dimensions, span)) if exists else []
        return {
            "Id": query["Id"],
            "Timestamps": [_moment(at) for at, _ in points],
            "Values": [count for _, count in points],
            "StatusCode": "Complete",
        }

    def _publishes(
        self, metric: Mapping[str, Any], dimensions: Mapping[str, str], *, unit: str | None
    ) -> bool:
        """Whether a metric exists under exactly these dimensions, and in this unit."""
        namespace, name = metric["Namespace"], metric["MetricName"]
        variants = {config["variant"] for config in self.state["configs"].values()}
        return (
            missing(namespace, name, dimensions=dimensions, unit=unit) is None
            and dimensions["EndpointName"] in self.state["endpoints"]
            and dimensions["VariantName"] in variants
        )

    def _points(
        self, metric: str, dimensions: Mapping[str, str], span: tuple[float, float]
    ) -> Iterator[tuple[float, float]]:
        """A minute's sum of one config's fleet, or of all fleets of the endpoint together."""
        wanted = dimensions.get("EndpointConfigName")
        sums: dict[float, float] = {}
        for config, metrics in self.state["sums"].items():
            if wanted in (None, config):
                for minute, count in metrics.get(metric, {}).items():
                    sums[float(minute)] = sums.get(float(minute), 0.0) + count
        return ((at, count) for at, count in sums.items() if span[0] <= at < span[1])

    def _parameter(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        row = self._row("parameters", asked["Name"], "ParameterNotFound")
        return {"Parameter": {"Name": asked["Name"], "Type": "String", "Value": row}}

    def _put_parameter(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["Name"] in self.state["parameters"] and not asked.get("Overwrite"):
            raise RefusedError("ParameterAlreadyExists", asked["Name"])
        self.state["parameters"][asked["Name"]] = asked["Value"]
        return {"Version": 1, "Tier": "Standard"}

    def _put_events(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.state["events"].extend(asked["Entries"])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "0"} for _ in asked["Entries"]]}

    def _publish(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.state["messages"].append(dict(asked))
        return {"MessageId": str(len(self.state["messages"]))}

    def _stacks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Stacks": [
                {
                    "StackName": asked["StackName"],
                    "CreationTime": _moment(0),
                    "StackStatus": "UPDATE_IN_PROGRESS",
                }
            ]
        }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
