"""What people are notified about a deployment that did not succeed, in plain words."""

from typing import Final

from mlops.rollout.attribution import Cause
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.verdict import Outcome

_LONGEST_SUBJECT: Final = 100
"""SNS refuses a longer one, and anything but ASCII in it."""
_ROLLED_BACK: Final = "docs/runbooks/canary-rolled-back.md"
_INCONCLUSIVE: Final = "docs/runbooks/release-inconclusive.md"


def subject(record: ReleaseRecord) -> str:
    """One line for a crowded inbox."""
    line = f"{record.stage}: {record.model} version {record.version} is {record.outcome}"
    return line.encode("ascii", "replace").decode()[:_LONGEST_SUBJECT]


def message(record: ReleaseRecord) -> str:
    """What happened, why, what follows by itself and what does not."""
    reasons = "\n".join(f"- {reason}" for reason in record.reasons)
    return (
        f"The deployment of version {record.version} of {record.model} in {record.stage} is "
        f"{record.outcome}. {_serving(record)}\n\n"
        f"Cause: {record.cause}\n{reasons}\n\n"
        f"{_follows(record)}\n\n"
        f"Endpoint {record.endpoint}, deployment {record.deployment}, release {record.release}.\n"
        f"Runbook: {_runbook(record)}\n"
    )


def _serving(record: ReleaseRecord) -> str:
    if record.live_version is None:
        return "The version in service is unknown."
    return f"Version {record.live_version} serves now."


def _follows(record: ReleaseRecord) -> str:
    if record.blames_the_model:
        return (
            "By itself: where this stage's pins follow approvals, the release automation moves its "
            "pin back, and holds the version here and in every stage after this one. Elsewhere, "
            f"run `mlops release rollback {record.model} {record.stage}`. Then decide about the "
            "version: reject it, or approve it again if it was not at fault."
        )
    if record.cause == str(Cause.INFRASTRUCTURE):
        return (
            "The version is not rejected: it was not at fault. Remove the cause and deploy the "
            "same commit again."
        )
    return (
        "The version is not rejected, because the evidence does not suffice. Somebody has to look, "
        "and to deploy again or go back."
    )


def _runbook(record: ReleaseRecord) -> str:
    return _ROLLED_BACK if record.outcome == str(Outcome.UNHEALTHY) else _INCONCLUSIVE
