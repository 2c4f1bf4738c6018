"""Runs in a process of its own: calls a Lambda handler whose SageMaker is the local registry.

Images, where it asks for them, are known by their tags.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import boto3

from mlops.registry import local_client
from mlops.rehearsal.image_registry import image_registry


def main() -> None:
    """Read the request that the rehearsal wrote, call the handler, write its answer."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))

    def client(service: str, region_name: str | None = None, **_: Any) -> object:
        if service == "ecr":
            return image_registry(region_name or request["region"])
        if service != "sagemaker":
            raise NotImplementedError(f"the rehearsal has no {service} client")
        return local_client(
            Path(request["registry"]), account=request["account"], region=request["region"]
        )

    # The handler asks boto3 as it does in Lambda; this process exists for this one call.
    vars(boto3)["client"] = client
    sys.path.insert(0, request["code"])
    module, _, function = request["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    answer = handler(request["event"], None)
    Path(request["answer"]).write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main()
