"""Starts the runner of a stage, inside the stage's account and network, and waits for it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlops.checks.clients import Clients
from mlops.checks.plan import ONLY, SUMMARY

PAUSE_SECONDS: Final = 20
LONGEST_SECONDS: Final = 8 * 3600
_PASSED: Final = "SUCCEEDED"


@dataclass(frozen=True, kw_only=True)
class Build:
    """How a run in the stage ended."""

    status: str
    """CodeBuild's word."""
    reason: str
    """The runner's own summary, else what CodeBuild says of the phase that failed."""

    @property
    def passed(self) -> bool:
        """Whether the promotion may go on."""
        return self.status == _PASSED


def run(
    clients: Callable[[], Clients],
    project: str,
    *,
    only: Sequence[str],
    say: Callable[[str], None],
) -> Build:
    """Start a build of the project and wait until it ends.

    `clients` is asked anew for each call: a wait may be longer than a role's credentials last.
    """
    started = clients()("codebuild").start_build(projectName=project, **_overrides(only))["build"]
    say(f"started {started['id']}")
    return _ended(clients, started["id"], say)


def _overrides(only: Sequence[str]) -> dict[str, Any]:
    """None unless they are asked for: who may only start the runner may change nothing of it."""
    if not only:
        return {}
    chosen = {"name": ONLY, "value": " ".join(f"--only {check}" for check in only)}
    return {"environmentVariablesOverride": [chosen]}


def _ended(clients: Callable[[], Clients], id_: str, say: Callable[[str], None]) -> Build:
    began, link = time.monotonic(), None
    while time.monotonic() - began < LONGEST_SECONDS:
        (build,) = clients()("codebuild").batch_get_builds(ids=[id_])["builds"]
        if link is None and build.get("logs", {}).get("deepLink"):
            link = build["logs"]["deepLink"]
            say(f"log: {link}")
        if build["buildComplete"]:
            return Build(status=build["buildStatus"], reason=_reason(build))
        time.sleep(PAUSE_SECONDS)
    return Build(status="UNFINISHED", reason=f"not done after {LONGEST_SECONDS / 3600:g} hours")


def _reason(build: dict[str, Any]) -> str:
    exported = {one["name"]: one["value"] for one in build.get("exportedEnvironmentVariables", [])}
    if exported.get(SUMMARY):
        return str(exported[SUMMARY])
    contexts = [
        f"{phase['phaseType']}: {context['message']}"
        for phase in build.get("phases", [])
        if phase.get("phaseStatus") not in (None, _PASSED)
        for context in phase.get("contexts", [])
        if context.get("message")
    ]
    return "; ".join(contexts) or "its log says why"
