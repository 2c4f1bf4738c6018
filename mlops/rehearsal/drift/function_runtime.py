"""Runs in a process of its own: calls a deployed handler in a stage whose time is a replay's."""

import datetime as dt
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3

from mlops.rehearsal.drift.services import read_services
from mlops.rehearsal.local_aws.lambda_runtime import loaded


def main() -> None:
    """Read the request that the rehearsal wrote, call the handler, write its answer."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    services = read_services(Path(request["services"]))
    # The handler asks boto3 as it does in Lambda; this process exists for one call.
    vars(boto3)["client"] = services.client
    module, handler = loaded(request)
    _set_clock(module, services.state["now"])
    answer = handler(request["event"], None)
    services.write(Path(request["services"]))
    Path(request["answer"]).write_text(json.dumps(answer), "utf-8")


def _set_clock(module: ModuleType, now: float) -> None:
    """The handler's own name `datetime` shows the replay's time; everybody else's is the true one.

    Requests are signed with the true time, for botocore has a name of its own.
    """

    class Replayed(dt.datetime):
        """The time of the replay."""

        @classmethod
        def now(cls, tz: Any = None) -> "Replayed":
            return cls.fromtimestamp(now, tz)

    if "datetime" in vars(module):
        vars(module)["datetime"] = Replayed


if __name__ == "__main__":
    main()
