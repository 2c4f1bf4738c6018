import pytest

from mlops.contract.instance_types import (
    Purpose,
    instance_type_problem,
    instance_types,
    similar_instance_types,
    virtual_cpus,
)


@pytest.mark.parametrize("purpose", ["processing", "training", "hosting"])
def test_every_listed_type_is_taken(purpose: Purpose) -> None:
    assert instance_types(purpose) == sorted(instance_types(purpose))
    assert all(instance_type_problem(name, purpose) is None for name in instance_types(purpose))


def test_a_family_is_judged_by_its_purpose() -> None:
    assert instance_type_problem("ml.inf2.xlarge", "hosting") is None
    assert "no instance type family inf2" in str(
        instance_type_problem("ml.inf2.xlarge", "training")
    )


def test_types_of_the_family_come_first_and_general_ones_otherwise() -> None:
    assert all(n.startswith("ml.m5.") for n in similar_instance_types("ml.m5.tiny", "training"))
    assert "ml.c5.xlarge" in similar_instance_types("ml.m99.tiny", "training")
    assert "ml.c5.xlarge" in similar_instance_types("nonsense", "training")


@pytest.mark.parametrize(
    ("instance_type", "cores"),
    [("ml.m5.large", 2), ("ml.t2.medium", 2), ("ml.m5.xlarge", 4), ("ml.c6i.12xlarge", 48)],
)
def test_processor_time_is_measured_in_cores(instance_type: str, cores: int) -> None:
    assert virtual_cpus(instance_type) == cores
