"""What is tried again is what SageMaker Pipelines knows, for as long as it allows."""

from mlops.pipeline.contract_check import JOB_EXCEPTIONS, STEP_EXCEPTIONS
from mlops.pipeline.retry_policy import retry_policy


def test_each_try_waits_longer_and_the_kinds_are_those_that_were_named() -> None:
    kinds = (*STEP_EXCEPTIONS, *JOB_EXCEPTIONS)
    policy = retry_policy(10, *kinds)

    assert policy["ExceptionType"] == list(kinds)
    assert (policy["IntervalSeconds"], policy["MaxAttempts"]) == (10, 5)
    assert policy["BackoffRate"] > 1
