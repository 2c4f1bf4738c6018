"""A batch that nothing starts is a mistake; everything else has a default."""

import pytest
from pydantic import ValidationError

from mlops.contract.batch_spec import BatchSpec


def test_a_clock_or_an_upload_is_enough() -> None:
    by_clock = BatchSpec(schedule="rate(1 day)")
    by_upload = BatchSpec(on_new_input=True)

    assert (by_clock.on_new_input, by_upload.schedule) == (False, None)


def test_a_batch_that_nothing_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing would ever start it"):
        BatchSpec(instance_type="ml.m5.large")


@pytest.mark.parametrize("instance_type", ["ml.m5.gigantic", "ml.t3.medium"])
def test_a_machine_that_batch_transform_does_not_have_is_refused(instance_type: str) -> None:
    with pytest.raises(ValidationError, match="for transform"):
        BatchSpec(on_new_input=True, instance_type=instance_type)
