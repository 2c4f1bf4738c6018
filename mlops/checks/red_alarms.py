"""Whether what runs in a stage is being condemned by its own rollback alarms right now."""

from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Move
from mlops.checks.live import Live
from mlops.checks.result import Finding, failed, passed


def quiet(candidate: Candidate, clients: Clients, live: Live | None, move: Move) -> Finding:
    """No rollback alarm of the running release is red; the way back is open all the same.

    Alarms of a release that was already rolled back say nothing about the one that runs.
    """
    if live is None:
        return passed("nothing is deployed here yet")
    red = [name for name in _red(clients, candidate.alarms) if _is_of(live, name)]
    if not red:
        return passed("no rollback alarm of the running release is red")
    told = f"red: {', '.join(red)}"
    if move is Move.BACK:
        return passed(f"{told}; version {candidate.version} replaces what they watch")
    return failed(f"{told}; remedy: see docs/runbooks/check-failed.md, or roll back first")


def _red(clients: Clients, prefix: str) -> list[str]:
    pages = (
        clients("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=prefix, StateValue="ALARM", AlarmTypes=["MetricAlarm"])
    )
    return sorted(alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"])


def _is_of(live: Live, alarm: str) -> bool:
    return live.release is None or alarm.endswith(f"-{live.release}")
