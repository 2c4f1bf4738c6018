import re
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Mlops = Callable[..., Result]


def test_the_image_is_named_by_what_it_is_built_from(mlops: Mlops, repository: Path) -> None:
    before = mlops("pipeline", "image", "bike-demand").output.strip()
    lock = repository / "model_code/bike_demand/requirements.lock"
    lock.write_text(lock.read_text() + "# rebuilt\n")

    after = mlops("pipeline", "image", "bike-demand").output.strip()

    assert before.startswith("111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/bike-demand:")
    assert before != after


def test_the_base_image_is_what_the_configuration_names(mlops: Mlops, repository: Path) -> None:
    stages = repository / "config/stages.yaml"
    text = stages.read_text()
    named = re.search(r"base: (\S+)", text)
    assert named is not None
    assert mlops("pipeline", "base-image").output == f"{named[1]}\n"
    before = mlops("pipeline", "image", "bike-demand").output

    stages.write_text(text.replace(named[0], "base: null").replace("revision: 1", "revision: 2"))

    assert mlops("pipeline", "base-image").output == ""
    assert mlops("pipeline", "image", "bike-demand").output != before


def test_the_committed_definition_has_no_findings(mlops: Mlops) -> None:
    result = mlops("pipeline", "check", "bike-demand")

    assert result.exit_code == 0, result.output
    assert "no findings" in result.output


def test_a_misspelt_reference_is_found(mlops: Mlops, repository: Path) -> None:
    compiled = repository / "model_code/bike_demand/pipeline.json"
    compiled.write_text(compiled.read_text().replace('"Parameters.KmsKeyId"', '"Parameters.Kms"'))

    result = mlops("pipeline", "check", "bike-demand")

    assert result.exit_code == 1
    assert "Kms" in result.output
