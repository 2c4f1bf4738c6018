from typing import Any

import pytest

from mlops.rehearsal.delivery.patterns import matches
from mlops.rehearsal.errors import RehearsalError

EVENT = {
    "source": "aws.sagemaker",
    "account": "222222222222",
    "resources": ["arn:one", "arn:two"],
    "detail": {"group": "mlops-bike", "status": "Approved", "count": 3},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"source": ["aws.s3", "aws.sagemaker"]},
        {"resources": ["arn:two"]},
        {"detail": {"count": [3]}},
        {"detail": {"group": [{"prefix": "mlops-"}]}},
        {"detail": {"group": [{"suffix": "-bike"}]}},
        {"detail": {"status": [{"equals-ignore-case": "APPROVED"}]}},
        {"detail": {"status": [{"anything-but": "Rejected"}]}},
        {"detail": {"status": [{"anything-but": ["Rejected", "Pending"]}]}},
        {"detail": {"status": [{"exists": True}], "reason": [{"exists": False}]}},
        {"$or": [{"source": ["aws.s3"]}, {"account": ["222222222222"]}]},
    ],
    ids=str,
)
def test_a_pattern_takes_an_event_that_has_one_of_its_values_in_every_key(
    pattern: dict[str, Any],
) -> None:
    assert matches(pattern, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3"]},
        {"detail": {"count": ["3"]}},
        {"detail": {"group": [{"prefix": "acme-"}]}},
        {"detail": {"group": ["mlops-bike"], "missing": ["x"]}},
        {"detail": {"status": [{"anything-but": ["Approved"]}]}},
        {"detail": {"missing": [{"anything-but": ["Approved"]}]}},
        {"detail": {"missing": [{"exists": True}]}},
        {"source": {"deeper": ["x"]}},
        {"$or": [{"source": ["aws.s3"]}, {"account": ["111111111111"]}]},
    ],
    ids=str,
)
def test_any_key_without_one_of_its_values_keeps_an_event_out(pattern: dict[str, Any]) -> None:
    assert not matches(pattern, EVENT)


def test_an_operator_that_is_not_rehearsed_is_never_guessed() -> None:
    with pytest.raises(RehearsalError, match="'numeric' is not rehearsed; allowed: exists"):
        matches({"detail": {"count": [{"numeric": [">", 2]}]}}, EVENT)
