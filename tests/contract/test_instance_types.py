import pytest

from mlops.contract.instance_types import (
    FEATURES,
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


# Written down a second time, from the service's pages of instance families: what each is made of.
X86 = {
    "c4", "c5", "c5d", "c5n", "c6i", "c6in", "c7i", "c7i-flex", "c8i", "m4", "m5", "m5d", "m6i",
    "m7i", "m8i", "r5", "r5d", "r6i", "r7i", "r8i",
}  # fmt: skip
ARM64 = {
    "c6g", "c6gd", "c6gn", "c7g", "c8g", "m6g", "m6gd", "m8g", "r6g", "r6gd", "r7gd", "r8g",
    "p6e-gb200",
}  # fmt: skip
GPU = {
    "g4dn", "g5", "g6", "g6e", "g7", "g7e", "p2", "p3", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en",
    "p6-b200", "p6-b300", "p6e-gb200",
}  # fmt: skip
OTHER_ACCELERATORS = {"inf1", "inf2", "trn1", "trn1n", "trn2", "dl1"}
BURSTABLE = {"t2", "t3"}


@pytest.mark.parametrize("family", sorted(X86 | ARM64 | GPU | OTHER_ACCELERATORS | BURSTABLE))
def test_a_family_is_known_by_what_it_is_made_of(family: str) -> None:
    found = {name for name, one in FEATURES.items() if one.belongs_to(f"ml.{family}.xlarge")}

    expected = {
        "arm64": family in ARM64,
        "accelerator": family in GPU | OTHER_ACCELERATORS,
        "burstable": family in BURSTABLE,
    }
    assert found == {name for name, belongs in expected.items() if belongs}
