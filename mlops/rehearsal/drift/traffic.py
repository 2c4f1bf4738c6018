"""A version answers a period over HTTP, as its endpoint did; what was said is kept."""

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.contract import ModelSpec
from mlops.registry import recorded_archive
from mlops.rehearsal.drift.captures import Exchange
from mlops.rehearsal.drift.periods import Case
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import ServingCheck
from mlops.rehearsal.local_aws.storage import LocalS3

JSON: Final = "application/json"
_OK: Final = 200
_IDS: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What serves versions here."""

    spec: ModelSpec
    python: Path
    storage: LocalS3
    processes: Processes
    folder: Path

    def answers(self, package: Mapping[str, Any], cases: Sequence[Case]) -> list[Exchange]:
        """A registered version's answers, each to a request of its own.

        Raises:
            RehearsalError: it cannot be served, or refuses a request.
        """
        served = ServingCheck(
            folder=self.folder, python=self.python, storage=self.storage,
            processes=self.processes, content=recorded_archive(package),
        )  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        archive_uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        with served.served(archive_uri) as server:
            return [self._exchange(server, case, number) for number, case in enumerate(cases)]

    def error(self, exchanges: Sequence[Exchange]) -> float:
        """How far the answers are off: RMSE of a regression, share of errors of a classification.

        In the target's unit, or from 0 to 1.
        """
        pairs = [(self._predicted(one), one.truth) for one in exchanges]
        known = [(said, truth) for said, truth in pairs if truth is not None]
        if self.spec.problem.type == "regression":
            return math.sqrt(sum(float(s - t) ** 2 for s, t in known) / len(known))
        return sum(bool(s != t) for s, t in known) / len(known)

    def _exchange(self, server: Any, case: Case, number: int) -> Exchange:
        body = json.dumps(case.request)
        reply = server.ask(body, JSON)
        if reply.status != _OK:
            told = f"HTTP {reply.status}: {reply.text:.200}"
            raise RehearsalError(f"{case.at:%Y-%m-%d}: {body:.200}: {told}")
        return Exchange(
            id=str(uuid.uuid5(_IDS, f"{case.at.isoformat()} {number}")),
            at=case.at,
            request=body,
            answer=reply.text,
            truth=case.truth,
        )

    def _predicted(self, exchange: Exchange) -> Any:
        labels = self.spec.monitoring.labels
        field = labels.prediction if labels else self.spec.schema_.output[0].name
        return json.loads(exchange.answer)[field]
