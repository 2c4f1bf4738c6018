"""A rehearsed canary on the panels of CloudWatch's dashboard."""

import re
from typing import Any

from mlops.rehearsal.canary.dashboard import dashboard


def test_callers_and_releases_are_drawn_from_a_real_rehearsal(site: Any) -> None:
    rehearsal = site.rehearse(fault="none")

    page = (rehearsal.report / "dashboard.html").read_text()

    drawn = re.findall(r"<figcaption>([^(]*) \(", page)
    assert drawn == [
        "Requests per minute",
        "Share of requests that fail",
        "Model latency",
        "Overhead latency",
        "Requests per minute by release",
        "Share of 5xx by release",
        "Model latency p99 by release",
        "Share of wrong answers to probes, by version",
    ]
    assert "green: version" in page
    assert "<li>Instances: Instances, CPU, all cores" in page.partition("Not measured in")[2]
    assert page == dashboard(rehearsal)
