import json
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from mlops.container.monitoring import (
    Baseline,
    Groups,
    Limit,
    Outcome,
    Schema,
    Settings,
    Truth,
    analyse,
    observe,
    page,
    read_labels,
    report,
    to_text,
)

Line = Callable[..., bytes]


class _Text(HTMLParser):
    """Collects text, and fails on tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attributes: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _text(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    assert reader.open == []
    return " ".join(" ".join(reader.words).split())


@pytest.fixture
def stored(capture: Line) -> dict[str, Any]:
    """The report of a classifier's window, as a file would give it back."""
    schema = Schema.read(
        {
            "schema": {
                "input": [{"name": "sex", "type": "string", "allowed": ["f", "m"]}],
                "output": [{"name": "hired", "type": "boolean"}],
            }
        }
    )
    columns = {"sex": ["f", "m"] * 400, "hired": [True, False] * 400}
    baseline = Baseline.of(schema, columns)
    outcome = Outcome(problem="binary-classification", prediction="hired")
    labels = [
        json.dumps(
            {
                "groundTruthData": {"data": "1", "encoding": "CSV"},
                "eventMetadata": {"eventId": f"e{n}"},
            }
        ).encode()
        for n in range(300)
    ]
    truth = Truth(
        labels=read_labels(labels, outcome, Counter()),
        outcome=outcome,
        groups=Groups.of(schema, ["sex"]),
    )
    lines = [
        capture(
            {"sex": "<b>" if n % 9 == 0 else ("f", "m")[n % 2]}, {"hired": n % 2 == 0},
            event=f"e{n}",
        )
        for n in range(800)
    ]  # fmt: skip
    settings = Settings(
        groups=("sex",), limits=(Limit(metric="accuracy", comparison="at_least", threshold=0.9),)
    )
    result = analyse(observe(lines, baseline, truth=truth), baseline, settings, truth=truth)
    content: dict[str, Any] = json.loads(to_text(report(result, {"model": "hiring"})))
    return content


def test_the_page_tells_every_part_of_a_stored_report(stored: dict[str, Any]) -> None:
    text = _text(page(stored))

    for words in (
        "Drift: hiring alarm",
        "11.1% unseen, 0.0% in the baseline",
        "never seen: <b> (89)",
        "allowed: 89 rows (11.1%)",
        "300 of 800 answered rows are labelled (38%)",
        "at least 0.9",
        "demographic parity",
        "Inconclusive means",
    ):
        assert words in text, words


def test_what_callers_send_cannot_write_into_the_page(stored: dict[str, Any]) -> None:
    assert "<b>" not in page(stored)


def test_the_page_loads_nothing(stored: dict[str, Any]) -> None:
    html = page(stored)

    assert "http" not in html
    assert "<script" not in html


def test_a_window_without_traffic_has_a_page_too(baseline: Baseline) -> None:
    result = analyse(observe([], baseline), baseline, Settings())

    text = _text(page(json.loads(to_text(report(result, {})))))

    assert "Drift inconclusive" in text
    assert "no request" in text
