"""What a rehearsal breaks on purpose, and what must come of it.

The expected outcomes are a committed file, read before anything runs: a rehearsal that decided
afterwards what it had wanted to see would show nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError

EXPECTATIONS: Final = Path(__file__).with_name("expectations.json")
ENDINGS: Final = (
    "promoted",
    "rolled back",
    "inconclusive",
    "failed to start",
    "failed the release check",
    "invalid",
)
Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong; by default nothing does."""

    name: str
    story: str
    """What a person should know to read the report."""
    green: Settings | None = None
    """Settings of the launcher for the new fleet."""
    blue: Settings | None = None
    """Settings of the launcher for the old fleet."""
    traffic_factor: float = 1.0
    surge_factor: float = 1.0
    malformed_share: float = 0.0
    """Part of the callers' requests that no version could answer."""
    red_alarm: bool = False
    candidate_is_blue: bool = False

    @property
    def needs_callers(self) -> bool:
        """Whether it is the callers who do something; it cannot show where nobody calls."""
        return bool(self.malformed_share) or self.surge_factor > 1


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What must come of a fault, and why."""

    ending: str
    why: str
    with_backstop: str | None = None
    """Instead, where an alarm of the template watches the old fleet as well."""
    alarms: tuple[str, ...] = field(default=())
    """Parts of the names of alarms one of which must have fired; empty: any, or none."""

    def for_template(self, *, has_backstop: bool) -> str:
        """The expected ending under a template."""
        return self.with_backstop if has_backstop and self.with_backstop else self.ending


def faults(*, objective_seconds: float, seed: int) -> dict[str, Fault]:
    """Every fault by its name; delays follow the endpoint's latency objective."""
    every = (
        *_process_faults(objective_seconds=objective_seconds, seed=seed),
        *_ANSWER_FAULTS,
        *_surrounding_faults(seed=seed),
    )
    return {fault.name: fault for fault in every}


def _process_faults(*, objective_seconds: float, seed: int) -> tuple[Fault, ...]:
    """The candidate's server is slow, fails, or does not start."""
    return (
        Fault(name="none", story="The candidate is as it was registered; nothing is broken."),
        Fault(
            name="latency",
            story="Each answer of the candidate takes three times the latency objective longer.",
            green={"kind": "slow", "seconds": 3 * objective_seconds},
        ),
        Fault(
            name="5xx",
            story="One request in twenty to the candidate ends with status 500.",
            green={"kind": "errors", "share": 0.05, "seed": seed},
        ),
        Fault(
            name="cut-answers",
            story="One answer in twenty of the candidate breaks off in the middle.",
            green={"kind": "cut", "share": 0.05, "seed": seed},
        ),
        Fault(
            name="crash",
            story="The candidate's process crashes at its 40th request; so does its successor.",
            green={"kind": "crash", "request": 40},
        ),
        Fault(
            name="leak",
            story="Each request to the candidate leaks 8 MiB, until the memory limit kills it.",
            green={"kind": "leak", "mib_per_request": 8, "memory_mib": 256},
        ),
        Fault(
            name="slow-start",
            story="The candidate needs two seconds longer than usual to answer /ping.",
            green={"kind": "slow-start", "seconds": 2.0},
        ),
        Fault(
            name="ping-fails",
            story="The candidate starts and never answers /ping with 200.",
            green={"kind": "no-ping"},
        ),
    )


_ANSWER_FAULTS: Final = (
    Fault(
        name="wrong-answers-scrambled",
        story="The candidate reads each numeric feature from its neighbour's column.",
        green={"kind": "request", "how": "scrambled"},
    ),
    Fault(
        name="wrong-answers-inverted",
        story="The candidate answers little where it should say much.",
        green={"kind": "answer", "how": "inverted"},
    ),
    Fault(
        name="wrong-answers-stale-scaler",
        story="The candidate scales its numeric features as other data would need it.",
        green={"kind": "request", "how": "stale-scaler"},
    ),
    Fault(
        name="schema-change",
        story="The candidate's answer has its first field under another name.",
        green={"kind": "answer", "how": "schema"},
    ),
    Fault(
        name="wrong-answers-csv",
        story="The candidate answers the opposite to who sends CSV; JSON is fine.",
        green={"kind": "answer", "how": "csv"},
    ),
    Fault(
        name="wrong-answers-category",
        story="The candidate answers the opposite for one value of one field.",
        green={"kind": "answer", "how": "category"},
    ),
    Fault(
        name="empty-answers",
        story="The candidate answers with status 200 and nothing.",
        green={"kind": "answer", "how": "empty"},
    ),
    Fault(
        name="mistyped-answers",
        story="The candidate calls its answers web pages; what they say is right.",
        green={"kind": "answer", "how": "mistyped"},
    ),
)
"""The candidate's server is healthy and its answers are wrong."""


def _surrounding_faults(*, seed: int) -> tuple[Fault, ...]:
    """The callers, the old fleet or the deployment itself differ from the usual."""
    return (
        Fault(
            name="no-traffic",
            story="Nobody calls the endpoint during the deployment, the prober included.",
            traffic_factor=0.0,
        ),
        Fault(
            name="burst",
            story="For four minutes of the canary's bake, ten times the usual traffic arrives.",
            surge_factor=10.0,
        ),
        Fault(
            name="malformed-callers",
            story="One request of callers in ten is malformed; each version refuses it with 400.",
            malformed_share=0.1,
        ),
        Fault(
            name="refuses-requests",
            story="The candidate refuses one valid request in four with status 400.",
            green={"kind": "errors", "share": 0.25, "status": 400, "seed": seed},
        ),
        Fault(
            name="sick-blue",
            story="One request in three to the old fleet ends with status 500; the new is fine.",
            blue={"kind": "errors", "share": 0.33, "seed": seed},
        ),
        Fault(
            name="alarm-red",
            story="A rollback alarm is in ALARM when the deployment begins.",
            red_alarm=True,
        ),
        Fault(
            name="identical",
            story="The candidate is the version that runs already.",
            candidate_is_blue=True,
        ),
    )


FAULT_NAMES: Final = tuple(faults(objective_seconds=1, seed=0))


def expectations(path: Path = EXPECTATIONS) -> dict[str, Expectation]:
    """What must come of each fault.

    Raises:
        RehearsalError: the file misses a fault, or expects something that cannot happen.
    """
    content = json.loads(path.read_text("utf-8"))
    found = {
        name: Expectation(**{**entry, "alarms": tuple(entry.get("alarms", ()))})
        for name, entry in content.items()
    }
    if found.keys() != set(FAULT_NAMES):
        odd = ", ".join(sorted(found.keys() ^ set(FAULT_NAMES)))
        raise RehearsalError(f"{path.name}: does not name exactly the faults; differs in: {odd}")
    for name, expectation in found.items():
        for ending in {expectation.ending, expectation.with_backstop} - {None, *ENDINGS}:
            allowed = ", ".join(ENDINGS)
            raise RehearsalError(f"{path.name}: {name} expects {ending!r}; allowed: {allowed}")
    return found
