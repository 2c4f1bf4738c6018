"""When a step of a pipeline is tried again, as a definition says it."""

from typing import Any


def retry_policy(seconds: int, *kinds: str) -> dict[str, Any]:
    """Five more tries after these kinds of failure, each after twice the time of the one before.

    Kinds and keys: SageMaker Developer Guide, "Retry Policy for Pipeline Steps".
    """
    return {
        "ExceptionType": list(kinds),
        "IntervalSeconds": seconds,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
    }
