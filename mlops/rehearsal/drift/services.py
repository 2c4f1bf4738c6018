"""The AWS services that the drift job's and retraining's functions ask, kept in one JSON file."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.response import StreamingBody

from mlops.aws_api.stand_in import Answer, RefusedError
from mlops.registry import local_client
from mlops.rehearsal.delivery.services import StageServices
from mlops.rehearsal.local_aws.storage import LocalS3, StorageError


class DriftServices(StageServices):
    """A stage's services and S3, with its metrics, its registry and its pipeline's executions."""

    @property
    def operations(self) -> dict[str, Callable[[Mapping[str, Any]], Answer]]:
        """Those of every stage, and what only the functions of drift and retraining ask."""
        return super().operations | {
            "DescribeModelPackage": self._package,
            "GetObject": self._get_object,
            "HeadObject": self._head_object,
            "ListObjectsV2": self._list_objects,
            "ListPipelineExecutions": self._executions,
            "PutMetricData": self._put_metric_data,
            "PutObject": self._put_object,
            "StartPipelineExecution": self._start,
        }

    def change(self, **values: Any) -> None:
        """Set parts of what the services know.

        Raises:
            KeyError: no service reads such a part, so setting it would change nothing.
        """
        if unread := values.keys() - self.state.keys():
            raise KeyError(f"no service reads {', '.join(sorted(unread))}")
        self.state.update(values)

    def serve(self, endpoint: str, *, variant: str, at: datetime, requests: float) -> None:
        """Let an endpoint have answered so many requests, all in one minute, and none before."""
        began = at.timestamp()
        config = f"{endpoint}-live"
        self.change(
            endpoints={
                endpoint: {
                    "config": config, "status": "InService", "created": began, "changed": began,
                }
            },
            configs={config: {"variant": variant, "model": endpoint, "created": began}},
            sums={config: {"Invocations": {str(began): requests}}},
        )  # fmt: skip

    @property
    def storage(self) -> LocalS3:
        """All buckets."""
        return LocalS3(Path(self.state["storage"]))

    def _package(self, asked: Mapping[str, Any]) -> Answer:
        client = local_client(
            Path(self.state["registry"]), account=self.state["registrar"], region=self.region
        )
        found: Answer = client.describe_model_package(**asked)
        found.pop("ResponseMetadata", None)
        # Versions have no name of their own; the service's model asks for one in every answer.
        return {"ModelPackageName": found["ModelPackageGroupName"], **found}

    def _list_objects(self, asked: Mapping[str, Any]) -> Answer:
        bucket, prefix = asked["Bucket"], asked["Prefix"]
        home = self.storage.path(f"s3://{bucket}/")
        # A prefix ends within a name at times; its folder does not.
        start = self.storage.path(f"s3://{bucket}/{prefix.rpartition('/')[0]}")
        files = [path for path in sorted(start.rglob("*")) if path.is_file()]
        found = [(path.relative_to(home).as_posix(), path.stat()) for path in files]
        contents = [
            {
                "Key": key,
                "Size": stat.st_size,
                "ETag": f'"{stat.st_mtime_ns:x}"',
                "LastModified": self._modified(key, stat.st_mtime),
            }
            for key, stat in found
            if key.startswith(prefix)
        ]
        return {"Contents": contents, "IsTruncated": False, "KeyCount": len(contents)}

    def _modified(self, key: str, seconds: float) -> datetime:
        published = self.state["published"].get(key)
        return datetime.fromtimestamp(published["at"] if published else seconds, UTC)

    def _get_object(self, asked: Mapping[str, Any]) -> Answer:
        try:
            content = self.storage.read_text(_uri(asked)).encode()
        except StorageError as error:
            raise RefusedError("NoSuchKey", str(error)) from error
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def _head_object(self, asked: Mapping[str, Any]) -> Answer:
        published = self.state["published"].get(asked["Key"], {})
        return {"Metadata": published.get("metadata", {})}

    def _put_object(self, asked: Mapping[str, Any]) -> Answer:
        body = asked["Body"]
        path = self.storage.path(_uri(asked))
        if asked.get("IfNoneMatch") == "*" and path.exists():
            raise RefusedError("PreconditionFailed", f"{asked['Key']}: there is such an object")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body if isinstance(body, bytes) else body.read())
        return {}

    def _put_metric_data(self, asked: Mapping[str, Any]) -> Answer:
        for datum in asked["MetricData"]:
            dimensions = {one["Name"]: one["Value"] for one in datum["Dimensions"]}
            self.state["metrics"].append(
                {
                    "namespace": asked["Namespace"],
                    "name": datum["MetricName"],
                    "dimensions": dimensions,
                    "value": datum["Value"],
                }
            )
        return {}

    def _executions(self, asked: Mapping[str, Any]) -> Answer:
        """Newest first, as every caller here asks for them."""
        assert asked.get("SortOrder") == "Descending"
        rows = [row for row in self.state["executions"] if row["pipeline"] == asked["PipelineName"]]
        return {
            "PipelineExecutionSummaries": [
                {
                    "PipelineExecutionArn": row["arn"],
                    "StartTime": datetime.fromtimestamp(row["began"], UTC),
                    "PipelineExecutionStatus": row["status"],
                    "PipelineExecutionDisplayName": row["name"],
                }
                for row in sorted(rows, key=lambda row: -row["began"])
            ]
        }

    def _start(self, asked: Mapping[str, Any]) -> Answer:
        """One execution for each token, as the service promises."""
        for row in self.state["executions"]:
            if row["token"] == asked["ClientRequestToken"]:
                return {"PipelineExecutionArn": row["arn"]}
        number = len(self.state["executions"]) + 1
        name = asked["PipelineName"]
        arn = self.arn("sagemaker", f"pipeline/{name}/execution/{number:012d}")
        self.state["executions"].append(
            {
                "arn": arn,
                "pipeline": name,
                "name": asked["PipelineExecutionDisplayName"],
                "token": asked["ClientRequestToken"],
                "caller": self.state["caller"],
                "description": asked.get("PipelineExecutionDescription", ""),
                "parameters": {one["Name"]: one["Value"] for one in asked["PipelineParameters"]},
                "began": self.state["now"],
                "status": "Executing",
            }
        )
        return {"PipelineExecutionArn": arn}


def empty_services(
    path: Path, *, account: str, region: str, storage: Path, registry: Path, registrar: str
) -> DriftServices:
    """Services that know nothing yet, written to their file.

    Args:
        path: where they are kept between calls.
        account: whose functions ask.
        region: of the account.
        storage: folder of all buckets.
        registry: folder of the model registry.
        registrar: account that the registry belongs to.
    """
    plain = StageServices.empty(account=account, region=region)
    state = {
        **plain.state,
        "metrics": [],
        "executions": [],
        "caller": "",
        "published": {},
        "now": 0.0,
        "storage": str(storage),
        "registry": str(registry),
        "registrar": registrar,
    }
    services = DriftServices(account=account, region=region, state=state)
    services.write(path)
    return services


def read_services(path: Path) -> DriftServices:
    """Services as the last call left them."""
    content = json.loads(path.read_text("utf-8"))
    return DriftServices(
        account=content["account"], region=content["region"], state=content["state"]
    )


def _uri(asked: Mapping[str, Any]) -> str:
    return f"s3://{asked['Bucket']}/{asked['Key']}"
