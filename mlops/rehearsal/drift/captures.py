"""Files as SageMaker and applications write them: captured requests, and what really happened.

Data capture: SageMaker Developer Guide, "Data capture"; one JSON line per request, files by hour.
Ground truth: "Ingest Ground Truth labels and merge them with predictions".
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.rehearsal.local_aws.storage import LocalS3


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request with its answer."""

    id: str
    at: datetime
    request: str
    answer: str
    truth: Any


def capture_line(exchange: Exchange) -> str:
    """A captured request."""
    return json.dumps(
        {
            "captureData": {
                "endpointInput": _side("INPUT", exchange.request),
                "endpointOutput": _side("OUTPUT", exchange.answer),
            },
            "eventMetadata": {
                "eventId": exchange.id,
                "inferenceTime": f"{exchange.at:%Y-%m-%dT%H:%M:%SZ}",
            },
            "eventVersion": "0",
        }
    )


def truth_line(exchange: Exchange) -> str:
    """A label, as an application writes it."""
    label = exchange.truth
    text = str(label).lower() if isinstance(label, bool) else str(label)
    return json.dumps(
        {
            "groundTruthData": {"data": text, "encoding": "CSV"},
            "eventMetadata": {"eventId": exchange.id},
            "eventVersion": "0",
        }
    )


def write_captures(
    storage: LocalS3, home: str, lines: Iterable[tuple[datetime, str]], *, name: str
) -> None:
    """One file for each hour in which there was a request."""
    by_hour: dict[str, list[str]] = {}
    for at, line in lines:
        by_hour.setdefault(f"{at:%Y/%m/%d/%H}", []).append(line)
    for hour, found in by_hour.items():
        _write(storage, f"{home}/{hour}/{name}.jsonl", found)


def write_truth(storage: LocalS3, home: str, exchanges: Sequence[Exchange], *, name: str) -> None:
    """One file for each day, beside the captures of that day."""
    by_day: dict[str, list[str]] = {}
    for exchange in exchanges:
        by_day.setdefault(f"{exchange.at:%Y/%m/%d}", []).append(truth_line(exchange))
    for day, found in by_day.items():
        _write(storage, f"{home}/{day}/{name}.jsonl", found)


def _side(mode: str, data: str) -> dict[str, str]:
    return {
        "observedContentType": "application/json", "mode": mode, "data": data, "encoding": "JSON",
    }  # fmt: skip


def _write(storage: LocalS3, uri: str, lines: Sequence[str]) -> None:
    path = storage.path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
