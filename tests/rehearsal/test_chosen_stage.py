from pathlib import Path

import pytest

from mlops.contract import Platform
from mlops.contract.document import read_document
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.stage_spec import StagesFile, StagesSpec
from mlops.rehearsal.chosen_stage import chosen_stage, unserved_remedy
from mlops.rehearsal.errors import RehearsalError

SAMPLE = Path(__file__).resolve().parents[1] / "sample"
MODEL = "bike-demand"
STAGES = ("dev", "staging", "prod")


def platform(*pinning: str) -> Platform:
    releases = ReleasesSpec(releases={MODEL: dict.fromkeys(pinning, 1), "other": {"prod": 1}})
    given = read_document(SAMPLE / "config" / "stages.yaml", root=SAMPLE)
    stages = StagesSpec.of(StagesFile.model_validate(given.data))
    return Platform(root=SAMPLE, models=(), model_names=(), stages=stages, releases=releases)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_last_stage_that_pins_the_model_is_rehearsed(count: int) -> None:
    chosen = chosen_stage(platform(*STAGES[:count]), MODEL, None)

    assert chosen.name == STAGES[count - 1]


def test_a_model_that_no_stage_pins_is_rehearsed_in_the_last() -> None:
    assert chosen_stage(platform(), MODEL, None).name == "prod"


def test_a_named_stage_is_taken_at_its_word() -> None:
    assert chosen_stage(platform("dev"), MODEL, "prod").name == "prod"
    with pytest.raises(RehearsalError, match="--stage moon: there is no such stage; allowed: dev"):
        chosen_stage(platform("dev"), MODEL, "moon")


def test_a_stage_that_serves_nothing_points_to_one_that_does() -> None:
    found = platform("dev", "staging")
    prod = chosen_stage(found, MODEL, "prod")

    assert "--stage staging" in unserved_remedy(found, MODEL, prod)
    assert "mlops release pin bike-demand prod <version>" in unserved_remedy(found, MODEL, prod)
    assert "--stage" not in unserved_remedy(platform(), MODEL, prod)
