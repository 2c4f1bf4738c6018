"""The delivery template of as many models as synthesis lets in is one that CloudFormation takes."""

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import Platform, load_platform
from mlops_constructs.delivery.pipeline_limits import models_that_fit
from mlops_constructs.validation.limits import TEMPLATE_BYTES

ROOT = Path(__file__).resolve().parents[2]
Measure = dict[str, Callable[..., Any]]


@pytest.fixture(scope="module")
def measure() -> Measure:
    return runpy.run_path(str(ROOT / "benchmarks" / "pipeline_models.py"))


@pytest.fixture(scope="module")
def platform(root: Path) -> Platform:
    return load_platform(root)


def test_the_stand_in_stages_make_the_real_pipeline(
    measure: Measure, platform: Platform, assembly: Path, cdk_context: dict[str, Any]
) -> None:
    real = (assembly / "Delivery.template.json").read_bytes()

    stand_in = measure["template_bytes"](platform, cdk_context)

    hashes = r"[0-9a-f]{64}"
    assert re.sub(hashes, "", stand_in.decode()) == re.sub(hashes, "", real.decode())


@pytest.mark.full
def test_the_template_of_as_many_models_as_fit_is_accepted(
    measure: Measure, platform: Platform, cdk_context: dict[str, Any]
) -> None:
    most = models_that_fit(platform.stages)

    content = measure["template_bytes"](measure["with_models"](platform, most), cdk_context)

    assert len(json.loads(content)["Resources"]) <= 500
    assert len(content) <= TEMPLATE_BYTES


@pytest.mark.full
def test_one_model_more_is_refused_with_that_number(
    measure: Measure, platform: Platform, cdk_context: dict[str, Any]
) -> None:
    most = models_that_fit(platform.stages)
    more = measure["with_models"](platform, most + 1)

    with pytest.raises(Exception, match=f"{most} models fit into these stages"):
        measure["template_bytes"](more, cdk_context)


def test_the_page_says_the_number_that_synthesis_says(platform: Platform) -> None:
    page = (ROOT / "docs" / "operate" / "delivery.md").read_text()

    (said,) = re.findall(r"with these three stages (\d+) models", page)
    assert int(said) == models_that_fit(platform.stages)
