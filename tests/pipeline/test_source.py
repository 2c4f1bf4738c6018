"""What synthesis gets of a model's folder."""

from dataclasses import replace

import pytest

from mlops.contract import ContractError, Platform, load_config
from mlops.pipeline import load_source
from mlops.pipeline.compiled import compiled_path, rendered
from mlops.pipeline.graph import JOBS

PARAMETERS = [
    *("DataVersion", "TrainingEnd"),
    *(f"{job}InstanceType" for job in JOBS),
    *("MaxDepth", "Rate", "Loss", "Commit"),
]
DEFINITION = {"Parameters": [{"Name": name, "Type": "String"} for name in PARAMETERS], "Steps": []}


@pytest.fixture
def platform(checkout, repository) -> Platform:
    """The repository's configuration over the checkout's folder."""
    return replace(load_config(repository), root=checkout)


def test_a_source_carries_the_defaults_that_the_contract_decides(
    checkout, platform, spec, tmp_path
):
    compiled_path(checkout, spec).write_text(rendered(checkout, spec, DEFINITION))

    source = load_source(platform, spec, tmp_path / "build")

    defaults = {p["Name"]: p.get("DefaultValue") for p in source.definition["Parameters"]}
    assert defaults["DataVersion"] == "a" * 64
    assert defaults["TrainingEnd"] == "none"
    assert defaults["TrainInstanceType"] == "ml.m5.large"
    assert defaults["MaxDepth"] == 3
    assert defaults["Commit"] is None
    assert source.code_archive.is_file()
    assert source.code_archive.name.startswith(f"cab-fares-{source.source_hash[:16]}")
    assert len(source.image_tag) == 16


def test_a_model_that_was_never_compiled_has_no_source(platform, spec, tmp_path):
    with pytest.raises(ContractError, match="mlops pipeline compile cab-fares"):
        load_source(platform, spec, tmp_path / "build")
